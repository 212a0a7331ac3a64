"""Telegram through the Bot API: a bot made with @BotFather answers private chats, and groups that call it."""

from hmac import compare_digest
from typing import Any

from tawkee_core import (
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

from . import send, setup
from .info import INFO
from .parse import answer_press, parse_update

SECRET_HEADER = "x-telegram-bot-api-secret-token"


@hookimpl
def channel_info() -> ChannelInfo:
    return INFO


@hookimpl
def channel_verify(channel: Channel, headers: dict[str, str]) -> bool:
    given = headers.get(SECRET_HEADER, "").encode("utf-8", "replace")
    if not channel.webhook_secret or not compare_digest(given, channel.webhook_secret.encode()):
        raise InvalidWebhook()
    return True


@hookimpl
def channel_parse(channel: Channel, body: bytes) -> list[ChannelEvent]:
    return [parse_update(channel, body)]


@hookimpl
def channel_acknowledge(body: bytes) -> dict[str, Any] | None:
    """A pressed button waits until its press is answered, also when nobody answers its message."""
    return answer_press(body)


@hookimpl
def channel_send(channel: Channel, contact: Contact, message: Message) -> str:
    return send.send_message(channel, contact, message)


@hookimpl
def channel_media(channel: Channel, media: Media) -> Media:
    return send.fetch_file(channel, media)


@hookimpl
def channel_typing(channel: Channel, contact: Contact) -> bool:
    return send.show_typing(channel, contact)


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
