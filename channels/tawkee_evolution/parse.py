"""From an Evolution API v2 webhook to events. Pure: no I/O, no clock.

Facts: evolution-api 2.3.7 (fa09d378) and 2.3.6, and recorded payloads of 2.2.x; older spellings are read too."""

from collections.abc import Callable, Mapping
from typing import Any

from tawkee_core import BadPayload, Channel, ChannelEvent, Ignored, read_json

from .decode import required, text_of
from .events import (
    read_changes,
    read_closing,
    read_connection,
    read_deletions,
    read_qr,
    read_removal,
    read_statuses,
)
from .messages import read_messages, read_sent

# known events that ask nothing of us
QUIET = frozenset(
    "application.startup messages.set contacts.set contacts.upsert contacts.update presence.update chats.set"
    " chats.upsert chats.update chats.delete groups.upsert group.update groups.update group-participants.update"
    " labels.edit labels.association call typebot.start typebot.change-status instance.create"
    " send.message.update".split()
)


def parse_webhook(channel: Channel, body: bytes) -> list[ChannelEvent]:
    """Every event of a webhook's body. Raises BadPayload when it is no Evolution event, or one that is broken."""
    payload = required(read_json(body), "The body")
    name = text_of(payload.get("event")).lower().replace("_", ".")
    if not name:
        raise BadPayload("The body names no event.")
    if name in QUIET:
        return [Ignored(name)]
    read = READERS.get(name)
    return read(channel, payload) if read else [Ignored(f"unknown event {name[:60]}")]


READERS: Mapping[str, Callable[[Channel, Mapping[str, Any]], list[ChannelEvent]]] = {
    "messages.upsert": read_messages,
    "send.message": read_sent,
    "messages.update": read_statuses,
    "messages.edited": read_changes,
    "messages.delete": read_deletions,
    "connection.update": read_connection,
    "qrcode.updated": read_qr,
    "status.instance": read_closing,
    "logout.instance": read_closing,
    "remove.instance": read_removal,
    "instance.delete": read_removal,
}
