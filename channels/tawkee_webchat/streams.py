"""The events of a visitor's chat, live: what was said, who speaks, that somebody types."""

from typing import Any

from flask import Response, request

from tawkee_core import Address, Channel, inbox, streams

from .access import Visitor
from .view import PAGE, Page, fingerprint, make_page


def answer_events(channel: Channel, visitor: Visitor, cursor: int | None) -> Response:
    """The events of a visitor's chat after `cursor`, or from now on. Raises TooMany, Unavailable."""
    key = (channel.id, visitor.id)
    since = read_page(key).upto if cursor is None else cursor
    return streams.answer_stream(current_rooms(), key, since, request.environ)


def current_rooms() -> streams.Rooms[Page]:
    """The watched chats of this process."""
    return inbox.once_a_process("webchat", open_rooms)


def open_rooms() -> streams.Rooms[Page]:
    rooms = streams.Rooms("webchat", inbox.in_application(read_page), show_page)

    def notice(channel_id: str, address: str, event: dict[str, Any]) -> None:
        kind, key = event.get("event"), (channel_id, address)
        if kind == "poll":
            rooms.refresh_all()
        elif kind == "typing":
            rooms.tell(key, "typing", event)
        else:
            rooms.refresh(key)

    inbox.watch(notice)
    return rooms


def read_page(key: streams.Key) -> Page:
    channel = inbox.channel(key[0], "webchat")
    return visitor_page(channel, Address("visitor", key[1]))


def visitor_page(channel: Channel, address: Address, **place: Any) -> Page:
    """A page of a visitor's chat: the newest, or `after` or `before` a message's id."""
    messages = inbox.messages(channel, address, limit=PAGE, drafts=True, **place)
    chat = inbox.find_chat(channel, address)
    return make_page(messages, chat.owner, chat.status == "waiting") if chat else make_page(messages)


def show_page(room: streams.Room, page: Page, send: streams.Send) -> None:
    """Tell each stream what its reader missed, or what has changed since the room was read last."""
    for stream in list(room.streams):
        if stream.joined:
            show_changes(room, stream, page, send)
        else:
            show_missed(stream, page, send)
    room.shown = {message["seq"]: fingerprint(message) for message in page.messages} | {"speaker": page.speaker()}


def show_changes(room: streams.Room, stream: streams.Stream, page: Page, send: streams.Send) -> None:
    for message in page.messages:
        known = room.shown.get(message["seq"])
        if known is None:
            send(stream, "message", message, page.cursor_before(message))
        elif known != fingerprint(message):
            send(stream, "message-changed", message)
    if page.speaker() != room.shown.get("speaker"):
        send(stream, "owner", page.speaker())


def show_missed(stream: streams.Stream, page: Page, send: streams.Send) -> None:
    stream.joined = True
    send(stream, "owner", page.speaker())
    since = stream.cursor or 0
    if page.skips(since):
        send(stream, "reload", {})
    for message in page.messages:
        if message["seq"] > since:
            send(stream, "message", message, page.cursor_before(message))
