"""The hooks of Instagram and Messenger: one Send API, one `messaging` envelope, two objects."""

from dataclasses import dataclass

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
    TextUnit,
    hookimpl,
)

from ..fields import account_fields
from ..proof import answer_challenge, verify_signature
from . import send, setup
from .parse import parse_webhook

MIB = 1024 * 1024
ANY = MediaRule(("*/*",), 25 * MIB)
MEDIA_OUT = {
    "image": MediaRule(("image/jpeg", "image/png", "image/gif"), 8 * MIB, max_caption=0),
    "audio": MediaRule(("audio/*",), 25 * MIB, max_caption=0),
    "video": MediaRule(("video/*",), 25 * MIB, max_caption=0),
    "document": MediaRule(("*/*",), 25 * MIB, max_caption=0),
}


def direct_info(name: str, api: str, max_text: int, unit: TextUnit, per_second: float) -> ChannelInfo:
    """What the two say of themselves; they differ in the length of a text and in how fast they take them."""
    return ChannelInfo(
        label=Label(name, name),
        send_semantics="reconcilable",
        connects="token",
        fields=account_fields(api),
        capabilities=Capabilities(
            max_text=max_text,
            text_unit=unit,
            markup="plain",
            media_in={kind: ANY for kind in ("image", "audio", "video", "document")},
            media_out=MEDIA_OUT,
            typing=True,
            read_receipts=True,
            buttons=13,
            reply_window_hours=24,
            person_window_hours=168,
            names=True,
        ),
        pace=Pace(contact_seconds=1.0, burst=5, per_second=per_second),
    )


@dataclass(frozen=True, eq=False)
class DirectChannel:
    """A plugin of one of the two: the `object` of its webhooks, the kind of its addresses, what it subscribes to,
    what its account and its contacts are asked for, and whether its token ends and is renewed."""

    info: ChannelInfo
    object_name: str
    address_kind: str
    subscribed: str
    account_fields: str
    contact_fields: str
    renews: bool

    @hookimpl
    def channel_info(self) -> ChannelInfo:
        return self.info

    @hookimpl
    def channel_challenge(self, channel: Channel, query: dict[str, str]) -> str:
        return answer_challenge(channel, query)

    @hookimpl
    def channel_verify(self, channel: Channel, headers: dict[str, str], body: bytes) -> bool:
        return verify_signature(channel, headers, body)

    @hookimpl
    def channel_parse(self, channel: Channel, body: bytes) -> list[ChannelEvent]:
        return parse_webhook(channel, body, self.object_name, self.address_kind)

    @hookimpl
    def channel_send(self, channel: Channel, contact: Contact, message: Message) -> str:
        return send.send_message(channel, contact, message)

    @hookimpl
    def channel_lookup(self) -> str | None:
        """Meta has no look-up of a sent message: its echo, which comes as a webhook, is what confirms one."""
        return None

    @hookimpl
    def channel_media(self, channel: Channel, media: Media) -> Media:
        return send.fetch_file(channel, media)

    @hookimpl
    def channel_typing(self, channel: Channel, contact: Contact) -> bool:
        return send.show_action(channel, contact, "typing_on")

    @hookimpl
    def channel_read(self, channel: Channel, contact: Contact) -> bool:
        return send.show_action(channel, contact, "mark_seen")

    @hookimpl
    def channel_name(self, channel: Channel, contact: Contact) -> str:
        return setup.find_name(channel, contact, self.contact_fields)

    @hookimpl
    def channel_connect(self, channel: Channel) -> Connection:
        renewal = setup.first_renewal() if self.renews else {}
        return setup.connect(channel, self.subscribed, self.account_fields, renewal)

    @hookimpl
    def channel_refresh(self, channel: Channel) -> Connection | None:
        """A page's token has no end; Instagram's lasts 60 days."""
        return setup.refresh(channel) if self.renews else None

    @hookimpl
    def channel_status(self, channel: Channel) -> Connection:
        return setup.get_status(channel)

    @hookimpl
    def channel_disconnect(self, channel: Channel) -> Connection:
        return setup.disconnect(channel)

    @hookimpl
    def channel_delete(self, channel: Channel) -> bool:
        setup.disconnect(channel)
        return True
