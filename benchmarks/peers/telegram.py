"""The Bot API that all of them talk to: getUpdates by long poll, or webhooks delivered until they are taken."""

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ..crowd import Connection, exchange
from ..payload import raw_request

WEBHOOKS_AT_ONCE = 40  # Telegram's own default of `max_connections`
RETRY_SECONDS = 0.5
ME = {"id": 7000000001, "is_bot": True, "first_name": "Ana", "username": "ana_bot", "can_join_groups": True}


@dataclass
class Bot:
    """One bot: its updates not yet fetched, or where they are delivered."""

    token: str
    hook: tuple[int, str, str] | None = None
    waiting: deque[dict[str, Any]] = field(default_factory=deque)
    news: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class BotApi:
    """Keeps when each chat was written to; `on_sent` is told of every message."""

    bots: dict[str, Bot] = field(default_factory=dict)
    on_sent: Callable[[int, float], None] = lambda chat, at: None
    updates: int = 0
    port: int = 0
    methods: dict[str, int] = field(default_factory=dict)
    wires: set["Wire"] = field(default_factory=set)

    async def listen(self) -> None:
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(lambda: Wire(self), "127.0.0.1", 0, backlog=1024)
        self.port = self.server.sockets[0].getsockname()[1]
        self.places = asyncio.Semaphore(WEBHOOKS_AT_ONCE)
        self.idle: dict[int, list[Connection]] = {}
        self.deliveries: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        self.server.close()
        for task in self.deliveries:
            task.cancel()
        for wire in list(self.wires):
            wire.transport.abort()
        for _, writer in (connection for idle in self.idle.values() for connection in idle):
            writer.close()
        await asyncio.sleep(0.01)

    def say(self, bot: Bot, chat: int, text: str) -> None:
        """Somebody writes to a bot in a private chat."""
        self.updates += 1
        person = {"id": chat, "is_bot": False, "first_name": f"Cliente {chat}", "language_code": "pt-br"}
        room = {"id": chat, "first_name": person["first_name"], "type": "private"}
        message = {"message_id": self.updates, "from": person, "chat": room, "date": int(time.time()), "text": text}
        update = {"update_id": self.updates, "message": message}
        if bot.hook:
            task = asyncio.get_running_loop().create_task(self.deliver(bot, update))
            self.deliveries.add(task)
            task.add_done_callback(self.deliveries.discard)
        else:
            bot.waiting.append(update)
            bot.news.set()

    async def deliver(self, bot: Bot, update: dict[str, Any]) -> None:
        """Post an update until it is answered with 200, as Telegram does."""
        assert bot.hook
        port, path, secret = bot.hook
        headers = {"content-type": "application/json", "x-telegram-bot-api-secret-token": secret}
        request = raw_request("POST", path, headers, json.dumps(update, separators=(",", ":")).encode())
        while True:
            async with self.places:
                if await self.post(port, request):
                    return
            await asyncio.sleep(RETRY_SECONDS)

    async def post(self, port: int, request: bytes) -> bool:
        """Whether it was taken; on a new connection where gunicorn closed the old one, silent for too long."""
        idle = self.idle.setdefault(port, [])
        while True:
            used = bool(idle)
            try:
                connection = idle.pop() if used else await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                return False
            try:
                head, _ = await exchange(connection, request)
            except (OSError, asyncio.IncompleteReadError, TimeoutError):
                connection[1].close()
                if used:
                    continue
                return False
            idle.append(connection)
            return head.startswith(b"HTTP/1.1 200")

    async def get_updates(self, bot: Bot, values: dict[str, Any]) -> list[dict[str, Any]]:
        """What is not confirmed by `offset` yet, waiting for it as long as asked."""
        offset, limit = int(values.get("offset") or 0), int(values.get("limit") or 100)
        while bot.waiting and bot.waiting[0]["update_id"] < offset:
            bot.waiting.popleft()
        if not bot.waiting:
            bot.news.clear()
            try:
                await asyncio.wait_for(bot.news.wait(), float(values.get("timeout") or 0))
            except TimeoutError:
                return []
        return list(bot.waiting)[:limit]

    async def answer(self, path: str, values: dict[str, Any]) -> Any:
        """The `result` of a method; None for a bot or a method that is not known."""
        _, name, method = path.split("/", 2)
        bot = self.bots.get(name.removeprefix("bot"))
        self.methods[method] = self.methods.get(method, 0) + 1
        if bot is None:
            return None
        match method.lower():
            case "getupdates":
                return await self.get_updates(bot, values)
            case "sendmessage":
                chat = int(values["chat_id"])
                self.on_sent(chat, time.perf_counter())
                self.updates += 1
                room = {"id": chat, "type": "private"}
                shown = {"message_id": self.updates, "from": ME, "chat": room, "date": int(time.time())}
                return {**shown, "text": values["text"]}
            case "getme":
                return {**ME, "id": ME["id"], "can_read_all_group_messages": False, "supports_inline_queries": False}
            case _:
                return True


class Wire(asyncio.Protocol):
    """One connection of a bot."""

    def __init__(self, api: BotApi) -> None:
        self.api, self.received = api, b""
        self.transport: asyncio.Transport
        self.work: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.api.wires.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self.api.wires.discard(self)
        for task in self.work:
            task.cancel()

    def data_received(self, data: bytes) -> None:
        self.received += data
        while True:
            head, found, rest = self.received.partition(b"\r\n\r\n")
            _, _, length = head.lower().partition(b"content-length:")
            size = int(length.split(b"\r\n")[0]) if length else 0
            if not found or len(rest) < size:
                return
            self.received = rest[size:]
            task = asyncio.get_running_loop().create_task(self.answer(head, rest[:size]))
            self.work.add(task)
            task.add_done_callback(self.work.discard)

    async def answer(self, head: bytes, body: bytes) -> None:
        url = urlsplit(head.split(b" ", 2)[1].decode())
        result = await self.api.answer(url.path, read_values(url.query, head, body))
        found = result is not None
        told = {"ok": True, "result": result} if found else {"ok": False, "error_code": 404, "description": "Not Found"}
        text = json.dumps(told).encode()
        lines = f"HTTP/1.1 {200 if found else 404} OK\r\ncontent-type: application/json\r\n"
        if not self.transport.is_closing():
            self.transport.write(f"{lines}content-length: {len(text)}\r\n\r\n".encode() + text)


def read_values(query: str, head: bytes, body: bytes) -> dict[str, Any]:
    """A method's values, as JSON, as a form of either kind, or in the address."""
    values: dict[str, Any] = {name: given[0] for name, given in parse_qs(query).items()}
    kind = head.lower().partition(b"content-type:")[2].split(b"\r\n")[0]
    if body[:1] == b"{":
        return values | dict(json.loads(body))
    if b"multipart" in kind:
        return values | read_parts(body)
    return values | {name: given[0] for name, given in parse_qs(body.decode()).items()}


def read_parts(body: bytes) -> dict[str, str]:
    parts = body.split(b"\r\n--" + body.split(b"\r\n", 1)[0].removeprefix(b"--"))
    values = {}
    for part in parts:
        head, found, text = part.partition(b"\r\n\r\n")
        name = head.partition(b'name="')[2].partition(b'"')[0]
        if found and name:
            values[name.decode()] = text.decode()
    return values
