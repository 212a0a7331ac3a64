"""Mercado Livre: questions about a seller's products are answered, and buyers' messages after the sale."""

from tawkee_core import Channel, ChannelEvent, ChannelInfo, Connection, Contact, Media, Message, hookimpl

from . import oauth, send
from .fetch import fetch_file, fetch_resource
from .info import INFO
from .parse import list_missed, parse_notification, verify_application


@hookimpl
def channel_info() -> ChannelInfo:
    return INFO


@hookimpl
def channel_verify(channel: Channel, body: bytes) -> bool:
    """Mercado Livre signs nothing. The proof is the token in the address, which the core checked; what a notification
    says is never believed, only fetched."""
    return verify_application(channel, body)


@hookimpl
def channel_parse(channel: Channel, body: bytes) -> list[ChannelEvent]:
    return [parse_notification(channel, body)]


@hookimpl
def channel_fetch(channel: Channel, resource: str) -> list[ChannelEvent]:
    return fetch_resource(channel, resource)


@hookimpl
def channel_catch_up(channel: Channel, since: float) -> list[ChannelEvent]:
    return list_missed(channel, since)


@hookimpl
def channel_media(channel: Channel, media: Media) -> Media:
    return fetch_file(channel, media)


@hookimpl
def channel_send(channel: Channel, contact: Contact, message: Message) -> str:
    return send.send_message(channel, contact, message)


@hookimpl
def channel_lookup(channel: Channel, contact: Contact, message: Message, since: float) -> str | None:
    return send.look_up(channel, contact, message, since)


@hookimpl
def channel_authorize(channel: Channel, state: str, return_url: str) -> str:
    return oauth.authorize_url(channel, state, return_url)


@hookimpl
def channel_callback(channel: Channel, query: dict[str, str], return_url: str) -> Connection:
    return oauth.finish(channel, query, return_url)


@hookimpl
def channel_refresh(channel: Channel) -> Connection:
    return oauth.refresh(channel)


@hookimpl
def channel_status(channel: Channel) -> Connection:
    return oauth.get_status(channel)


@hookimpl
def channel_disconnect() -> Connection:
    return oauth.forget_tokens()
