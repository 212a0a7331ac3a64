"""Who watches which chat, and what is new in it. A chat is read from the database once for all who watch it, and only
when something happened there: an idle stream asks nothing of anybody."""

import json
import resource
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

import structlog

from tawkee_core import NotFound, TooMany, Unavailable

from .pump import Pump, Stream
from .view import Page, fingerprint

Key = tuple[str, str]
MAX_STREAMS = 4
SPARE_FILES = 256
WANTED_FILES = 16_384
RETRY_SECONDS = 1.0
log = structlog.get_logger()


@dataclass(slots=True)
class Room:
    """The streams of one visitor's chat, and what they were last shown of each message."""

    streams: set[Stream] = field(default_factory=set)
    shown: dict[int, int] = field(default_factory=dict)
    speaker: dict[str, Any] = field(default_factory=dict)


class Rooms:
    """The event streams of one process. `read` gives the newest page of a chat, on a thread of its own; NotFound closes
    the chat."""

    def __init__(self, read: Callable[[Key], Page]) -> None:
        self._read = read
        self._room_for = raise_file_limit() - SPARE_FILES
        self._rooms: dict[Key, Room] = {}
        self._counts: Counter[Key] = Counter()
        self._lock = threading.Lock()
        self._due: dict[Key, None] = {}
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._pump = Pump(self._leave)
        threading.Thread(target=self._read_due, name="webchat-rooms", daemon=True).start()

    def reserve(self, key: Key) -> None:
        """Claim a place for one more stream; `open` or `release` must follow. Raises TooMany, Unavailable."""
        with self._lock:
            if self._counts[key] >= MAX_STREAMS:
                raise TooMany("This visitor has enough event streams open.", slug="too_many_streams")
            if self._counts.total() >= self._room_for:
                raise Unavailable("No more event streams can be served here at the moment.", slug="too_many_streams")
            self._counts[key] += 1

    def release(self, key: Key) -> None:
        """Give a place back."""
        with self._lock:
            self._counts[key] -= 1
            if self._counts[key] <= 0:
                del self._counts[key]

    def open(self, stream: Stream) -> None:
        """Begin to serve a stream: first what its reader missed, then what happens."""
        self._pump.post(lambda: self._enter(stream))
        self._want(stream.key)

    def notice(self, channel_id: str, address: str, event: dict[str, Any]) -> None:
        """Something happened in a chat (`typing`, `message` …), or nobody can tell (`poll`). Safe from any thread."""
        kind, key = event.get("event"), (channel_id, address)
        if kind == "poll":
            for each in list(self._counts):
                self._want(each)
        elif key in self._counts and kind == "typing":
            self._pump.post(lambda: self._tell(key, "typing", event))
        elif key in self._counts:
            self._want(key)

    def _want(self, key: Key) -> None:
        with self._lock:
            self._due[key] = None
        self._bell.put(None)

    def _read_due(self) -> None:
        while True:
            self._bell.get()
            with self._lock:
                due, self._due = list(self._due), {}
            for key in due:
                self._read_one(key)

    def _read_one(self, key: Key) -> None:
        try:
            page = self._read(key)
        except NotFound:
            self._pump.post(lambda: self._close(key))
            return
        except Exception:  # whatever keeps the chat from being read now, its watchers wait for it
            log.warning("chat_unreadable", channel=key[0], exc_info=True)
            time.sleep(RETRY_SECONDS)
            if key in self._counts:
                self._want(key)
            return
        self._pump.post(lambda: self._show(key, page))

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

    def _show(self, key: Key, page: Page) -> None:
        room = self._rooms.get(key)
        if room is None:
            return
        for stream in list(room.streams):
            if stream.joined:
                self._show_changes(room, stream, page)
            else:
                self._show_missed(stream, page)
        room.shown = {message["seq"]: fingerprint(message) for message in page.messages}
        room.speaker = page.speaker()

    def _show_changes(self, room: Room, stream: Stream, page: Page) -> None:
        for message in page.messages:
            known = room.shown.get(message["seq"])
            if known is None:
                self._send(stream, "message", message, page.cursor_before(message))
            elif known != fingerprint(message):
                self._send(stream, "message-changed", message)
        if page.speaker() != room.speaker:
            self._send(stream, "owner", page.speaker())

    def _show_missed(self, stream: Stream, page: Page) -> None:
        stream.joined = True
        self._send(stream, "owner", page.speaker())
        if stream.cursor is None:
            return
        if page.skips(stream.cursor):
            self._send(stream, "reload", {})
        for message in page.messages:
            if message["seq"] > stream.cursor:
                self._send(stream, "message", message, page.cursor_before(message))

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
