"""The other side of a channel: an Evolution API server that keeps what it is told to send."""

import asyncio
import json
import secrets
import time
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Provider:
    """Answers as Evolution 2.3.7 does: a message at once, a presence when it ends. Each message must be awaited by
    somebody: any other one is `unexpected`, a lost reply's opposite."""

    loop: asyncio.AbstractEventLoop
    waiting: dict[str, asyncio.Future[float]] = field(default_factory=dict)
    sent: Counter[str] = field(default_factory=Counter)
    unexpected: list[str] = field(default_factory=list)
    port: int = 0
    wires: set["Wire"] = field(default_factory=set)

    async def listen(self) -> None:
        self.server = await self.loop.create_server(lambda: Wire(self), "127.0.0.1", 0, backlog=1024)
        self.port = self.server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        self.server.close()
        for wire in list(self.wires):
            wire.transport.abort()
        await asyncio.sleep(0.01)  # the loop takes a round to close them

    def expect(self, phone: str) -> asyncio.Future[float]:
        """When the next message to this phone arrives: a moment of `perf_counter`."""
        self.waiting[phone] = self.loop.create_future()
        return self.waiting[phone]

    def take_message(self, number: str) -> bytes:
        phone = number.partition("@")[0].lstrip("+")
        self.sent[phone] += 1
        awaited = self.waiting.pop(phone, None)
        if awaited is None or awaited.done():
            self.unexpected.append(phone)
        else:
            awaited.set_result(time.perf_counter())
        key = {"remoteJid": f"{phone}@s.whatsapp.net", "fromMe": True, "id": "3EB0" + secrets.token_hex(9).upper()}
        return json.dumps({"key": key, "status": "PENDING", "messageType": "conversation"}).encode()


class Wire(asyncio.Protocol):
    """One connection of a client."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.received = b""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.provider.wires.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self.provider.wires.discard(self)

    def data_received(self, data: bytes) -> None:
        self.received += data
        while True:
            head, found, rest = self.received.partition(b"\r\n\r\n")
            _, _, length = head.lower().partition(b"content-length:")
            size = int(length.split(b"\r\n")[0]) if length else 0
            if not found or len(rest) < size:
                return
            self.received = rest[size:]
            self.answer(head.split(b" ", 2)[1], rest[:size])

    def answer(self, path: bytes, body: bytes) -> None:
        if path.startswith(b"/message/sendText"):
            self.write(201, self.provider.take_message(json.loads(body)["number"]))
        elif path.startswith(b"/chat/sendPresence"):
            presence = json.loads(body)
            self.provider.loop.call_later(presence["delay"] / 1000, self.write, 201, b'{"presence":"composing"}')
        elif path.startswith(b"/chat/markMessageAsRead"):
            self.write(201, b'{"message":"Read messages","read":"success"}')
        elif path.startswith(b"/instance/connectionState"):
            self.write(200, b'{"instance":{"instanceName":"bench","state":"open"}}')
        else:
            self.write(404, b'{"status":404,"error":"Not Found"}')

    def write(self, status: int, body: bytes) -> None:
        head = f"HTTP/1.1 {status} OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        if not self.transport.is_closing():
            self.transport.write(head.encode() + body)
