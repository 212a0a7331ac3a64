"""One thread that writes to every event stream of this process. It never waits for a database or a slow reader."""

import os
import selectors
import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue

import structlog

PING_SECONDS = 20.0
DEAD_MILLISECONDS = 45_000
MAX_BEHIND = 256 * 1024
LAST_CHUNK = b"0\r\n\r\n"
TCP_USER_TIMEOUT = getattr(socket, "TCP_USER_TIMEOUT", 18)  # Linux's number; the name is missing on other systems
log = structlog.get_logger()


class Stream:
    """One open connection. `cursor` is how far its reader has seen; None for who wants only what is new. It is closed
    after `until` (this process's monotonic clock), when its reader has to prove again who they are."""

    __slots__ = ("behind", "chunked", "cursor", "joined", "key", "sock", "until")

    def __init__(
        self,
        sock: socket.socket,
        key: tuple[str, ...],
        cursor: int | None,
        chunked: bool,
        until: float | None = None,
    ) -> None:
        self.sock = sock
        self.key = key
        self.cursor = cursor
        self.chunked = chunked
        self.until = until
        self.joined = False
        self.behind = b""

    @property
    def over(self) -> bool:
        return self.until is not None and time.monotonic() > self.until


class Pump:
    """The thread and its streams. Only the thread itself touches them; others hand it work with `post`."""

    def __init__(self, closed: Callable[[Stream], None], ping_seconds: float = PING_SECONDS) -> None:
        self._closed = closed
        self._ping_seconds = ping_seconds
        self._selector = selectors.DefaultSelector()
        self._work: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._bell, self._rope = socket.socketpair()
        self._bell.setblocking(False)
        self._rope.setblocking(False)
        self._selector.register(self._bell, selectors.EVENT_READ)
        self._written: OrderedDict[Stream, float] = OrderedDict()  # least recently written first
        self._thread = threading.Thread(target=self._run, name="event-streams", daemon=True)
        self._thread.start()

    def __len__(self) -> int:
        return len(self._written)

    def post(self, work: Callable[[], object]) -> None:
        """Have the thread do something soon; safe from any thread."""
        self._work.put(work)
        try:
            self._rope.send(b"\0")
        except BlockingIOError:
            return  # it is full of rings already

    def add(self, stream: Stream) -> None:
        """Take a connection in. On the pump's thread."""
        stream.sock.setblocking(False)
        watch_peer(stream.sock)
        self._selector.register(stream.sock, selectors.EVENT_READ, stream)
        self._written[stream] = time.monotonic()

    def write(self, stream: Stream, text: str) -> None:
        """Send a piece, later where the reader is slow; one too far behind is dropped. On the pump's thread."""
        if stream not in self._written:
            return
        if stream.over:
            self.drop(stream)
            return
        self._written[stream] = time.monotonic()
        self._written.move_to_end(stream)
        waiting = bool(stream.behind)
        stream.behind += frame_chunk(text.encode(), stream.chunked)
        if not waiting:
            self._flush(stream)
        if len(stream.behind) > MAX_BEHIND:
            self.drop(stream)

    def drop(self, stream: Stream) -> None:
        """Close a connection. On the pump's thread."""
        if self._written.pop(stream, None) is None:
            return
        self._selector.unregister(stream.sock)
        if stream.chunked and not stream.behind:  # or its reader, and the proxy before us, take the end for a failure
            with suppress(OSError):
                stream.sock.send(LAST_CHUNK)
        stream.sock.close()
        self._closed(stream)

    def _run(self) -> None:
        while True:
            for ready, events in self._selector.select(self._until_ping()):
                if ready.data is None:
                    self._do_work()
                elif events & selectors.EVENT_READ and not still_there(ready.data.sock):
                    self.drop(ready.data)
                elif events & selectors.EVENT_WRITE:
                    self._flush(ready.data)
            self._ping()

    def _do_work(self) -> None:
        try:
            self._bell.recv(4096)
        except BlockingIOError:
            return
        while True:
            try:
                work = self._work.get_nowait()
            except Empty:
                return
            try:
                work()
            except Exception:  # one piece of work that fails must not silence every stream
                log.exception("stream_work_failed")

    def _flush(self, stream: Stream) -> None:
        try:
            sent = stream.sock.send(stream.behind)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.drop(stream)
            return
        stream.behind = stream.behind[sent:]
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if stream.behind else 0)
        if self._selector.get_key(stream.sock).events != wanted:
            self._selector.modify(stream.sock, wanted, stream)

    def _until_ping(self) -> float:
        oldest = next(iter(self._written.values()), None)
        return self._ping_seconds if oldest is None else max(0.0, oldest + self._ping_seconds - time.monotonic())

    def _ping(self) -> None:
        due = time.monotonic() - self._ping_seconds
        while self._written:
            stream, written = next(iter(self._written.items()))
            if written > due:
                return
            self.write(stream, ": ping\n\n")


def watch_peer(sock: socket.socket) -> None:
    """Have the kernel give up on a peer that stopped confirming what it is sent."""
    if sock.family in (socket.AF_INET, socket.AF_INET6):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if os.uname().sysname == "Linux":
            sock.setsockopt(socket.IPPROTO_TCP, TCP_USER_TIMEOUT, DEAD_MILLISECONDS)


def still_there(sock: socket.socket) -> bool:
    """Whether a readable connection is open; what a reader sends into its event stream is thrown away."""
    try:
        return bool(sock.recv(4096))
    except BlockingIOError:
        return True
    except OSError:
        return False


def frame_chunk(data: bytes, chunked: bool) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data) if chunked else data
