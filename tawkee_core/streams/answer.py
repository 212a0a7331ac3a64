"""An answer that goes on: from a request to a stream that the pump serves."""

import socket
import time
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Response

from .handout import is_chunked, take_socket
from .pump import Stream
from .rooms import Key, Rooms

RELAY_SECONDS = 25.0
RETRY = b"retry: 2000\n\n"
TYPE = "text/event-stream"
HEADERS = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}


def answer_stream(
    rooms: Rooms[Any], key: Key, cursor: int | None, environ: Mapping[str, Any], seconds: float | None = None
) -> Response:
    """What a room tells after `cursor`, as the answer to the request with this WSGI environment; for `seconds` at most,
    after which its reader comes back. Raises TooMany, Unavailable."""
    if environ["REQUEST_METHOD"] == "HEAD":
        return Response(mimetype=TYPE, headers=HEADERS)
    rooms.reserve(key)
    return Response(run_stream(rooms, key, cursor, environ, seconds), mimetype=TYPE, headers=HEADERS)


def run_stream(
    rooms: Rooms[Any], key: Key, cursor: int | None, environ: Mapping[str, Any], seconds: float | None
) -> Iterator[bytes]:
    """Send the head of the answer through the web server, then go on without it where that is possible."""
    opened = False
    try:
        yield RETRY
        sock = take_socket(environ)
        near, far = (None, sock) if sock else socket.socketpair()
        until = None if seconds is None else time.monotonic() + seconds
        rooms.open(Stream(far, key, cursor, sock is not None and is_chunked(environ), until))
        opened = True
    finally:
        if not opened:
            rooms.release(key)
    if near:
        yield from relay_stream(near)


def relay_stream(near: socket.socket) -> Iterator[bytes]:
    """Pass a stream on through the web server. It holds one of its threads, so it ends early; the reader comes back."""
    deadline = time.monotonic() + RELAY_SECONDS
    with near:
        while (left := deadline - time.monotonic()) > 0:
            near.settimeout(left)
            try:
                data = near.recv(65_536)
            except TimeoutError:
                return
            if not data:
                return
            yield data
