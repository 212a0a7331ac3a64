"""SMS and MMS through Twilio: a number, or a messaging service, of the owner's own account."""

from tawkee_core import Channel, ChannelEvent, ChannelInfo, Connection, Contact, Media, Message, hookimpl

from . import lookup, proof, send, setup
from .info import INFO
from .parse import parse_webhook


@hookimpl
def channel_info() -> ChannelInfo:
    return INFO


@hookimpl
def channel_verify(channel: Channel, headers: dict[str, str], body: bytes) -> bool:
    return proof.verify_signature(channel, headers, body)


@hookimpl
def channel_parse(channel: Channel, body: bytes) -> list[ChannelEvent]:
    return parse_webhook(channel, body)


@hookimpl
def channel_acknowledge() -> str:
    """An empty page: Twilio would take words for an SMS to send, and JSON for broken TwiML."""
    return ""


@hookimpl
def channel_send(channel: Channel, contact: Contact, message: Message) -> str:
    return send.send_message(channel, contact, message)


@hookimpl
def channel_lookup(channel: Channel, contact: Contact, message: Message, since: float) -> str | None:
    return lookup.look_up(channel, contact, message, since)


@hookimpl
def channel_media(channel: Channel, media: Media) -> Media:
    return send.fetch_file(channel, media)


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
