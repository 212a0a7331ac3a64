"""A load generator that costs little: one thread, one selector, raw requests on connections that stay open."""

import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from .figures import check

ANSWER_SECONDS = 30.0


@dataclass
class Pounded:
    """What came of it: `latencies` in seconds, of answers with status 200 only; other answers are `refused`."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    refused: list[bytes] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds


@dataclass
class Line:
    """One connection, and when what it carries was due."""

    sock: socket.socket
    began: float = 0.0
    received: bytes = b""


class Pounder:
    """So many connections to one server."""

    def __init__(self, port: int, connections: int) -> None:
        self.port, self.connections = port, connections
        self.selector = selectors.DefaultSelector()
        self.lines: list[Line] = []

    def connect(self) -> None:
        """Begin anew: gunicorn closes what was silent for two seconds."""
        self.close()
        self.selector = selectors.DefaultSelector()
        for _ in range(self.connections):
            line = Line(socket.create_connection(("127.0.0.1", self.port), timeout=10))
            line.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.selector.register(line.sock, selectors.EVENT_READ, line)
            self.lines.append(line)

    def close(self) -> None:
        self.selector.close()
        for line in self.lines:
            line.sock.close()
        self.lines = []

    def pound(self, make: Callable[[], bytes], seconds: float, limit: int = 1 << 30) -> Pounded:
        """Closed loop: every connection sends its next request when the last one is answered."""
        self.connect()
        result, begin, sent = Pounded(), time.perf_counter(), 0
        for line in self.lines[:limit]:
            self._send(line, make(), time.perf_counter())
            sent += 1
        busy = sent
        while busy:
            for line in self._answered(result):
                busy -= 1
                if time.perf_counter() - begin < seconds and sent < limit:
                    self._send(line, make(), time.perf_counter())
                    sent, busy = sent + 1, busy + 1
        result.seconds = time.perf_counter() - begin
        return result

    def pace(self, make: Callable[[], bytes], seconds: float, rate: float) -> Pounded:
        """Open loop: `rate` requests a second, each timed from the moment it was due, whether a connection was free or
        not."""
        self.connect()
        result, begin = Pounded(), time.perf_counter()
        free, busy, sent, total = deque(self.lines), 0, 0, int(rate * seconds)
        while sent < total or busy:
            while free and sent < total and time.perf_counter() >= (due := begin + sent / rate):
                self._send(free.popleft(), make(), due)
                sent, busy = sent + 1, busy + 1
            wait = begin + sent / rate - time.perf_counter() if sent < total and free else ANSWER_SECONDS
            for line in self._answered(result, max(wait, 0.0), strict=not (sent < total and free)):
                free.append(line)
                busy -= 1
        result.seconds = time.perf_counter() - begin
        return result

    def _send(self, line: Line, request: bytes, began: float) -> None:
        line.began, line.received = began, b""
        line.sock.sendall(request)

    def _answered(self, result: Pounded, wait: float = ANSWER_SECONDS, strict: bool = True) -> Iterator[Line]:
        ready = self.selector.select(wait)
        check(bool(ready) or not strict, f"no answer within {ANSWER_SECONDS:.0f} s")
        for key, _ in ready:
            line: Line = key.data
            piece = line.sock.recv(65536)
            check(bool(piece), "the server closed a connection")
            line.received += piece
            if not is_whole(line.received):
                continue
            if line.received.startswith(b"HTTP/1.1 200"):
                result.latencies.append(time.perf_counter() - line.began)
            else:
                result.refused.append(line.received)
            yield line


@contextmanager
def pounding(port: int, connections: int = 32) -> Iterator[Pounder]:
    pounder = Pounder(port, connections)
    try:
        yield pounder
    finally:
        pounder.close()


def is_whole(answer: bytes) -> bool:
    """Whether an answer with a Content-Length has arrived."""
    head, found, body = answer.partition(b"\r\n\r\n")
    if not found:
        return False
    _, named, rest = head.lower().partition(b"content-length:")
    check(bool(named), f"an answer without a length: {head[:200]!r}")
    return len(body) >= int(rest.split(b"\r\n")[0])
