"""Plugins whose other side is real HTTP: a channel of each kind of certainty, and a model. The tests' worker processes
find them installed; the provider is a server in the test's own process."""

import json
import os
import threading
import urllib.error
import urllib.request
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tawkee_core import Ambiguous, Completion, Contact, Message, Model, ModelMessage, NotSent, hookimpl
from tawkee_core.errors import ModelDown
from tawkee_core.testing.echo_channel import EchoChannel
from tawkee_core.types import ModelUsage, SendSemantics

MODEL = "wire/model"


def call(path: str, body: dict[str, Any], timeout: float = 20.0) -> Any:
    """POST to the provider; its JSON. Raises NotSent or Ambiguous."""
    request = urllib.request.Request(os.environ["WIRE_URL"] + path, json.dumps(body).encode())
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return json.load(answer)
    except urllib.error.URLError as error:
        if isinstance(error.reason, ConnectionRefusedError):
            raise NotSent(str(error)) from error
        raise Ambiguous(str(error)) from error
    except (OSError, ValueError) as error:
        raise Ambiguous(str(error)) from error


class WireChannel(EchoChannel):
    """Webhooks as the echo channel's; what is sent goes over HTTP."""

    def __init__(self, semantics: SendSemantics) -> None:
        super().__init__(semantics, max_text=4096)

    @hookimpl
    def channel_send(self, contact: Contact, message: Message, client_id: str) -> str:
        body = {"to": contact.address.value, "text": message.text, "client_id": client_id, "kind": self.semantics}
        return str(call("/send", body)["id"])

    @hookimpl
    def channel_lookup(self, message: Message, client_id: str) -> str | None:
        return str(call("/find", {"client_id": client_id})["id"]) if self.semantics == "reconcilable" else None


class WireModel:
    @hookimpl
    def model_list(self) -> Iterable[Model]:
        return [Model(MODEL, "Wire", "Tawkee", credits=1)]

    @hookimpl
    def model_complete(self, model: str, messages: Sequence[ModelMessage]) -> Completion | None:
        if model != MODEL:
            return None
        try:
            answer = call("/complete", {"text": messages[-1].content})
        except (NotSent, Ambiguous) as error:
            raise ModelDown(str(error)) from error
        return Completion(answer["text"], usage=ModelUsage(1, 1, 0.0001))


OPAQUE = WireChannel("opaque")
RECONCILABLE = WireChannel("reconcilable")
IDEMPOTENT = WireChannel("idempotent")
MODELS = WireModel()
PLUGINS = {"wire_opaque": OPAQUE, "wire_reconcilable": RECONCILABLE, "wire_idempotent": IDEMPOTENT, "wire": MODELS}
ENTRY_POINTS = """[tawkee]
wire_opaque = tests.work.wire:OPAQUE
wire_reconcilable = tests.work.wire:RECONCILABLE
wire_idempotent = tests.work.wire:IDEMPOTENT
wire = tests.work.wire:MODELS
"""


@dataclass
class Other:
    """The other side: what arrived, and how it is to behave. A closed gate holds calls of its path; with
    `takes_first`, a held message has arrived already."""

    sent: list[dict[str, str]] = field(default_factory=list)
    completed: list[str] = field(default_factory=list)
    gates: dict[str, threading.Event] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)
    takes_first: bool = True
    round: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def reset(self) -> None:
        for gate in self.gates.values():
            gate.set()
        self.gates = {path: threading.Event() for path in ("/send", "/find", "/complete")}
        for gate in self.gates.values():
            gate.set()
        self.waiting = dict.fromkeys(self.gates, 0)
        self.takes_first = True
        self.sent.clear()
        self.completed.clear()

    def hold(self, path: str) -> None:
        self.gates[path].clear()

    def drop_held(self) -> None:
        """What is held and was not taken yet never arrives."""
        self.round += 1

    def release(self, path: str) -> None:
        self.gates[path].set()

    def texts(self) -> list[str]:
        return [each["text"] for each in self.sent]

    def serve(self, path: str, body: dict[str, str]) -> dict[str, str] | None:
        """Do what is asked; None when it was dropped in the meantime."""
        taken, round = self.takes_first, self.round
        answer = self.do(path, body) if taken else None
        with self.lock:
            self.waiting[path] += 1
        self.gates[path].wait(60)
        with self.lock:
            self.waiting[path] -= 1
        return self.do(path, body) if not taken and self.round == round else answer

    def do(self, path: str, body: dict[str, str]) -> dict[str, str]:
        with self.lock:
            if path == "/complete":
                self.completed.append(body["text"])
                return {"text": f"wire: {body['text']}"}
            known = next((n for n, each in enumerate(self.sent, 1) if each["client_id"] == body["client_id"]), 0)
            if path == "/send" and not (known and body["kind"] == "idempotent"):
                self.sent.append(body)
                known = len(self.sent)
            return {"id": f"{os.getpid()}-{known}-{body['client_id'][-8:]}" if known else ""}


def start_other(other: Other) -> ThreadingHTTPServer:
    """Serve the other side on a port of loopback."""

    class Exchange(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = other.serve(self.path, body)
            try:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())
            except OSError:  # the worker that asked was killed
                self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            """Keep the test's output readable."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Exchange)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
