"""An answer that goes on: from a request to a stream that the pump serves."""

import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Flask, Response, current_app, request

from tawkee_core import Address, Channel, inbox

from .access import Visitor
from .handout import is_chunked, take_socket
from .pump import Stream
from .rooms import Key, Rooms
from .view import PAGE, Page, make_page

RELAY_SECONDS = 25.0
RETRY = b"retry: 2000\n\n"
HEADERS = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}
starting = threading.Lock()


def answer_stream(channel: Channel, visitor: Visitor, cursor: int | None) -> Response:
    """The events of a visitor's chat after `cursor`. Raises TooMany, Unavailable."""
    if request.method == "HEAD":
        return Response(mimetype="text/event-stream", headers=HEADERS)
    rooms = current_rooms()
    key = (channel.id, visitor.id)
    rooms.reserve(key)
    return Response(run_stream(rooms, key, cursor, request.environ), mimetype="text/event-stream", headers=HEADERS)


def run_stream(rooms: Rooms, key: Key, cursor: int | None, environ: Mapping[str, Any]) -> Iterator[bytes]:
    """Send the head of the answer through the web server, then go on without it where that is possible."""
    opened = False
    try:
        yield RETRY
        sock = take_socket(environ)
        near, far = (None, sock) if sock else socket.socketpair()
        rooms.open(Stream(far, key, cursor, chunked=sock is not None and is_chunked(environ)))
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


def current_rooms() -> Rooms:
    """The streams of this process, started when the first one is asked for: threads do not survive a fork."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # werkzeug's own way out of its proxy
    with starting:
        held: tuple[int, Rooms] | None = app.extensions.get("tawkee_webchat")
        if held is None or held[0] != os.getpid():
            held = (os.getpid(), Rooms(lambda key: read_page(app, key)))
            app.extensions["tawkee_webchat"] = held
            inbox.watch(held[1].notice)
        return held[1]


def read_page(app: Flask, key: Key) -> Page:
    with app.app_context():
        channel = inbox.channel(key[0], "webchat")
        return visitor_page(channel, Address("visitor", key[1]))


def visitor_page(channel: Channel, address: Address, **place: Any) -> Page:
    """A page of a visitor's chat: the newest, or `after` or `before` a message's id."""
    messages = inbox.messages(channel, address, limit=PAGE, drafts=True, **place)
    chat = inbox.find_chat(channel, address)
    return make_page(messages, chat.owner, chat.status == "waiting") if chat else make_page(messages)
