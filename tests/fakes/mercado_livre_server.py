"""Mercado Livre on loopback: questions, post-sale messages, tokens that rotate; faults on demand.

with MercadoLivreServer() as server:
    server.ask("5001", "Tem azul?")                     # a question; deliver server.notification("questions", …)
    server.answers["5001"]                              # what we answered"""

import json
import socket
import threading
from collections import deque
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from .lost_answer import lose_answer

SELLER, APP, AGENT = 415458330, "2069392825111111", 3037675074
ITEM = {"id": "MLB1", "title": "Caneca azul", "price": 39.9, "currency_id": "BRL"}


@dataclass(frozen=True)
class Fault:
    """How one write fails: with a status, or taken and then unanswered."""

    status: int = 200
    message: str = ""
    drop_after: bool = False


class MercadoLivreServer:
    """Serves in threads from `with` to its end."""

    def __init__(self) -> None:
        self.access, self.refresh, self.code = "APP_USR-1", "TG-1", "code-1"
        self.questions: dict[str, dict[str, Any]] = {}
        self.messages: dict[str, dict[str, Any]] = {}
        self.answers: dict[str, str] = {}
        self.written: list[tuple[str, str]] = []
        self.files: dict[str, bytes] = {}
        self.attached: list[Any] = []
        self.broken: set[str] = set()
        self.missed: list[dict[str, Any]] = []
        self.faults: deque[Fault] = deque()
        self.forms: list[dict[str, str]] = []
        self.lock = threading.Lock()

    def __enter__(self) -> Self:
        receiver = type("Receiver", (Api,), {"fake": self})
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

    def config(self) -> dict[str, Any]:
        """What a connected channel keeps."""
        return {"user_id": SELLER, "site_id": "MLB", "access_token": self.access, "refresh_token": self.refresh}

    def ask(self, number: str, text: str, status: str = "UNANSWERED") -> None:
        self.questions[number] = {
            "id": int(number), "item_id": "MLB1", "seller_id": SELLER, "status": status, "text": text,
            "answer": None, "from": {"id": 162981404}, "date_created": "2026-11-20T10:00:00.000-04:00",
        }  # fmt: skip

    def buyer_writes(self, message_id: str, pack: str, text: str, sender: int = AGENT) -> None:
        self.messages[message_id] = message_of(message_id, pack, text, sender)

    def keep_file(self, body: bytes) -> str:
        with self.lock:
            name = f"210438685_{len(self.files)}.jpg"
            self.files[name] = body
        return name

    def notification(self, topic: str, resource: str, **more: Any) -> dict[str, Any]:
        base = {"resource": resource, "user_id": SELLER, "topic": topic, "application_id": int(APP), "attempts": 1}
        return base | more


def message_of(message_id: str, pack: str, text: str, sender: int) -> dict[str, Any]:
    return {
        "id": message_id, "site_id": "MLB", "from": {"user_id": sender}, "text": text, "status": "available",
        "message_resources": [{"id": pack, "name": "packs"}], "message_attachments": None,
        "message_date": {"created": "2099-02-05T20:01:46.000Z"},
    }  # fmt: skip


class Api(BaseHTTPRequestHandler):
    """One connection to the fake."""

    fake: MercadoLivreServer
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if not self.authorized():
            return
        parts = url.path.strip("/").split("/")
        found: Any
        match parts:
            case ["questions", number] if number in self.fake.broken:
                self.reply(500, {"message": "internal error"})
                return
            case ["questions", number]:
                found = self.fake.questions.get(number)
            case ["items", _]:
                found = ITEM
            case ["users", "me"]:
                found = {"id": SELLER, "nickname": "LOJA", "site_id": "MLB"}
            case ["missed_feeds"]:
                topic = parse_qs(url.query).get("topic", [""])[0]
                found = {"messages": [m for m in self.fake.missed if m["topic"] == topic]}
            case ["messages", "packs", pack, "sellers", _]:
                found = {
                    "messages": [m for m in self.fake.messages.values() if m["message_resources"][0]["id"] == pack]
                }
            case ["messages", "attachments", name] if name in self.fake.files:
                self.reply_bytes(200, self.fake.files[name], "application/octet-stream")
                return
            case ["messages", message_id]:
                message = self.fake.messages.get(message_id)
                found = {"messages": [message]} if message else None
            case _:
                found = None
        self.reply(200 if found is not None else 404, found or {"message": "not found"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/oauth/token":
            self.give_tokens({name: values[0] for name, values in parse_qs(body.decode()).items()})
        elif self.authorized():
            if self.path.startswith("/messages/attachments"):
                self.reply(200, {"id": self.fake.keep_file(body)})
            else:
                self.take_write(json.loads(body))

    def give_tokens(self, form: dict[str, str]) -> None:
        fake = self.fake
        fake.forms.append(form)
        with fake.lock:
            good = form.get("refresh_token") == fake.refresh or form.get("code") == fake.code
            if good:
                number = len(fake.forms) + 1
                fake.access, fake.refresh, fake.code = f"APP_USR-{number}", f"TG-{number}", ""
        if good:
            tokens = {"access_token": fake.access, "refresh_token": fake.refresh, "user_id": SELLER}
            self.reply(200, tokens | {"expires_in": 21600, "token_type": "Bearer"})
        else:
            self.reply(400, {"error": "invalid_grant", "message": "already used"})

    def take_write(self, values: dict[str, Any]) -> None:
        fault = self.fake.faults.popleft() if self.fake.faults else None
        if fault and not fault.drop_after:
            self.reply(fault.status, {"message": fault.message})
            return
        answer = self.answer(values) if self.path == "/answers" else self.write(values)
        if fault:
            lose_answer(self, fault.status)
        else:
            self.reply(*answer)

    def answer(self, values: dict[str, Any]) -> tuple[int, Any]:
        number = str(values["question_id"])
        with self.fake.lock:
            if number in self.fake.answers:
                return 400, {"message": "The question is already answered"}
            self.fake.answers[number] = values["text"]
            self.fake.written.append((number, values["text"]))
            answered = {"text": values["text"], "status": "ACTIVE"}
            self.fake.questions[number] |= {"status": "ANSWERED", "answer": answered}
        return 200, self.fake.questions[number]

    def write(self, values: dict[str, Any]) -> tuple[int, Any]:
        pack = self.path.split("/")[3]
        if values["to"]["user_id"] != str(AGENT):
            return 400, {"message": "the receiver must be the agent"}
        with self.fake.lock:
            message_id = f"{len(self.fake.written) + 1:032x}"
            self.fake.written.append((pack, values["text"]))
            self.fake.attached.append(values.get("attachments"))
            self.fake.messages[message_id] = message_of(message_id, pack, values["text"], SELLER)
        return 200, {"id": message_id, "status": "available"}

    def authorized(self) -> bool:
        if self.headers.get("Authorization") == f"Bearer {self.fake.access}":
            return True
        self.reply(401, {"message": "invalid access token", "error": "not_found"})
        return False

    def reply(self, status: int, values: Any) -> None:
        self.reply_bytes(status, json.dumps(values).encode(), "application/json")

    def reply_bytes(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
