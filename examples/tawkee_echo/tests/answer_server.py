"""The other side of the echo channel: an HTTP server that keeps the answers it is given."""

import hmac
import json
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class Answers(BaseHTTPRequestHandler):
    """Takes a POST, or fails as its server is told to."""

    server: "AnswerServer"
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        failure = self.server.failures.popleft() if self.server.failures else ""
        if failure in ("retryable", "permanent"):
            self.answer(503 if failure == "retryable" else 422)
            return
        self.server.take(json.loads(body), self.headers["x-echo-signature"], body)
        if failure == "lost":
            self.close_connection = True
        else:
            self.answer(502 if failure == "garbled" else 200)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Stay silent."""


class AnswerServer(ThreadingHTTPServer):
    """Listens on loopback. `taken` holds every message once, since a message is known by its id."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.taken: dict[str, dict[str, str]] = {}
        self.signatures: list[tuple[str, bytes]] = []
        self.failures: deque[str] = deque()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/answers"

    def take(self, message: dict[str, str], signature: str, body: bytes) -> None:
        self.taken.setdefault(message["id"], message)
        self.signatures.append((signature, body))

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.shutdown()
        self.server_close()


def sign(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, "sha256").hexdigest()
