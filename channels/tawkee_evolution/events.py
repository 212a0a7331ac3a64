"""What happens to messages and to the connection."""

from collections.abc import Mapping
from typing import Any, Literal

from tawkee_core import BadPayload, Channel, ChannelEvent, Connection, Deleted, Ignored, Qr, Status

from . import words
from .decode import each_object, object_of, required, text_of
from .jids import clean_jid
from .messages import REVOKE, read_edit

STATES: dict[str, Literal["sent", "delivered", "read", "failed"]] = {
    "SERVER_ACK": "sent",
    "DELIVERY_ACK": "delivered",
    "READ": "read",
    "PLAYED": "read",
    "ERROR": "failed",
}


def read_changes(channel: Channel, payload: Mapping[str, Any]) -> list[ChannelEvent]:
    """messages.edited: an edit {key, type, editedMessage}, or a deletion by `type` REVOKE."""
    return [read_change(each) for each in each_object(payload)]


def read_change(data: Mapping[str, Any]) -> ChannelEvent:
    target = text_of(required(data.get("key"), "data.key").get("id"))[:200]
    if not target:
        raise BadPayload("data.key holds no id.")
    if data.get("type") in REVOKE:
        return Deleted(target)
    return read_edit(target, object_of(data.get("editedMessage")))


def read_statuses(channel: Channel, payload: Mapping[str, Any]) -> list[ChannelEvent]:
    return [read_status(each) for each in each_object(payload)]


def read_status(data: Mapping[str, Any]) -> ChannelEvent:
    """messages.update: flat {keyId, fromMe, status}, or {key, update} of older servers. DELETED is no deletion: up to
    2.3.6 an edit and an undefined status look like that; deletions come as messages.delete and messages.edited."""
    key = object_of(data.get("key"))
    message_id = text_of(data.get("keyId") or key.get("id"))[:200]
    status = data.get("status") or object_of(data.get("update")).get("status")
    if not message_id:
        raise BadPayload("data holds no keyId.")
    if data.get("fromMe", key.get("fromMe")) is not True:
        return Ignored("status of a contact's message")
    state = STATES.get(text_of(status))
    if state == "failed":
        return Status("failed", id=message_id, error="WhatsApp did not take the message.")
    return Status(state, id=message_id) if state else Ignored(f"status {text_of(status)[:40]}")


def read_deletions(channel: Channel, payload: Mapping[str, Any]) -> list[ChannelEvent]:
    """messages.delete: {id} when the contact deleted, the whole record with its own `id` and a `key` when we did."""
    ids = [text_of(object_of(each.get("key")).get("id") or each.get("id"))[:200] for each in each_object(payload)]
    if not all(ids):
        raise BadPayload("data holds no id.")
    return [Deleted(each) for each in ids]


def read_connection(channel: Channel, payload: Mapping[str, Any]) -> list[ChannelEvent]:
    """connection.update: open, connecting, close, refused. Only a final close is told, with the reason's code."""
    data = required(payload.get("data"), "data")
    state, reason = data.get("state"), data.get("statusReason")
    if state == "open":
        return [
            Connection("connected", words.connected_as(text_of(data.get("profileName")), clean_jid(data.get("wuid"))))
        ]
    if state == "connecting":
        return [Connection("connecting")]
    if state == "refused":
        return [Connection("disconnected", words.QR_ENDED)]
    return [words.closed(reason)] if state == "close" else [Ignored(f"connection {text_of(state)[:40]}")]


def read_closing(channel: Channel, payload: Mapping[str, Any]) -> list[ChannelEvent]:
    """status.instance and logout.instance, sent with a final close."""
    return [words.closed(object_of(payload.get("data")).get("disconnectionReasonCode"))]


def read_removal(channel: Channel, payload: Mapping[str, Any]) -> list[ChannelEvent]:
    return [Connection("disconnected", words.INSTANCE_GONE)]


def read_qr(channel: Channel, payload: Mapping[str, Any]) -> list[ChannelEvent]:
    data = required(payload.get("data"), "data")
    code = object_of(data.get("qrcode"))
    if not code:
        return [Connection("disconnected", words.QR_ENDED)]
    return [Connection("connecting", words.SCAN, Qr(text_of(code.get("base64")), text_of(code.get("code"))))]
