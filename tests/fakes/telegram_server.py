"""A Bot API server on loopback: real HTTP, the documented methods and errors, faults on demand.

    with TelegramServer() as server:
        server.fail_next(429, "Too Many Requests: retry after 1", retry_after=1)
        ...                      # the channel's api_url=server.url, token=server.token
        server.sent[-1].text

It keeps what `setWebhook` was told, so that a test can deliver updates as Telegram would."""

import json
import socket
import threading
from collections import deque
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from .lost_answer import lose_answer

BOT = {"id": 7000000001, "is_bot": True, "first_name": "Aurora", "username": "aurora_test_bot"}


@dataclass(frozen=True)
class Fault:
    """How one call fails: with a status and a description, or taken and then unanswered."""

    status: int = 200
    description: str = ""
    parameters: dict[str, int] | None = None
    drop_after: bool = False


@dataclass(frozen=True)
class Sent:
    """One message that the bot sent."""

    chat: str
    method: str
    text: str
    body: bytes


class TelegramServer:
    """Serves in threads from `with` to its end."""

    def __init__(self, token: str = "123:abc-DEF_test") -> None:
        self.token = token
        self.sent: list[Sent] = []
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.webhook: dict[str, Any] = {}
        self.files: dict[str, bytes] = {}
        self.failing_files: set[str] = set()
        self.faults: deque[Fault] = deque()
        self.lock = threading.Lock()

    def __enter__(self) -> Self:
        receiver = type("Receiver", (BotApi,), {"fake": self})
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), receiver)
        self.http.daemon_threads = True
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.http.shutdown()
        self.http.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_port}"

    def fail_next(self, status: int, description: str, retry_after: int | None = None) -> None:
        """Let the next sending fail with this answer."""
        parameters = None if retry_after is None else {"retry_after": retry_after}
        self.faults.append(Fault(status, description, parameters))

    def drop_next(self, status: int = 200) -> None:
        """Take the next message and close the connection without an answer; 502: after a proxy's."""
        self.faults.append(Fault(status, drop_after=True))

    def texts(self) -> list[str]:
        return [each.text for each in self.sent]


class BotApi(BaseHTTPRequestHandler):
    """One connection to the fake."""

    fake: TelegramServer
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, format: str, *args: Any) -> None:
        """The token is in the path: nothing is printed."""

    def do_GET(self) -> None:
        data = self.fake.files.get(self.path.removeprefix(f"/file/bot{self.fake.token}/"))
        self.reply(404 if data is None else 200, data or b"", "application/octet-stream")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        prefix, _, method = self.path.rpartition("/")
        if prefix != f"/bot{self.fake.token}":
            return self.error(Fault(401, "Unauthorized"))
        values = json.loads(body) if body[:1] == b"{" else {}
        self.fake.calls.append((method, values))
        if method.startswith("send") and method != "sendChatAction":
            return self.take(method, values, body)
        self.answer(getattr(self, f"do_{method}", lambda _: True)(values))

    def take(self, method: str, values: dict[str, Any], body: bytes) -> None:
        fault = self.fake.faults.popleft() if self.fake.faults else None
        if fault and not fault.drop_after:
            return self.error(fault)
        chat = str(values.get("chat_id") or form_value(body, "chat_id"))
        text = str(values.get("text") or form_value(body, "caption"))
        with self.fake.lock:
            self.fake.sent.append(Sent(chat, method, text, body))
            number = len(self.fake.sent)
        if fault:
            lose_answer(self, fault.status)
            return
        self.answer({"message_id": number, "from": BOT, "chat": {"id": int(chat), "type": "private"}})

    def do_getMe(self, values: dict[str, Any]) -> Any:
        return BOT

    def do_setWebhook(self, values: dict[str, Any]) -> Any:
        if not str(values.get("url", "")).startswith("https://"):
            return Fault(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        self.fake.webhook = values
        return True

    def do_deleteWebhook(self, values: dict[str, Any]) -> Any:
        self.fake.webhook = {}
        return True

    def do_getWebhookInfo(self, values: dict[str, Any]) -> Any:
        return {"url": self.fake.webhook.get("url", ""), "pending_update_count": 0}

    def do_getFile(self, values: dict[str, Any]) -> Any:
        if values.get("file_id") in self.fake.failing_files:
            self.fake.failing_files.remove(values["file_id"])
            return Fault(502, "Bad Gateway")
        path = f"files/{values.get('file_id')}"
        if path not in self.fake.files:
            return Fault(400, "Bad Request: invalid file_id")
        return {"file_id": values["file_id"], "file_path": path}

    def answer(self, result: Any) -> None:
        if isinstance(result, Fault):
            return self.error(result)
        self.reply(200, json.dumps({"ok": True, "result": result}).encode())

    def error(self, fault: Fault) -> None:
        body: dict[str, Any] = {"ok": False, "error_code": fault.status, "description": fault.description}
        if fault.parameters:
            body["parameters"] = fault.parameters
        self.reply(fault.status, json.dumps(body).encode())

    def reply(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def form_value(body: bytes, name: str) -> str:
    """One text field of a multipart form."""
    _, found, rest = body.partition(f'name="{name}"\r\n\r\n'.encode())
    return rest.partition(b"\r\n--")[0].decode() if found else ""
