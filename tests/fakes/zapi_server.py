"""A Z-API server on loopback: sending, webhooks, the code to scan, statuses and files; faults on demand.

with ZapiServer() as server:
    server.fail_next(400, "Phone number does not exist")
    ...                      # the channel's api_url=server.url, token=server.token, instance_id=server.add_instance()
    server.sent[-1].body"""

import json
import socket
import threading
from collections import deque
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self

from .lost_answer import lose_answer

OWN_PHONE = "5531999990000"
QR = "data:image/png;base64,iVBORw0KGgo="


@dataclass(frozen=True)
class Fault:
    """How one sending fails: with a status and an error, or taken and then unanswered."""

    status: int = 200
    error: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    drop_after: bool = False


class Sent(NamedTuple):
    """One message that was queued."""

    route: str
    body: dict[str, Any]
    message_id: str


class ZapiServer:
    """Serves in threads from `with` to its end. `connected` says whether the phone is linked; a
    file whose path is `stumbling` fails once."""

    def __init__(self) -> None:
        self.token, self.client_token = "INSTANCETOKEN1", "account-token-1"
        self.instances: list[str] = []
        self.sent: list[Sent] = []
        self.read: list[dict[str, Any]] = []
        self.webhook: dict[str, Any] = {}
        self.files: dict[str, bytes] = {}
        self.stumbling: set[str] = set()
        self.faults: deque[Fault] = deque()
        self.connected = False
        self.lock = threading.Lock()

    def __enter__(self) -> Self:
        receiver = type("Receiver", (Zapi,), {"fake": self})
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

    def add_instance(self) -> str:
        """Another instance under the same token; its id."""
        self.instances.append(f"INSTANCE{len(self.instances) + 1}")
        return self.instances[-1]

    def fail_next(self, status: int, error: str, **headers: str) -> None:
        """Let the next sending fail with this answer."""
        self.faults.append(Fault(status, error, tuple(headers.items())))

    def drop_next(self, status: int = 200) -> None:
        """Take the next message and close the connection without an answer; 502: after a proxy's."""
        self.faults.append(Fault(status, drop_after=True))


class Zapi(BaseHTTPRequestHandler):
    """One connection to the fake."""

    fake: ZapiServer
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, format: str, *args: Any) -> None:
        """The token is in the path: nothing is printed."""

    def do_GET(self) -> None:
        if self.path in self.fake.stumbling:
            self.fake.stumbling.remove(self.path)
            self.reply(503, b"")
            return
        if self.path in self.fake.files:
            self.reply(200, self.fake.files[self.path], "image/jpeg")
            return
        self.route("GET", {})

    def do_POST(self) -> None:
        self.route("POST", self.read_body())

    def do_PUT(self) -> None:
        self.route("PUT", self.read_body())

    def read_body(self) -> dict[str, Any]:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return dict(json.loads(content)) if content else {}

    def route(self, method: str, body: dict[str, Any]) -> None:
        instance, _, rest = self.path.removeprefix("/instances/").partition("/token/")
        token, _, route = rest.partition("/")
        if self.headers.get("Client-Token") != self.fake.client_token:
            self.answer({"error": "null not allowed"}, 400)
        elif instance not in self.fake.instances or token != self.fake.token:
            self.answer({"error": "Instance not found"}, 400)
        elif method == "POST" and route.startswith("send-"):
            self.take("/" + route, body)
        else:
            self.manage(method, route, body)

    def take(self, route: str, body: dict[str, Any]) -> None:
        fault = self.fake.faults.popleft() if self.fake.faults else None
        if fault and not fault.drop_after:
            self.answer({"error": fault.error}, fault.status, fault.headers)
            return
        with self.fake.lock:
            message_id = f"3EB0OUT{len(self.fake.sent) + 1:06}"
            self.fake.sent.append(Sent(route, body, message_id))
        if fault:
            lose_answer(self, fault.status)
            return
        self.answer({"zaapId": "Z" + message_id, "messageId": message_id, "id": message_id})

    def manage(self, method: str, route: str, body: dict[str, Any]) -> None:
        match method, route:
            case "PUT", "update-every-webhooks":
                self.fake.webhook = body
                self.answer({"value": True})
            case "GET", "qr-code/image":
                self.answer({"connected": True} if self.fake.connected else {"value": QR})
            case "GET", "status":
                error = "You are already connected." if self.fake.connected else "You are not connected."
                state = self.fake.connected
                self.answer({"connected": state, "session": state, "smartphoneConnected": state, "error": error})
            case "GET", "disconnect":
                self.fake.connected = False
                self.answer({"value": True})
            case "POST", "read-message":
                self.fake.read.append(body)
                self.reply(204, b"")
            case _:
                self.answer({"error": "NOT_FOUND", "message": "Unable to find matching target resource method"}, 405)

    def answer(self, body: dict[str, Any], status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> None:
        self.reply(status, json.dumps(body).encode(), headers=headers)

    def reply(
        self, status: int, body: bytes, kind: str = "application/json", headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(body))), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def make_callback(**more: Any) -> dict[str, Any]:
    """What Z-API tells of a message that Rita writes to us; `more` is what it says besides, or instead."""
    base = {
        "type": "ReceivedCallback", "instanceId": "INSTANCE1", "messageId": "3EB01", "phone": "5531988887777",
        "connectedPhone": OWN_PHONE, "senderName": "Rita", "chatName": "Rita", "momment": 1_760_000_000_000,
        "fromMe": False, "isGroup": False,
    }  # fmt: skip
    return base | more
