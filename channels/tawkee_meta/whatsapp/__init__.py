"""WhatsApp through Meta's Cloud API: the official way, with templates and a window of 24 hours."""

from collections.abc import Sequence

from tawkee_core import (
    Channel,
    ChannelEvent,
    ChannelInfo,
    Connection,
    Contact,
    Media,
    Message,
    TemplateInfo,
    hookimpl,
)

from ..proof import answer_challenge, verify_signature
from . import send, setup
from .info import INFO
from .parse import parse_webhook


@hookimpl
def channel_info() -> ChannelInfo:
    return INFO


@hookimpl
def channel_challenge(channel: Channel, query: dict[str, str]) -> str:
    return answer_challenge(channel, query)


@hookimpl
def channel_verify(channel: Channel, headers: dict[str, str], body: bytes) -> bool:
    return verify_signature(channel, headers, body)


@hookimpl
def channel_parse(channel: Channel, body: bytes) -> list[ChannelEvent]:
    return parse_webhook(channel, body)


@hookimpl
def channel_send(channel: Channel, contact: Contact, message: Message, client_id: str) -> str:
    return send.send_message(channel, contact, message, client_id)


@hookimpl
def channel_lookup(channel: Channel) -> str | None:
    """Meta has no look-up of a sent message: its status webhook, which carries our id, is what confirms one."""
    return None


@hookimpl
def channel_media(channel: Channel, media: Media) -> Media:
    return send.fetch_file(channel, media)


@hookimpl
def channel_read(channel: Channel, message_ids: Sequence[str]) -> bool:
    """Marks as read and shows typing in one call, which is how Meta offers it."""
    return send.mark_read(channel, message_ids)


@hookimpl
def channel_templates(channel: Channel) -> list[TemplateInfo]:
    return setup.list_templates(channel)


@hookimpl
def channel_connect(channel: Channel) -> Connection:
    return setup.connect(channel)


@hookimpl
def channel_status(channel: Channel) -> Connection:
    return setup.get_status(channel)


@hookimpl
def channel_disconnect(channel: Channel) -> Connection:
    return setup.disconnect(channel)


@hookimpl
def channel_delete(channel: Channel) -> bool:
    setup.disconnect(channel)
    return True
