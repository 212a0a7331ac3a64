"""A Graph API server on loopback: the messages, media and subscription routes of the Cloud API, faults on demand.

with GraphServer() as server:
    server.fail_next(400, 131047, "More than 24 hours have passed")
    ...                      # the channel's api_url=server.url, token=server.token
    server.sent[-1]["text"]"""

import json
import socket
import threading
from collections import deque
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.canary import canary

from .lost_answer import lose_answer

VERSION = "/v25.0/"


@dataclass(frozen=True)
class Fault:
    """How one call fails: with a status and an error code, or taken and then unanswered."""

    status: int = 200
    code: int = 0
    message: str = ""
    subcode: int = 0
    drop_after: bool = False


class GraphServer:
    """Serves in threads from `with` to its end. `number` is the phone number's id, `account` the account's."""

    def __init__(self) -> None:
        self.token, self.number, self.account = canary("graph"), "1060", "2040"
        self.sent: list[dict[str, Any]] = []
        self.calls: list[tuple[str, str]] = []
        self.files: dict[str, bytes] = {}
        self.failing_files: set[str] = set()
        self.actions: list[str] = []
        self.faults: deque[Fault] = deque()
        self.subscribed = self.too_young = False
        self.numbers = [self.number]
        self.people: dict[str, dict[str, str]] = {}
        self.override: dict[str, str] = {}
        self.lock = threading.Lock()

    def __enter__(self) -> Self:
        receiver = type("Receiver", (GraphApi,), {"fake": self})
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

    def fail_next(self, status: int, code: int, message: str, subcode: int = 0) -> None:
        """Let the next message fail with this error."""
        self.faults.append(Fault(status, code, message, subcode))

    def drop_next(self, status: int = 200) -> None:
        """Take the next message and close the connection without an answer; 502: after a proxy's."""
        self.faults.append(Fault(status, drop_after=True))


