"""A Twilio on loopback: messages, their list, numbers, a messaging service, media behind a redirect; faults on demand.

with TwilioServer() as server:
    server.fail_next(400, 21211, "Invalid 'To' Phone Number")
    ...                      # the channel's api_url=server.url, account_sid=server.account, auth_token=server.token
    server.sent[-1]["Body"]

`sign_form` posts as Twilio would; it is written after Twilio's documentation, not after our own verification."""

import base64
import hashlib
import hmac
import json
import socket
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.canary import canary

from .lost_answer import lose_answer

NUMBER, SERVICE = "+14155550100", "MG" + "0" * 31 + "1"


@dataclass(frozen=True)
class Fault:
    """How one sending fails: with a status and a code, or taken and then unanswered."""

    status: int = 200
    code: int = 0
    message: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    drop_after: bool = False


class TwilioServer:
    """Serves in threads from `with` to its end. Files lie in a store on another port; a `stumbling` one fails once."""

    def __init__(self) -> None:
        self.account, self.token = "AC" + "0" * 31 + "1", canary("twilio")
        self.sent: list[dict[str, str]] = []
        self.dates: list[str] = []
        self.files: dict[str, bytes] = {}
        self.stumbling: set[str] = set()
        self.number = {"sid": "PN1", "phone_number": NUMBER, "sms_url": ""}
        self.service = {"sid": SERVICE, "inbound_request_url": ""}
        self.faults: deque[Fault] = deque()
        self.lock = threading.Lock()

    def __enter__(self) -> Self:
        receiver = type("Receiver", (Twilio,), {"fake": self})
        self.http, self.store = (ThreadingHTTPServer(("127.0.0.1", 0), receiver) for _ in range(2))
        for each in (self.http, self.store):
            each.daemon_threads = True
            threading.Thread(target=each.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for each in (self.http, self.store):
            each.shutdown()
            each.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_port}"

    def fail_next(self, status: int, code: int, message: str, **headers: str) -> None:
        """Let the next sending fail with this error."""
        self.faults.append(Fault(status, code, message, tuple(headers.items())))

    def drop_next(self, status: int = 200) -> None:
        """Take the next message and close the connection without an answer; 502: after a proxy's."""
        self.faults.append(Fault(status, drop_after=True))

    def record(self, place: int) -> dict[str, Any]:
        """A sent message as Twilio keeps it."""
        form = self.sent[place]
        return {
            "sid": f"SM{place + 1:032}", "to": form["To"], "from": form.get("From"), "body": form.get("Body", ""),
            "num_media": "1" if "MediaUrl" in form else "0", "direction": "outbound-api", "status": "queued",
            "date_created": self.dates[place], "num_segments": "1", "error_code": None,
        }  # fmt: skip


class Twilio(BaseHTTPRequestHandler):
    """One connection to the fake."""

    fake: TwilioServer
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path.startswith("/store/"):
            self.give_file(path)
        elif self.is_known():
            self.route_get(path.removeprefix(self.root()), dict(parse_qsl(urlsplit(self.path).query)))

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        form = dict(parse_qsl(content, keep_blank_values=True))
        if self.is_known():
            self.route_post(self.path.removeprefix(self.root()), form)

    def root(self) -> str:
        return f"/2010-04-01/Accounts/{self.fake.account}"

    def is_known(self) -> bool:
        pair = base64.b64encode(f"{self.fake.account}:{self.fake.token}".encode()).decode()
        if self.headers.get("Authorization") == "Basic " + pair:
            return True
        self.error(Fault(401, 20003, "Authenticate"))
        return False

    def route_get(self, path: str, query: Mapping[str, str]) -> None:
        if path == "/Messages.json":
            places = [n for n, form in enumerate(self.fake.sent) if form["To"] == query["To"]]
            self.answer({"messages": [self.fake.record(n) for n in reversed(places)][: int(query["PageSize"])]})
        elif path == "/IncomingPhoneNumbers.json":
            found = [self.fake.number] if query["PhoneNumber"] == NUMBER else []
            self.answer({"incoming_phone_numbers": found})
        elif path == f"/v1/Services/{SERVICE}":
            self.answer(self.fake.service)
        elif path.startswith("/Messages/"):
            place = f"http://127.0.0.1:{self.fake.store.server_port}/store{path}"
            self.reply(307, b"", headers=(("Location", place),))
        else:
            self.error(Fault(404, 20404, "The requested resource was not found"))

    def route_post(self, path: str, form: dict[str, str]) -> None:
        if path == "/Messages.json":
            self.take(form)
        elif path == "/IncomingPhoneNumbers/PN1.json":
            self.fake.number["sms_url"] = form["SmsUrl"]
            self.answer(self.fake.number)
        elif path == f"/v1/Services/{SERVICE}":
            self.fake.service["inbound_request_url"] = form["InboundRequestUrl"]
            self.answer(self.fake.service)
        else:
            self.error(Fault(404, 20404, "The requested resource was not found"))

    def take(self, form: dict[str, str]) -> None:
        fault = self.fake.faults.popleft() if self.fake.faults else None
        if fault and not fault.drop_after:
            self.error(fault)
            return
        with self.fake.lock:
            self.fake.sent.append(form)
            self.fake.dates.append(formatdate())
            place = len(self.fake.sent) - 1
        if fault:
            lose_answer(self, fault.status)
            return
        self.answer(self.fake.record(place), 201)

    def give_file(self, path: str) -> None:
        """The store behind the redirect: it must not see the account's credentials."""
        name = path.rpartition("/")[2]
        if name in self.fake.stumbling:
            self.fake.stumbling.remove(name)
            self.reply(503, b"")
        elif self.headers.get("Authorization"):
            self.reply(400, b"credentials were shown to the store")
        else:
            data = self.fake.files.get(name)
            self.reply(404 if data is None else 200, data or b"", "application/octet-stream")

    def answer(self, body: Mapping[str, Any], status: int = 200) -> None:
        self.reply(status, json.dumps(body).encode())

    def error(self, fault: Fault) -> None:
        body = {"code": fault.code, "message": fault.message, "status": fault.status}
        self.reply(fault.status, json.dumps(body).encode(), headers=fault.headers)

    def reply(
        self, status: int, body: bytes, kind: str = "application/json", headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(body))), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def sign_form(token: str, url: str, form: Mapping[str, str]) -> tuple[dict[str, str], bytes]:
    """The header and body that Twilio posts."""
    told = url
    for name in sorted(form):
        told += name + form[name]
    digest = hmac.new(token.encode(), told.encode(), hashlib.sha1).digest()
    return {"X-Twilio-Signature": base64.b64encode(digest).decode()}, urlencode(form).encode()
