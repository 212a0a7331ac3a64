"""A small TCP proxy that stands between the product and everything it talks to, and cuts the wires when told.

`python -m benchmarks.chaos.proxy name=port:target …` runs some in one process (a target is a port of loopback or the
path of a socket) and obeys lines on its standard input: `reset name`, `hole name seconds`."""

import asyncio
import socket
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field

PIECE = 65536
NO_LINGER = struct.pack("ii", 1, 0)


def cut(writer: asyncio.StreamWriter) -> None:
    """End a connection with a reset, as a machine does that lost its memory of it."""
    raw = writer.get_extra_info("socket")
    if raw is not None and raw.family == socket.AF_INET and not writer.transport.is_closing():
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
    writer.transport.abort()


@dataclass
class Proxy:
    """Passes bytes on. Each side's writer is kept while its connection lives."""

    target: str
    wires: set[asyncio.StreamWriter] = field(default_factory=set)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    server: asyncio.Server | None = None

    async def listen(self, port: int = 0) -> int:
        """Begin; the port it listens on."""
        self.open.set()
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", port, backlog=1024)
        return int(self.server.sockets[0].getsockname()[1])

    async def reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self.target.isdecimal():
            return await asyncio.open_connection("127.0.0.1", int(self.target))
        return await asyncio.open_unix_connection(self.target)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.wires.add(writer)
        try:
            there, onward = await self.reach()
        except OSError:
            cut(writer)  # nobody is there
            self.wires.discard(writer)
            return
        self.wires.add(onward)
        await asyncio.gather(self.carry(reader, onward), self.carry(there, writer))

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One direction, until its source ends or the wire breaks; then the other end is closed too."""
        try:
            while piece := await reader.read(PIECE):
                await self.open.wait()
                writer.write(piece)
                await writer.drain()
        except OSError:
            cut(writer)
        finally:
            self.wires.discard(writer)
            writer.close()

    def reset(self) -> int:
        """Cut every wire at once; how many."""
        wires = list(self.wires)
        for wire in wires:
            cut(wire)
        return len(wires)

    def hole(self, seconds: float) -> None:
        """Swallow everything for so long, without a word to either side; then it arrives."""
        self.open.clear()
        asyncio.get_running_loop().call_later(seconds, self.open.set)

    async def close(self) -> None:
        if self.server is not None:
            self.server.close()
        self.reset()
        await asyncio.sleep(0.01)  # the loop takes a round to close them


async def obey(proxies: dict[str, Proxy]) -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := (await reader.readline()).decode().split():
        if line[0] == "reset":
            proxies[line[1]].reset()
        else:
            proxies[line[1]].hole(float(line[2]))


async def main(wanted: Iterable[str]) -> None:
    proxies: dict[str, Proxy] = {}
    for each in wanted:
        name, _, places = each.partition("=")
        port, _, target = places.partition(":")
        proxies[name] = Proxy(target)
        await proxies[name].listen(int(port))
    print("ready", flush=True)
    await obey(proxies)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
