"""WhatsApp through Z-API: a phone linked by QR code to a paid Brazilian server, without Meta's approval."""

from collections.abc import Sequence

from tawkee_core import Channel, ChannelEvent, ChannelInfo, Connection, Contact, Media, Message, hookimpl

from . import proof, send, setup
from .info import INFO
from .parse import parse_webhook


@hookimpl
def channel_info() -> ChannelInfo:
    return INFO


@hookimpl
def channel_verify(channel: Channel, headers: dict[str, str], body: bytes) -> bool:
    return proof.verify_origin(channel, headers, body)


@hookimpl
def channel_parse(channel: Channel, body: bytes) -> list[ChannelEvent]:
    return parse_webhook(channel, body)


@hookimpl
def channel_send(channel: Channel, contact: Contact, message: Message) -> str:
    return send.send_message(channel, contact, message)


@hookimpl
def channel_media(channel: Channel, media: Media) -> Media:
    return send.fetch_file(media)


@hookimpl
def channel_read(channel: Channel, contact: Contact, message_ids: Sequence[str]) -> bool:
    return send.mark_read(channel, contact, message_ids)


@hookimpl
def channel_connect(channel: Channel) -> Connection:
    return setup.connect(channel)


@hookimpl
def channel_qr(channel: Channel) -> Connection:
    return setup.get_qr(channel)


@hookimpl
def channel_status(channel: Channel) -> Connection:
    return setup.get_status(channel)


@hookimpl
def channel_disconnect(channel: Channel) -> Connection:
    return setup.log_out(channel)


@hookimpl
def channel_delete(channel: Channel) -> bool:
    return setup.remove(channel)
