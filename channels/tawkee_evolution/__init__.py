"""WhatsApp through a self-hosted Evolution API v2 server: a phone linked by QR code, without Meta's approval."""

from collections.abc import Callable, Sequence
from functools import wraps
from hmac import compare_digest

from tawkee_core import (
    AuthLost,
    Channel,
    ChannelEvent,
    ChannelInfo,
    Connection,
    Contact,
    InvalidWebhook,
    Media,
    Message,
    hookimpl,
)

from . import lookup, send, setup, words
from .failures import LicenseRequired
from .info import INFO
from .parse import parse_webhook


@hookimpl
def channel_info() -> ChannelInfo:
    return INFO


@hookimpl
def channel_verify(channel: Channel, headers: dict[str, str]) -> bool:
    """Evolution signs nothing: the proof is the header we asked it to send, beside the token in the webhook's path."""
    given, expected = headers.get("authorization", ""), f"Bearer {channel.webhook_secret}"
    if not channel.webhook_secret or not compare_digest(given.encode("utf-8", "replace"), expected.encode()):
        raise InvalidWebhook()
    return True


@hookimpl
def channel_parse(channel: Channel, body: bytes) -> list[ChannelEvent]:
    return parse_webhook(channel, body)


@hookimpl
def channel_send(channel: Channel, contact: Contact, message: Message) -> str:
    return send.send_message(channel, contact, message)


@hookimpl
def channel_lookup(channel: Channel, contact: Contact, message: Message, since: float) -> str | None:
    return lookup.look_up(channel, contact, message, since)


@hookimpl
def channel_media(channel: Channel, media: Media) -> Media:
    return send.fetch_media(channel, media)


@hookimpl
def channel_typing(channel: Channel, contact: Contact, seconds: float) -> bool:
    return send.show_typing(channel, contact, seconds)


@hookimpl
def channel_read(channel: Channel, contact: Contact, message_ids: Sequence[str]) -> bool | None:
    return send.mark_read(channel, contact, message_ids)


def tells_owner(step: Callable[[Channel], Connection]) -> Callable[[Channel], Connection]:
    """A step that says in plain words when the server (2.4 or newer) is not activated, or refuses the key."""

    @wraps(step)
    def told(channel: Channel) -> Connection:
        try:
            return step(channel)
        except LicenseRequired:
            return Connection("failed", words.LICENSE)
        except AuthLost:
            return Connection("failed", words.KEY_REFUSED)

    return told


@hookimpl
@tells_owner
def channel_connect(channel: Channel) -> Connection:
    return setup.connect(channel)


@hookimpl
@tells_owner
def channel_qr(channel: Channel) -> Connection:
    return setup.get_qr(channel)


@hookimpl
@tells_owner
def channel_status(channel: Channel) -> Connection:
    return setup.get_status(channel)


@hookimpl
@tells_owner
def channel_disconnect(channel: Channel) -> Connection:
    return setup.log_out(channel)


@hookimpl
def channel_delete(channel: Channel) -> bool:
    return setup.remove(channel)
