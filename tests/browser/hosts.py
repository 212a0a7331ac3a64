"""Pages of other people's sites, and a line that can be cut: small real servers on loopback."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def serve_html(page: Callable[[str], str]) -> Iterator[str]:
    """A site of one page, made from its own origin, that allows no inline styles; its origin."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = page(origin).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", "style-src 'self'")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the test's output is enough."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    origin = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield origin
    finally:
        server.shutdown()
        server.server_close()


class Line:
    """A TCP line to a server. `cut` drops what is connected and refuses the rest, until `mend`."""

    def __init__(self, port: int) -> None:
        self.target = port
        self.open: set[socket.socket] = set()
        self.whole = threading.Event()
        self.whole.set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self.whole.clear()
        for end in list(self.open):
            hang_up(end)

    def mend(self) -> None:
        self.whole.set()

    def close(self) -> None:
        self.listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            if not self.whole.is_set():
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self.target))
            self.open |= {near, far}
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with source, suppress(OSError):  # either end went away, or the line was cut
            while data := source.recv(65_536):
                sink.sendall(data)
        hang_up(sink)
        self.open.discard(source)


def hang_up(end: socket.socket) -> None:
    """Closing alone would not wake the thread that reads from it."""
    with suppress(OSError):  # gone already
        end.shutdown(socket.SHUT_RDWR)
