"""A fake of Discord's REST API on loopback: it keeps what it is told, knows nonces, and fails as it is told to."""

import json
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class Calls(BaseHTTPRequestHandler):
    """One call of the API."""

    server: "DiscordServer"
    protocol_version = "HTTP/1.1"

    def answer_call(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.server.calls.append((self.command, self.path, dict(self.headers)))
        failures = self.server.failures if self.path.endswith("/messages") else None
        failure = failures.popleft() if failures else None
        application = self.server.applications.get(self.headers["authorization"].removeprefix("Bot "))
        if application is None:
            self.reply(401, {"message": "401: Unauthorized", "code": 0})
        elif failure and failure[0]:
            self.reply(*failure)
        else:
            status, told = self.server.carry_out(application, self.command, self.path, json.loads(body or b"null"))
            if failure:
                self.close_connection = True  # carried out, and the answer lost
            else:
                self.reply(status, told)

    do_GET = do_POST = do_PATCH = answer_call

    def reply(self, status: int, told: Any) -> None:
        body = json.dumps(told).encode() if told is not None else b""
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Stay silent."""


class DiscordServer(ThreadingHTTPServer):
    """`sent` holds (channel, message); a failure of a message is (status, body), or (0, None) for an answer that is
    lost; `reachable` says whether the address for interactions answers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Calls)
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.calls: list[tuple[str, str, dict[str, str]]] = []
        self.commands: list[dict[str, Any]] = []
        self.failures: deque[tuple[int, Any]] = deque()
        self.applications: dict[str, dict[str, Any]] = {}
        self.nonces: dict[str, str] = {}
        self.reachable = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/api/v10"

    def add_application(self, verify_key: str) -> str:
        """A new application's bot token."""
        token = f"MTk4NjIy.fake.{len(self.applications)}"
        self.applications[token] = {"id": "77", "verify_key": verify_key, "interactions_endpoint_url": None}
        return token

    def carry_out(self, application: dict[str, Any], method: str, path: str, values: Any) -> tuple[int, Any]:
        match method, path.removeprefix("/api/v10").split("/")[1:]:
            case "POST", ["channels", place, "messages"]:
                return 200, {"id": self.keep(place, values)}
            case "POST", ["channels", _, "typing"]:
                return 204, None
            case "POST", ["applications", "77", "commands"]:
                self.commands.append(values)
                return 201, {"id": "1", **values}
            case "PATCH", ["applications", "@me"] if not self.reachable:
                return 400, {"message": "The specified interactions endpoint url could not be verified.", "code": 50035}
            case "GET" | "PATCH", ["applications", "@me"]:
                application |= values or {}
                return 200, application
            case _:
                return 404, {"message": "404: Not Found", "code": 0}

    def keep(self, place: str, message: dict[str, Any]) -> str:
        assert len(message["nonce"]) <= 25 and message["enforce_nonce"] is True
        if message["nonce"] not in self.nonces:
            self.sent.append((place, message))
            self.nonces[message["nonce"]] = str(900 + len(self.sent))
        return self.nonces[message["nonce"]]

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.shutdown()
        self.server_close()
