"""From a callback of Z-API to events. Pure: no I/O, no clock. One webhook carries one callback.

Facts: Z-API/z-api-docs docs/webhooks. `momment` (sic) is in milliseconds; an edit comes with its message's id."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from tawkee_core import (
    Address,
    BadPayload,
    Channel,
    ChannelEvent,
    Connection,
    Deleted,
    Echo,
    Edited,
    Ignored,
    Incoming,
    Label,
    Status,
    read_json,
)

from .content import Content, read_content, text_of

PHONE, LID = re.compile(r"\+?\d{5,20}"), re.compile(r"\d{5,30}@lid")
STATES: Mapping[str, Literal["sent", "delivered", "read", "failed"]] = {
    "SENT": "sent", "RECEIVED": "delivered", "READ": "read", "PLAYED": "read", "FAILED": "failed",
}  # fmt: skip


def parse_webhook(channel: Channel, body: bytes) -> list[ChannelEvent]:
    """The events of one callback. Raises BadPayload for what is none, or is broken."""
    payload = read_json(body)
    if not isinstance(payload, dict) or not isinstance(payload.get("type"), str):
        raise BadPayload("The body is no callback.")
    read = READERS.get(payload["type"])
    return read(channel, payload) if read else [Ignored(f"callback {payload['type'][:60]}")]


def read_received(channel: Channel, payload: Mapping[str, Any]) -> list[ChannelEvent]:
    message_id, phone = text_of(payload.get("messageId"))[:200], text_of(payload.get("phone"))[:100]
    if payload.get("notification"):
        return [read_notification(payload, message_id)]
    if not message_id or not phone:
        raise BadPayload("A message lacks its id or its chat's phone.")
    if payload.get("waitingMessage") is True:
        return [Ignored("the message itself comes later")]
    addresses = read_addresses(payload, phone)
    if not addresses:
        return [Ignored("chat of no person: channel, broadcast or status")]
    if addresses[0].kind == "group" and channel.config.get("groups") != "store":
        return [Ignored("group message")]
    content = read_content(payload)
    if content is None:
        return [Ignored("nothing said")]
    if payload.get("isEdit") is True:
        return [Edited(message_id, content.text) if content.text else Ignored("edit without text")]
    if payload.get("fromMe") is True:
        return [read_echo(payload, message_id, addresses, content)]
    return [read_incoming(payload, message_id, addresses, content)]


def read_notification(payload: Mapping[str, Any], message_id: str) -> ChannelEvent:
    """What WhatsApp itself writes into a chat: calls, members, and that a message was taken back."""
    name = text_of(payload.get("notification"))
    target = text_of(payload.get("referenceMessageId"))[:200] or message_id
    return Deleted(target) if name == "REVOKE" and target else Ignored(f"notification {name[:60]}")


def read_addresses(payload: Mapping[str, Any], phone: str) -> tuple[Address, ...]:
    """Who a chat is with: the phone first, where WhatsApp shows it, and the LID; nobody for channels and lists."""
    if payload.get("isNewsletter") is True:
        return ()
    if payload.get("isGroup") is True or phone.endswith(("-group", "@g.us")):
        return (Address("group", phone),)
    # the sender of what we wrote ourselves is us
    names = ("chatLid",) if payload.get("fromMe") is True else ("chatLid", "senderLid")
    lids = [lid for lid in (phone, *(text_of(payload.get(name)) for name in names)) if LID.fullmatch(lid)]
    phones = [Address("phone", phone)] if PHONE.fullmatch(phone) else []
    return (*phones, *(Address("lid", lid) for lid in lids[:1])) if phones or LID.fullmatch(phone) else ()


def read_incoming(
    payload: Mapping[str, Any], message_id: str, addresses: tuple[Address, ...], content: Content
) -> Incoming:
    group = addresses[0].kind == "group"
    name = text_of(payload.get("senderName"))[:200]
    own = text_of(payload.get("connectedPhone"))
    sender = text_of(payload.get("participantPhone")) or text_of(payload.get("participantLid"))
    return Incoming(
        id=message_id,
        addresses=addresses,
        kind=content.kind,
        text=content.text,
        name=name,
        sent_at=moment_of(payload.get("momment")),
        media=content.media,
        quoted_id=text_of(payload.get("referenceMessageId"))[:200] or None,
        data={**content.data, **(told_group(payload, name) if group else {})},
        group=group,
        mentioned=group and bool(own) and f"@{own}" in content.text,
        sender=sender[:100] if group else "",
    )


def told_group(payload: Mapping[str, Any], sender: str) -> dict[str, str]:
    """The names of who wrote in a group, and of the group."""
    return {"sender_name": sender, "group_name": text_of(payload.get("chatName"))[:200]}


def read_echo(
    payload: Mapping[str, Any], message_id: str, addresses: tuple[Address, ...], content: Content
) -> ChannelEvent:
    """A message from our side. What nobody typed for the contact is no takeover: reactions, notes to oneself."""
    by_api = payload.get("fromApi") is True
    if not by_api and content.kind in ("reaction", "unsupported"):
        return Ignored(f"our own {content.kind}")
    if addresses[0].value == text_of(payload.get("connectedPhone")):
        return Ignored("note to oneself")
    return Echo(
        id=message_id,
        addresses=addresses,
        kind=content.kind,
        text=content.text,
        sent_at=moment_of(payload.get("momment")),
        media=content.media,
        data=content.data,
        sent_by_api=by_api,
    )


def read_delivery(channel: Channel, payload: Mapping[str, Any]) -> list[ChannelEvent]:
    """A queued message left for WhatsApp, or could not."""
    message_id, error = text_of(payload.get("messageId"))[:200], text_of(payload.get("error"))
    if not message_id:
        return [Ignored("delivery without a message")]
    return [Status("failed" if error else "sent", id=message_id, error=error[:300])]


def read_status(channel: Channel, payload: Mapping[str, Any]) -> list[ChannelEvent]:
    """How far messages came; READ_BY_ME tells of the contact's, which we read."""
    name, ids = text_of(payload.get("status")), payload.get("ids")
    if not isinstance(ids, list):
        raise BadPayload("A status names no messages.")
    if name not in STATES:
        return [Ignored(f"status {name[:40]}")]
    return [Status(STATES[name], id=each[:200]) for each in ids[:1000] if isinstance(each, str) and each]


def read_connected(channel: Channel, payload: Mapping[str, Any]) -> list[ChannelEvent]:
    return [Connection("connected")]


def read_disconnected(channel: Channel, payload: Mapping[str, Any]) -> list[ChannelEvent]:
    reason = text_of(payload.get("error"))[:200]
    detail = Label(f"A Z-API informou: {reason}", f"Z-API says: {reason}") if reason else None
    return [Connection("disconnected", detail)]


READERS: Mapping[str, Callable[[Channel, Mapping[str, Any]], list[ChannelEvent]]] = {
    "ReceivedCallback": read_received,
    "DeliveryCallback": read_delivery,
    "MessageStatusCallback": read_status,
    "ConnectedCallback": read_connected,
    "DisconnectedCallback": read_disconnected,
}


def moment_of(milliseconds: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC) if isinstance(milliseconds, int) else None
    except (ValueError, OverflowError, OSError):
        return None
