"""Who watches what, and what is new there. A room is read from the database once for all who watch it, and only when
something happened in it: an idle stream asks nothing of anybody."""

import json
import resource
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, ClassVar, Generic, TypeVar

import structlog

from ..errors import NotFound, TooMany, Unavailable
from .pump import Pump, Stream

Key = tuple[str, ...]
Page = TypeVar("Page")
Send = Callable[..., None]
MAX_STREAMS = 4
SPARE_FILES = 256
WANTED_FILES = 16_384
RETRY_SECONDS = 1.0
log = structlog.get_logger()


@dataclass(slots=True)
class Room:
    """The streams of one key, and what `show` notes of what they were shown."""

    streams: set[Stream] = field(default_factory=set)
    shown: dict[Any, Any] = field(default_factory=dict)


class Rooms(Generic[Page]):
    """Event streams of one kind in one process.

    `read(key)` gives a room's page, on a thread of its own; NotFound closes the room. `show(room, page, send)` tells it
    to the room's streams by `send(stream, event, data, cursor=None)`, on the thread that writes to all of them."""

    _lock: ClassVar = threading.Lock()
    _open: ClassVar[int] = 0  # of every kind in this process

    def __init__(
        self, name: str, read: Callable[[Key], Page], show: Callable[[Room, Page, Send], None], most: int = MAX_STREAMS
    ) -> None:
        self._read, self._show, self._most = read, show, most
        self._room_for = raise_file_limit() - SPARE_FILES
        self._rooms: dict[Key, Room] = {}
        self._counts: Counter[Key] = Counter()
        self._due: dict[Key, None] = {}
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._pump = Pump(self._leave)
        threading.Thread(target=self._read_due, name=f"{name}-rooms", daemon=True).start()

    def reserve(self, key: Key) -> None:
        """Claim a place for one more stream; `open` or `release` must follow. Raises TooMany, Unavailable."""
        with Rooms._lock:
            if self._counts[key] >= self._most:
                raise TooMany("There are enough event streams open of this.", slug="too_many_streams")
            if Rooms._open >= self._room_for:
                raise Unavailable("No more event streams can be served here at the moment.", slug="too_many_streams")
            self._counts[key] += 1
            Rooms._open += 1

    def release(self, key: Key) -> None:
        """Give a place back."""
        with Rooms._lock:
            Rooms._open -= 1
            self._counts[key] -= 1
            if self._counts[key] <= 0:
                del self._counts[key]

    def open(self, stream: Stream) -> None:
        """Begin to serve a stream: first what its reader missed, then what happens."""
        self._pump.post(lambda: self._enter(stream))
        self._want(stream.key)

    def refresh(self, key: Key) -> None:
        """Something happened in a room: show its watchers, if it has any. Safe from any thread."""
        if key in self._counts:
            self._want(key)

    def refresh_within(self, start: Key) -> None:
        """Something happened in all rooms whose key begins so."""
        for each in list(self._counts):
            if each[: len(start)] == start:
                self._want(each)

    def refresh_all(self) -> None:
        """Something may have happened anywhere."""
        for each in list(self._counts):
            self._want(each)

    def tell(self, key: Key, event: str, data: dict[str, Any]) -> None:
        """Tell a room's watchers something passing. Safe from any thread."""
        if key in self._counts:
            self._pump.post(lambda: self._tell(key, event, data))

    def _want(self, key: Key) -> None:
        with Rooms._lock:
            self._due[key] = None
        self._bell.put(None)

    def _read_due(self) -> None:
        while True:
            self._bell.get()
            with Rooms._lock:
                due, self._due = list(self._due), {}
            for key in due:
                self._read_one(key)

    def _read_one(self, key: Key) -> None:
        try:
            page = self._read(key)
        except NotFound:
            self._pump.post(lambda: self._close(key))
            return
        except Exception:  # whatever keeps the room from being read now, its watchers wait for it
            log.warning("room_unreadable", room=key[0], exc_info=True)
            time.sleep(RETRY_SECONDS)
            self.refresh(key)
            return
        self._pump.post(lambda: self._show_page(key, page))

    # from here on: on the pump's thread

    def _enter(self, stream: Stream) -> None:
        try:
            self._pump.add(stream)
        except OSError:  # the reader left before it began
            stream.sock.close()
            self.release(stream.key)
            return
        self._rooms.setdefault(stream.key, Room()).streams.add(stream)

    def _leave(self, stream: Stream) -> None:
        room = self._rooms.get(stream.key)
        if room:
            room.streams.discard(stream)
            if not room.streams:
                del self._rooms[stream.key]
        self.release(stream.key)

    def _close(self, key: Key) -> None:
        for stream in list(self._rooms[key].streams) if key in self._rooms else ():
            self._pump.drop(stream)

    def _show_page(self, key: Key, page: Page) -> None:
        room = self._rooms.get(key)
        if room is not None:
            self._show(room, page, self._send)

    def _tell(self, key: Key, event: str, data: dict[str, Any]) -> None:
        for stream in list(self._rooms[key].streams) if key in self._rooms else ():
            self._send(stream, event, data)

    def _send(self, stream: Stream, event: str, data: dict[str, Any], cursor: int | None = None) -> None:
        self._pump.write(stream, format_event(event, data, cursor))


def format_event(event: str, data: dict[str, Any], cursor: int | None = None) -> str:
    """One server-sent event. JSON has no line breaks of its own, so one `data:` line carries it."""
    place = "" if cursor is None else f"id: {cursor}\n"
    return f"event: {event}\n{place}data: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n\n"


def raise_file_limit() -> int:
    """Let this process hold as many connections as it may, and say how many; the usual soft limit is 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_FILES if hard == resource.RLIM_INFINITY else min(hard, WANTED_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return WANTED_FILES if soft == resource.RLIM_INFINITY else soft
