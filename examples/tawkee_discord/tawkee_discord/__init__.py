"""Discord: people ask with /ask in a server or in private, and press the buttons of an answer."""

from typing import Any

from tawkee_core import (
    Capabilities,
    Channel,
    ChannelEvent,
    ChannelInfo,
    Connection,
    Contact,
    Field,
    Label,
    Message,
    Pace,
    hookimpl,
)

from . import api, interactions

TAWKEE_CONTRACT = 1
INFO = ChannelInfo(
    label=Label("Discord", "Discord"),
    send_semantics="idempotent",  # by nonce, which Discord remembers for some minutes
    connects="token",
    fields=(
        Field("token", Label("Token do bot", "Bot token"), "secret", required=True),
        Field("public_key", Label("Chave pública do aplicativo", "Application's public key"), required=True),
        Field("api_url", Label("Endereço da API", "API address"), "url", default=api.API),
    ),
    capabilities=Capabilities(max_text=2000, buttons=5, max_button=80, typing=True, groups=True),
    pace=Pace(per_second=40),
)


@hookimpl
def channel_info() -> ChannelInfo:
    return INFO


@hookimpl
def channel_verify(channel: Channel, headers: dict[str, str], body: bytes) -> bool:
    return interactions.verify_signature(channel, headers, body)


@hookimpl
def channel_parse(body: bytes) -> list[ChannelEvent]:
    return [interactions.read_interaction(body)]


@hookimpl
def channel_acknowledge(body: bytes) -> dict[str, Any] | None:
    return interactions.answer_interaction(body)


@hookimpl
def channel_send(channel: Channel, contact: Contact, message: Message, client_id: str) -> str:
    return api.send_message(channel, contact, message, client_id)


@hookimpl
def channel_typing(channel: Channel, contact: Contact) -> bool:
    api.call(channel, "POST", f"/channels/{contact.address.value}/typing")
    return True


@hookimpl
def channel_connect(channel: Channel) -> Connection:
    return api.connect(channel)


@hookimpl
def channel_status(channel: Channel) -> Connection:
    return api.get_status(channel)


@hookimpl
def channel_disconnect(channel: Channel) -> Connection:
    return api.disconnect(channel)


@hookimpl
def channel_delete(channel: Channel) -> bool:
    api.disconnect(channel)
    return True