class GraphApi(BaseHTTPRequestHandler):
    """One connection to the fake."""

    fake: GraphServer
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        self.route("GET", b"")

    def do_DELETE(self) -> None:
        self.route("DELETE", b"")

    def do_POST(self) -> None:
        self.route("POST", self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def renew(self) -> None:
        """Instagram's own path, with the token as a parameter; a token is renewed as often as one likes."""
        given = parse_qs(urlsplit(self.path).query)
        if given.get("access_token") != [self.fake.token] or given.get("grant_type") != ["ig_refresh_token"]:
            self.error(Fault(400, 190, "Error validating access token"))
        elif self.fake.too_young:
            self.error(Fault(400, 100, "The token is less than a day old"))
        else:
            self.fake.token = "graph-token-2"
            self.answer({"access_token": self.fake.token, "token_type": "bearer", "expires_in": 5183944})

    def route(self, method: str, body: bytes) -> None:
        if self.path.startswith("/refresh_access_token?"):
            return self.renew()
        if self.headers.get("Authorization") != f"Bearer {self.fake.token}":
            self.error(Fault(401, 190, "Error validating access token"))
            return
        path = self.path.partition("?")[0].removeprefix(VERSION)
        self.fake.calls.append((method, path))
        if path == f"{self.fake.number}/messages":
            self.take_message(json.loads(body))
        elif path == "me/messages":
            self.take_direct(json.loads(body))
        elif path == "me":
            ids = {"user_id": self.fake.account, "id": "app-scoped"} if "user_id" in self.path else {}
            self.answer({"id": self.fake.account, "name": "Aurora", "username": "aurora"} | ids)
        elif path == f"{self.fake.number}/media":
            self.answer({"id": self.keep_file(body)})
        elif path == f"{self.fake.account}/subscribed_apps":
            self.fake.subscribed = method == "POST"
            self.answer({"success": True})
        elif path == f"{self.fake.account}/message_templates":
            self.answer(self.page_templates("after=" in self.path))
        elif path == f"{self.fake.account}/phone_numbers":
            self.answer({"data": [{"id": each} for each in self.fake.numbers]})
        elif path == self.fake.number and method == "POST":
            self.point(json.loads(body)["webhook_configuration"])
        elif path == self.fake.number:
            self.answer({"id": path, "display_phone_number": "+55 31 99999-0000", "verified_name": "Aurora"})
        elif path in self.fake.people:
            self.answer({"id": path} | self.fake.people[path])
        elif path.startswith("download/"):
            self.reply(200, self.fake.files[path.removeprefix("download/")], "application/octet-stream")
        elif path in self.fake.failing_files:
            self.fake.failing_files.remove(path)
            self.error(Fault(503, 2, "Service temporarily unavailable"))
        elif path in self.fake.files:
            self.answer({"id": path, "url": f"{self.fake.url}{VERSION}download/{path}", "mime_type": "audio/ogg"})
        else:
            self.error(Fault(400, 100, "Unsupported request"))

    def page_templates(self, second: bool) -> dict[str, Any]:
        if second:
            return {"data": [NAMED, RICH], "paging": {"cursors": {"after": "b"}}}
        return {"data": [TEMPLATE], "paging": {"cursors": {"after": "a"}, "next": "https://graph.example/next"}}

    def point(self, told: dict[str, str]) -> None:
        if told["override_callback_uri"].startswith("http://"):
            self.error(Fault(400, 100, "The callback URL must use https"))
            return
        self.fake.override = told
        self.answer({"success": True})

    def take_message(self, values: dict[str, Any]) -> None:
        if values.get("status") == "read":
            self.answer({"success": True})
            return
        fault = self.fake.faults.popleft() if self.fake.faults else lacking_parts(values.get("template") or {})
        if fault and not fault.drop_after:
            self.error(fault)
            return
        with self.fake.lock:
            self.fake.sent.append(values)
            number = len(self.fake.sent)
        if fault:
            lose_answer(self, fault.status)
            return
        self.answer({"messaging_product": "whatsapp", "messages": [{"id": f"wamid.out{number}"}]})

    def take_direct(self, values: dict[str, Any]) -> None:
        """A message of Instagram or Messenger, or a sender action."""
        if "sender_action" in values:
            self.fake.actions.append(values["sender_action"])
            self.answer({"recipient_id": values["recipient"]["id"]})
            return
        fault = self.fake.faults.popleft() if self.fake.faults else None
        if fault and not fault.drop_after:
            self.error(fault)
            return
        with self.fake.lock:
            self.fake.sent.append(values)
            number = len(self.fake.sent)
        if fault:
            lose_answer(self, fault.status)
            return
        self.answer({"recipient_id": values["recipient"]["id"], "message_id": f"m_out{number}"})

    def keep_file(self, body: bytes) -> str:
        with self.fake.lock:
            file_id = f"file{len(self.fake.files) + 1}"
            self.fake.files[file_id] = body
        return file_id

    def answer(self, values: Any) -> None:
        self.reply(200, json.dumps(values).encode())

    def error(self, fault: Fault) -> None:
        error: dict[str, Any] = {"message": fault.message, "type": "OAuthException", "code": fault.code}
        if fault.subcode:
            error["error_subcode"] = fault.subcode
        self.reply(fault.status, json.dumps({"error": error}).encode())

    def reply(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


TEMPLATE = {
    "name": "pedido_pronto",
    "language": "pt_BR",
    "status": "APPROVED",
    "category": "UTILITY",
    "components": [{"type": "BODY", "text": "Oi {{1}}, seu pedido {{2}} está pronto."}],
}
NAMED = {
    "name": "boas_vindas",
    "language": "pt_BR",
    "status": "APPROVED",
    "category": "MARKETING",
    "parameter_format": "NAMED",
    "components": [{"type": "BODY", "text": "Oi {{nome}}, aqui é da {{loja}}."}],
}
RICH = {
    "name": "oferta",
    "language": "pt_BR",
    "status": "APPROVED",
    "category": "MARKETING",
    "components": [
        {"type": "HEADER", "format": "IMAGE"},
        {"type": "BODY", "text": "Oi {{1}}, veja a oferta."},
        {
            "type": "BUTTONS",
            "buttons": [
                {"type": "QUICK_REPLY", "text": "Quero"},
                {"type": "URL", "text": "Ver", "url": "https://loja.example/{{1}}"},
                {"type": "COPY_CODE", "example": "SOL10"},
            ],
        },
    ],
}
WANTED = {RICH["name"]: ["body", "button:1", "button:2", "header"]}


def lacking_parts(template: dict[str, Any]) -> Fault | None:
    """How Meta refuses a template that lacks something it takes."""
    wanted = WANTED.get(template.get("name", ""))
    given = sorted(
        part["type"] + (f":{part['index']}" if part["type"] == "button" else "")
        for part in template.get("components", ())
    )
    if wanted is None or wanted == given:
        return None
    return Fault(400, 132012, "Parameter format does not match format in the created template")
