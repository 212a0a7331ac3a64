"""The other sides, which are never killed: the providers of all three kinds and the model. They answer badly as often
as they are told to, and keep what reached them."""

import asyncio
import json
import random
import re
import time
from dataclasses import dataclass, field
from typing import Any

from .history import History, Request, Thought

TEXT = re.compile(r"^(r\d+) (\d)/(\d) ")
LINE = re.compile(r"^c(\d+) m(\d+)")
HANG_SECONDS = 10.0
MOST_FAULTS = 2
GONE = (ConnectionError, asyncio.IncompleteReadError)


@dataclass(frozen=True)
class Temper:
    """How often the other sides misbehave, and how long they take (seconds, from and to)."""

    error: float = 0.03
    limited: float = 0.02
    lost: float = 0.03
    hang: float = 0.01
    model_error: float = 0.05
    model_hang: float = 0.02
    send_seconds: tuple[float, float] = (0.005, 0.06)
    think_seconds: tuple[float, float] = (0.05, 0.6)


CALM = Temper(0, 0, 0, 0, 0, 0)


@dataclass
class Outside:
    """Providers and model on a port each. `arrived` is who got which message: provider's ids by client id."""

    history: History
    temper: Temper
    dice: random.Random
    ports: dict[str, int] = field(default_factory=dict)
    servers: list[asyncio.Server] = field(default_factory=list)
    arrived: dict[str, str] = field(default_factory=dict)
    replies: int = 0

    async def listen(self) -> None:
        for name, answer in (("provider", self.provide), ("model", self.think)):

            async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Any = answer) -> None:
                try:
                    await answer(reader, writer)
                except GONE:
                    writer.transport.abort()  # whoever asked was killed
                finally:
                    writer.close()

            server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1024)
            self.servers.append(server)
            self.ports[name] = server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        for server in self.servers:
            server.close()

    async def provide(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path, start, body = await read_request(reader)
        if path == "/find":
            await write_answer(writer, 200, {"id": self.arrived.get(body["client_id"], "")})
            return
        request = self.note_request(body, start)
        request.fault = self.draw_fault(request.client_id)
        if request.fault in ("", "lost", "hang"):
            request.accepted = self.accept(request)
        await asyncio.sleep(self.dice.uniform(*self.temper.send_seconds))
        await self.answer_send(writer, request)
        request.end = time.time()

    def note_request(self, body: dict[str, str], start: float) -> Request:
        found = TEXT.match(body["text"])
        request = Request(int(body["to"][1:]), body["kind"], body["client_id"], start, body["text"])
        if found:
            request.reply, request.part, request.parts = found[1], int(found[2]), int(found[3])
        self.history.requests.append(request)
        return request

    def draw_fault(self, client_id: str) -> str:
        """A message is failed twice at most: after more, its next try would come after the end of the run."""
        drawn = self.dice.random()
        if sum(bool(each.fault) and each.client_id == client_id for each in self.history.requests) >= MOST_FAULTS:
            return ""
        for name in ("error", "limited", "lost", "hang", "hang untaken"):
            share = getattr(self.temper, name.split()[0]) / (2 if "hang" in name else 1)
            if drawn < share:
                return name
            drawn -= share
        return ""

    def accept(self, request: Request) -> bool:
        """Take a message; an idempotent provider takes each client id once."""
        if request.kind == "idempotent" and request.client_id in self.arrived:
            return False
        self.arrived.setdefault(request.client_id, f"p{len(self.arrived)}-{request.client_id[-12:]}")
        return True

    async def answer_send(self, writer: asyncio.StreamWriter, request: Request) -> None:
        match request.fault:
            case "error":
                await write_answer(writer, 500, {})
            case "limited":
                await write_answer(writer, 429, {"retry_after": 0.5})
            case "":
                await write_answer(writer, 200, {"id": self.arrived[request.client_id]})
            case "lost":
                writer.transport.abort()
            case _:
                await asyncio.sleep(HANG_SECONDS)
                writer.transport.abort()

    async def think(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, start, body = await read_request(reader)
        asked = [found for line in body["lines"] if (found := LINE.match(line))]
        chat = int(asked[-1][1]) if asked else -1
        thought = Thought(chat, [int(found[2]) for found in asked], start)
        self.history.thoughts.append(thought)
        drawn = self.dice.random()
        hangs = drawn < self.temper.model_hang
        seconds = HANG_SECONDS if hangs else self.dice.uniform(*self.temper.think_seconds)
        try:
            async with asyncio.timeout(seconds):
                await reader.read()  # ends early when the asker goes away
            thought.outcome = "gone"
        except TimeoutError:
            if hangs:
                thought.outcome = "hang"
            else:
                await self.answer_thought(writer, thought, drawn - self.temper.model_hang < self.temper.model_error)
        thought.end = time.time()

    async def answer_thought(self, writer: asyncio.StreamWriter, thought: Thought, fails: bool) -> None:
        thought.outcome = "error" if fails else "answered"
        if fails:
            await write_answer(writer, 500, {})
            return
        self.replies += 1
        thought.reply = f"r{self.replies}"
        await write_answer(writer, 200, {"text": reply_text(thought.reply, self.dice.choice((1, 1, 2, 3)))})


def reply_text(reply: str, parts: int) -> str:
    """A text that is cut into so many parts."""
    return " ".join(f"{reply} {part}/{parts} {'tudo certo por aqui ' * 3}ok." for part in range(1, parts + 1))


async def read_request(reader: asyncio.StreamReader) -> tuple[str, float, dict[str, Any]]:
    """Path, when it began to arrive, JSON."""
    first = await reader.readuntil(b"\r\n")
    start = time.time()
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
    return first.split(b" ")[1].decode(), start, json.loads(await reader.readexactly(length))


async def write_answer(writer: asyncio.StreamWriter, status: int, body: dict[str, Any]) -> None:
    text = json.dumps(body).encode()
    writer.write(b"HTTP/1.1 %d OK\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % (status, len(text)) + text)
    await writer.drain()
