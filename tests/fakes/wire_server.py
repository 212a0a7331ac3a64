"""A server that answers with exactly the bytes a test gives it, and counts what reaches it."""

import socket
import ssl
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self


class WireServer:
    """Listens on loopback; runs `answer(connection, server)` for each request on a connection until it is False."""

    def __init__(
        self, answer: Callable[[socket.socket, "WireServer"], bool], context: ssl.SSLContext | None = None
    ) -> None:
        self.answer = answer
        self.context = context
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.socket.getsockname()[1])
        self.requests: list[bytes] = []
        self.connections = 0
        self.failures: list[str] = []
        self.thread = threading.Thread(target=self.accept, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join(5)

    def accept(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:  # closed by __exit__
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                if self.context:
                    connection = self.context.wrap_socket(connection, server_side=True)
                with connection:
                    while self.answer(connection, self):
                        pass
            except OSError as error:  # the client went away, or refused our certificate
                self.failures.append(str(error))


def read_request(connection: socket.socket, server: WireServer) -> bytes:
    """One request with its body; empty when the client closed."""
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65536)
        if not piece:
            return b""
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            while len(body) < int(line.split(b":")[1]):
                body += connection.recv(65536)
    server.requests.append(head + b"\r\n\r\n" + body)
    return head + b"\r\n\r\n" + body


def reply(raw: bytes, then_close: bool = False) -> Callable[[socket.socket, WireServer], bool]:
    """Answer every request with these bytes."""

    def answer(connection: socket.socket, server: WireServer) -> bool:
        if not read_request(connection, server):
            return False
        connection.sendall(raw)
        return not then_close

    return answer


def drip(raw: bytes, pause: float) -> Callable[[socket.socket, WireServer], bool]:
    """Answer byte by byte."""

    def answer(connection: socket.socket, server: WireServer) -> bool:
        if not read_request(connection, server):
            return False
        for index in range(len(raw)):
            connection.sendall(raw[index : index + 1])
            time.sleep(pause)
        return False

    return answer
