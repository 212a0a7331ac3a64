"""Messenger: messages to a Facebook page, through the Send API."""

from tawkee_core import (
    Capabilities,
    Channel,
    ChannelEvent,
    ChannelInfo,
    Connection,
    Contact,
    Label,
    Media,
    MediaRule,
    Message,
    Pace,
    hookimpl,
)

from .direct import send, setup
from .direct.parse import parse_webhook
from .fields import account_fields
from .proof import answer_challenge, verify_signature

SUBSCRIBED = "messages,messaging_postbacks,message_reactions,message_reads,message_deliveries,message_echoes"
MIB = 1024 * 1024
ANY = MediaRule(("*/*",), 25 * MIB)
INFO = ChannelInfo(
    label=Label("Messenger", "Messenger"),
    send_semantics="reconcilable",
    connects="token",
    fields=account_fields("https://graph.facebook.com"),
    capabilities=Capabilities(
        max_text=2000,
        media_in={kind: ANY for kind in ("image", "audio", "video", "document")},
        media_out={
            "image": MediaRule(("image/jpeg", "image/png", "image/gif"), 8 * MIB),
            "audio": MediaRule(("audio/*",), 25 * MIB),
            "video": MediaRule(("video/*",), 25 * MIB),
            "document": ANY,
        },
        typing=True,
        read_receipts=True,
        buttons=13,
        reply_window_hours=24,
        person_window_hours=168,
    ),
    pace=Pace(contact_seconds=1.0, burst=5, per_second=40.0),
)


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
    return parse_webhook(channel, body, "page", "psid")


@hookimpl
def channel_send(channel: Channel, contact: Contact, message: Message) -> str:
    return send.send_message(channel, contact, message)


@hookimpl
def channel_lookup() -> str | None:
    """Meta has no look-up of a sent message: its echo, which comes as a webhook, is what confirms one."""
    return None


@hookimpl
def channel_media(channel: Channel, media: Media) -> Media:
    return send.fetch_file(channel, media)


@hookimpl
def channel_typing(channel: Channel, contact: Contact) -> bool:
    return send.show_action(channel, contact, "typing_on")


@hookimpl
def channel_read(channel: Channel, contact: Contact) -> bool:
    return send.show_action(channel, contact, "mark_seen")


@hookimpl
def channel_connect(channel: Channel) -> Connection:
    return setup.connect(channel, SUBSCRIBED)


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
