"""Messages: a contact's, and the echoes of our own."""

from collections.abc import Mapping, Sequence
from typing import Any

from tawkee_core import Address, BadPayload, Channel, ChannelEvent, Connection, Deleted, Echo, Edited, Ignored, Incoming

from .content import Content, read_content, unwrap
from .decode import each_object, object_of, required, text_of, time_of
from .jids import clean_jid, is_mentioned, own_lid, read_addresses, read_sender

REVOKE = ("REVOKE", 0)
EDIT = ("MESSAGE_EDIT", 14)


def read_messages(channel: Channel, payload: Mapping[str, Any]) -> list[ChannelEvent]:
    known = (clean_jid(payload.get("sender")), text_of(channel.config.get("own_lid")))
    own = frozenset(jid for jid in known if jid)
    said = each_object(payload)
    events = [read_message(channel, each, own, sent_by_api=False) for each in said]
    return events + learn_lid(channel, said)


def learn_lid(channel: Channel, said: Sequence[Mapping[str, Any]]) -> list[ChannelEvent]:
    """Keep our own LID, where groups matter and one of these messages tells it for the first time."""
    lids = {lid for each in said if (lid := own_lid(object_of(each.get("key"))))} - {channel.config.get("own_lid")}
    if channel.config.get("groups") != "store":
        return []
    return [Connection("connected", config={"own_lid": lid}) for lid in lids]


def read_sent(channel: Channel, payload: Mapping[str, Any]) -> list[ChannelEvent]:
    return [read_message(channel, each, frozenset(), sent_by_api=True) for each in each_object(payload)]


def read_message(channel: Channel, data: Mapping[str, Any], own: frozenset[str], sent_by_api: bool) -> ChannelEvent:
    """A message of a contact, or an echo of one of ours."""
    key = required(data.get("key"), "data.key")
    message_id, remote = text_of(key.get("id"))[:200], clean_jid(key.get("remoteJid"))
    if not message_id or not remote:
        raise BadPayload("data.key holds no id or no remoteJid.")
    addresses = read_addresses(key)
    if not addresses:
        return Ignored(f"chat of no person: {remote.partition('@')[2][:60]}")
    if addresses[0].kind == "group" and channel.config.get("groups") != "store":
        return Ignored("group message")
    message = object_of(data.get("message"))
    change = read_protocol(unwrap(message))
    if change is not None:
        return change
    content = read_content(message, {"id": message_id, "remoteJid": remote, "fromMe": key.get("fromMe") is True})
    if not content.kind:
        return Ignored("nothing said: " + (text_of(data.get("messageType"))[:60] or "no message"))
    if sent_by_api or key.get("fromMe") is True:
        return read_echo(message_id, addresses, content, data, own, sent_by_api)
    return read_incoming(message_id, addresses, content, data, own)


def read_protocol(message: Mapping[str, Any]) -> ChannelEvent | None:
    """A deletion or an edit that comes as a message; None for what is none."""
    part = message.get("protocolMessage")
    if not isinstance(part, dict):
        return None
    target = text_of(object_of(part.get("key")).get("id"))[:200]
    kind = part.get("type", 0)
    if target and kind in REVOKE:
        return Deleted(target)
    if target and kind in EDIT:
        return read_edit(target, object_of(part.get("editedMessage")))
    return Ignored("protocol message")


def read_edit(target: str, message: Mapping[str, Any]) -> ChannelEvent:
    text = read_content(message).text
    return Edited(target, text) if text else Ignored("edit without text")


def read_incoming(
    message_id: str, addresses: tuple[Address, ...], content: Content, data: Mapping[str, Any], own: frozenset[str]
) -> Incoming:
    context = content.context or object_of(data.get("contextInfo"))
    group = addresses[0].kind == "group"
    name = text_of(data.get("pushName"))[:200]
    return Incoming(
        id=message_id,
        addresses=addresses,
        kind=content.kind,  # type: ignore[arg-type]  # the readers name only Tawkee's kinds
        text=content.text,
        name=name,
        sent_at=time_of(data.get("messageTimestamp")),
        media=content.media,
        quoted_id=text_of(context.get("stanzaId"))[:200] or None,
        data={**content.data, "sender_name": name} if group else content.data,
        group=group,
        mentioned=group and is_mentioned(context, own),
        sender=read_sender(object_of(data.get("key"))) if group else "",
    )


def read_echo(
    message_id: str,
    addresses: tuple[Address, ...],
    content: Content,
    data: Mapping[str, Any],
    own: frozenset[str],
    sent_by_api: bool,
) -> ChannelEvent:
    """A message from our side. What nobody typed for the contact is no takeover: reactions, notes to oneself."""
    if not sent_by_api and content.kind in ("reaction", "unsupported"):
        return Ignored(f"our own {content.kind}")
    if any(address.value in own for address in addresses):
        return Ignored("note to oneself")
    return Echo(
        id=message_id,
        addresses=addresses,
        kind=content.kind,  # type: ignore[arg-type]  # the readers name only Tawkee's kinds
        text=content.text,
        sent_at=time_of(data.get("messageTimestamp")),
        media=content.media,
        data=content.data,
        sent_by_api=sent_by_api,
    )
