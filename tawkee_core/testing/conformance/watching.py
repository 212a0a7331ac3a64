"""What code does beside computing: connections, other programs, waiting. Seen by Python's own audit events."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

WATCHED = ("socket.connect", "socket.getaddrinfo", "socket.sendto", "subprocess.Popen", "os.system", "time.sleep")
_thread = threading.local()


@contextmanager
def watch() -> Iterator[list[str]]:
    """The names of what this thread does of WATCHED while the block runs."""
    add_hook()
    seen: list[str] = []
    _thread.seen = seen
    try:
        yield seen
    finally:
        _thread.seen = None


@cache
def add_hook() -> None:
    """Once a process, since a hook cannot be taken away again."""
    sys.addaudithook(note)


def note(event: str, arguments: tuple[Any, ...]) -> None:
    if event in WATCHED and getattr(_thread, "seen", None) is not None:
        _thread.seen.append(event)
