"""Customers who chat: each writes through the webhook, waits for the answer at the provider, and writes again."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from .figures import BenchError, check, percentile
from .payload import message_body, new_prefix, phone_of, webhook_request
from .provider import Provider

CONNECTIONS = 64
REPLY_SECONDS = 90.0
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
QUESTION = "Oi! Vocês ainda têm o tênis azul no tamanho 40? Chega até sexta?"


@dataclass(frozen=True)
class Door:
    """Where a channel's webhooks go, and what its model's thinking takes in seconds."""

    port: int
    path: str
    token: str
    latency: float


@dataclass
class Crowded:
    """What a crowd saw. `added` are seconds from a webhook's sending to its reply's arrival, less the model's; `rate`
    counts the replies of the time in which all chats were at it."""

    asked: int = 0
    prefix: str = ""
    added: list[float] = field(default_factory=list)
    arrived: list[float] = field(default_factory=list)
    begin: float = 0.0
    end: float = 0.0

    @property
    def rate(self) -> float:
        return sum(self.begin <= at < self.end for at in self.arrived) / (self.end - self.begin)

    def added_ms(self, share: float = 0.5) -> float:
        return 1000 * percentile(self.added, share)


class Poster:
    """Delivers webhooks to a door on connections that stay open."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.idle: asyncio.Queue[Connection] = asyncio.Queue()

    async def post(self, body: bytes) -> None:
        """Deliver a webhook, on a new connection where gunicorn closed the old one, which was silent for too long."""
        request = webhook_request(self.door.path, self.door.token, body)
        connection = await self.idle.get()
        try:
            head, answer = await exchange(connection, request)
        except (asyncio.IncompleteReadError, ConnectionError):
            connection[1].close()
            connection = await asyncio.open_connection("127.0.0.1", self.door.port)
            head, answer = await exchange(connection, request)
        self.idle.put_nowait(connection)
        check(head.startswith(b"HTTP/1.1 200"), f"a webhook was refused: {head[:80]!r} {answer[:200]!r}")

    @asynccontextmanager
    async def connected(self, count: int) -> AsyncIterator[None]:
        for _ in range(count):
            self.idle.put_nowait(await asyncio.open_connection("127.0.0.1", self.door.port))
        try:
            yield
        finally:
            while not self.idle.empty():
                writer = self.idle.get_nowait()[1]
                writer.close()
                await writer.wait_closed()


class Crowd:
    """So many chats at once for so many seconds, and until the last one is answered."""

    def __init__(
        self, provider: Provider, door: Door, chats: int, seconds: float, first: int, patience: float = REPLY_SECONDS
    ) -> None:
        self.provider, self.door, self.chats, self.seconds, self.first = provider, door, chats, seconds, first
        self.patience = patience
        self.poster = Poster(door)
        self.result = Crowded(prefix=new_prefix())

    async def run(self, at_begin: Callable[[], None] = lambda: None) -> Crowded:
        """Let them chat; `at_begin` is called when all of them have begun, and counting begins."""
        unexpected = len(self.provider.unexpected)
        async with self.poster.connected(min(CONNECTIONS, self.chats)):
            ramp = min(max(self.door.latency, 0.5), self.seconds / 3)
            started = time.perf_counter()
            self.result.begin, self.result.end = started + ramp * 1.5, started + ramp * 1.5 + self.seconds
            try:
                async with asyncio.TaskGroup() as tasks:
                    for number in range(self.chats):
                        tasks.create_task(self.talk(number, ramp))
                    await asyncio.sleep(ramp * 1.5)
                    at_begin()
            except ExceptionGroup as failed:
                raise failed.exceptions[0] from failed
        extra = self.provider.unexpected[unexpected:]
        check(not extra, f"{len(extra)} replies were doubled: {extra[:3]}")
        check(len(self.result.arrived) == self.result.asked, "a reply was lost")
        return self.result

    async def talk(self, number: int, ramp: float) -> None:
        await asyncio.sleep(ramp * number / self.chats)
        phone = phone_of(self.first + number)
        while True:
            began = time.perf_counter()
            if began >= self.result.end:
                return
            await self.ask(phone, began)

    async def ask(self, phone: str, began: float) -> None:
        answer = self.provider.expect(phone)
        self.result.asked += 1
        await self.poster.post(message_body(phone, f"{self.result.prefix}{self.result.asked}", QUESTION))
        try:
            at = await asyncio.wait_for(answer, self.patience)
        except TimeoutError as late:
            raise BenchError(f"a reply was lost: {phone} waited {self.patience:.0f} s") from late
        self.result.arrived.append(at)
        self.result.added.append(at - began - self.door.latency)


async def exchange(connection: Connection, request: bytes) -> tuple[bytes, bytes]:
    """Send a request; the head and the body of its answer."""
    reader, writer = connection
    writer.write(request)
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), REPLY_SECONDS)
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    return head, await reader.readexactly(length)
