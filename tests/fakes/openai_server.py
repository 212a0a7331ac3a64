"""A model provider on loopback that speaks OpenAI's HTTP API: chat completions with tools, embeddings, transcription.

In a test, in a thread of its own:

    with OpenAIServer(text="Olá!") as server:              # every chat call is answered with this text
        server.script(fail(429, retry_after=2), call_tool("transfer_to_human", reason="asked"), say("Done."))
        ...  # OPENAI_API_BASE=server.url; the scripted answers come first, in order
        server.chats[-1].json["messages"]

For a benchmark, as a process: `python -m tests.fakes.openai_server --port 9000 --latency 1.0` prints `ready: URL`;
`GET /stats` tells the calls made, those in flight and the most that ever were. asyncio holds thousands cheaply.
"""

import argparse
import asyncio
import hashlib
import json
import socket
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests", 500: "Error"}
CODES = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}
KEPT_REQUESTS = 10_000


@dataclass(frozen=True, slots=True)
class Request:
    """What a client sent; `json` is empty where the body is none (the multipart of a transcription)."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.body)) if self.body[:1] == b"{" else {}


@dataclass(frozen=True, slots=True)
class Answer:
    """How one call is answered: after `latency` seconds, with `body`, or made from `text` and `calls`.

    `drop` closes the connection instead of answering; `drip` is the seconds between two bytes of the body."""

    text: str = ""
    calls: tuple[tuple[str, Mapping[str, Any] | str], ...] = ()
    latency: float | None = None
    status: int = 200
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False
    drip: float = 0.0


def say(text: str, latency: float | None = None) -> Answer:
    return Answer(text=text, latency=latency)


def call_tool(name: str, arguments: str = "", **given: Any) -> Answer:
    """The model asks for a tool; `arguments` is sent as it stands when given, to try broken JSON."""
    return Answer(calls=((name, arguments or given),))


def fail(status: int, message: str = "scripted failure", code: str = "", retry_after: float | None = None) -> Answer:
    error = {"message": message, "type": "error", "param": None, "code": code or CODES.get(status)}
    headers = {} if retry_after is None else {"retry-after": str(retry_after)}
    return Answer(status=status, body=json.dumps({"error": error}).encode(), headers=headers)


def hang(seconds: float = 3600) -> Answer:
    return Answer(text="too late", latency=seconds)


def show_html(status: int = 200) -> Answer:
    page = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
    return Answer(status=status, body=page, headers={"content-type": "text/html"})


def send_raw(body: bytes) -> Answer:
    return Answer(body=body)


class OpenAIServer:
    """Serves in a thread from `start` (or `with`) to `stop`. What tests read or set is safe to touch from theirs."""

    def __init__(self, text: str = "ok", latency: float = 0.0, api_key: str = "", port: int = 0) -> None:
        self.default = Answer(text=text)
        self.latency, self.api_key, self.port = latency, api_key, port
        self.decide: Callable[[Request], Answer] | None = None
        self.scripted: deque[Answer] = deque()
        self.requests: deque[Request] = deque(maxlen=KEPT_REQUESTS)
        self.calls = self.in_flight = self.most_in_flight = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def chats(self) -> list[Request]:
        return [request for request in list(self.requests) if request.path.endswith("/chat/completions")]

    def script(self, *answers: Answer) -> None:
        """Answer the next calls thus, in order; then `decide`, then the default text."""
        self.scripted.extend(answers)

    def __enter__(self) -> Self:
        started = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self.serve(started.set)), name="openai-fake")
        self.thread.start()
        assert started.wait(10), "the fake OpenAI server did not start"
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self.stopping.set)
        self.thread.join(10)

    start, stop = __enter__, __exit__

    async def serve(self, tell_started: Callable[[], object]) -> None:
        self.loop, self.stopping = asyncio.get_running_loop(), asyncio.Event()
        self.connections: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self.accept, "127.0.0.1", self.port, backlog=1024, limit=1 << 20)
        self.port = server.sockets[0].getsockname()[1]
        tell_started()
        await self.stopping.wait()
        server.close()
        for task in list(self.connections):
            task.cancel()
        await asyncio.gather(*self.connections, return_exceptions=True)

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self.connections.add(task)
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while await self.answer_one(reader, writer):
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            return  # the client hung up, as clients do, or the server stops
        finally:
            self.connections.discard(task)
            writer.close()

    async def answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
        request = Request(path, headers, await reader.readexactly(int(headers.get("content-length", 0))))
        if path == "/stats":
            stats = {"calls": self.calls, "in_flight": self.in_flight, "most_in_flight": self.most_in_flight}
            writer.write(render(200, json.dumps(stats).encode(), {}))
            return True
        answer = self.choose(request)
        self.requests.append(request)
        self.calls += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await asyncio.sleep(self.latency if answer.latency is None else answer.latency)
        finally:
            self.in_flight -= 1
        if not answer.drop:
            await write_answer(writer, render(answer.status, make_body(request, answer), answer.headers), answer.drip)
        return not answer.drop

    def choose(self, request: Request) -> Answer:
        if self.api_key and request.headers.get("authorization") != f"Bearer {self.api_key}":
            return fail(401, "Incorrect API key provided")
        if self.scripted:
            return self.scripted.popleft()
        return self.decide(request) if self.decide else self.default


async def write_answer(writer: asyncio.StreamWriter, answer: bytes, drip: float) -> None:
    whole = len(answer) if not drip else answer.index(b"\r\n\r\n") + 4
    writer.write(answer[:whole])
    for byte in answer[whole:]:
        await asyncio.sleep(drip)
        writer.write(bytes([byte]))
        await writer.drain()


def render(status: int, body: bytes, headers: Mapping[str, str]) -> bytes:
    lines = {"content-type": "application/json", "content-length": str(len(body)), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}\r\n{head}\r\n".encode() + body


def make_body(request: Request, answer: Answer) -> bytes:
    if answer.body is not None:
        return answer.body
    if request.path.endswith("/audio/transcriptions"):
        return json.dumps({"text": answer.text, "usage": {"type": "duration", "seconds": 3}}).encode()
    if request.path.endswith("/embeddings"):
        return json.dumps(make_embeddings(request.json)).encode()
    if request.path.endswith("/chat/completions"):
        return json.dumps(make_completion(request, answer)).encode()
    return json.dumps({"object": "list", "data": [{"id": "gpt-4o-mini", "object": "model"}]}).encode()


def make_completion(request: Request, answer: Answer) -> dict[str, Any]:
    """Four bytes count as a token, so that the usage is known and not zero."""
    calls = [
        {
            "id": f"call_{number}",
            "type": "function",
            "function": {"name": name, "arguments": given if isinstance(given, str) else json.dumps(given)},
        }
        for number, (name, given) in enumerate(answer.calls, 1)
    ]
    message = {"role": "assistant", "content": answer.text or None, **({"tool_calls": calls} if calls else {})}
    tokens_in, tokens_out = len(request.body) // 4, len(answer.text) // 4 + 8 * len(calls) + 1
    return {
        "id": "chatcmpl-fake",
        "object": "chat.completion",
        "service_tier": "default",
        "created": 1_700_000_000,
        "model": request.json.get("model"),
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}],
        "usage": {
            "prompt_tokens": tokens_in,
            "completion_tokens": tokens_out,
            "total_tokens": tokens_in + tokens_out,
        },
    }


def make_embeddings(body: dict[str, Any]) -> dict[str, Any]:
    """Vectors that depend on the text alone: the same text gives the same vector."""
    texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
    rows = [
        {"object": "embedding", "index": index, "embedding": hash_vector(text, body.get("dimensions") or 16)}
        for index, text in enumerate(texts)
    ]
    tokens = sum(len(text) for text in texts) // 4 + 1
    return {
        "object": "list",
        "data": rows,
        "model": body.get("model"),
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def hash_vector(text: str, dimensions: int) -> list[float]:
    digest = hashlib.shake_128(text.encode()).digest(dimensions)
    return [byte / 255 - 0.5 for byte in digest]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.openai_server")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before every answer")
    parser.add_argument("--text", default="ok", help="what the model says")
    parser.add_argument("--status", type=int, default=200, help="answer every call with this HTTP status")
    options = parser.parse_args()
    server = OpenAIServer(text=options.text, latency=options.latency, port=options.port)
    if options.status != 200:
        server.default = replace(fail(options.status), latency=options.latency)
    try:
        asyncio.run(server.serve(lambda: print(f"ready: {server.url}", flush=True)))
    except KeyboardInterrupt:
        print("stopped", flush=True)


if __name__ == "__main__":
    main()
