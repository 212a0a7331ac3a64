"""From a Cloud API webhook to events. Pure: no I/O, no clock. One webhook carries many changes, each with many messages
and statuses.

A customer may have a phone, a business-scoped user id (BSUID, `user_id`), or both: since 2026 the phone may be
absent."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal

from tawkee_core import (
    Address,
    BadPayload,
    Channel,
    ChannelEvent,
    Deleted,
    Echo,
    Edited,
    Ignored,
    Incoming,
    Moved,
    Status,
    provider,
    read_json,
)

from .content import Content, read_content

STATES: Mapping[str, Literal["sent", "delivered", "read", "failed"]] = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "played": "read",
    "failed": "failed",
}
NEW_PHONE = ("user_changed_number", "customer_changed_number")
NEW_ID = re.compile(r"\bfrom ([A-Z]{2}\.[\w.]+) to ")
Object = Mapping[str, Any]


def parse_webhook(channel: Channel, body: bytes) -> list[ChannelEvent]:
    """Every event of a webhook's body. Raises BadPayload when it is no WhatsApp webhook, or a broken one."""
    payload = read_json(body)
    if not isinstance(payload, dict) or payload.get("object") != "whatsapp_business_account":
        raise BadPayload("The body is no WhatsApp webhook.")
    told = (reader for change in each_change(payload) for reader in read_change(channel, change))
    return provider.read_each(told, lambda reader: (reader(),))


def each_change(payload: Object) -> Iterator[Object]:
    for entry in objects(payload.get("entry"), "entry"):
        yield from objects(entry.get("changes"), "changes")


Reader = Callable[[], ChannelEvent]


def read_change(channel: Channel, change: Object) -> Iterable[Reader]:
    """What a change tells, each to be read by itself."""
    field, value = change.get("field"), change.get("value")
    if not isinstance(value, dict):
        raise BadPayload("A change has no value.")
    number = mapping(value.get("metadata")).get("phone_number_id")
    ours = str(channel.config.get("phone_number_id") or "")
    if number is not None and ours and str(number) != ours:
        return [partial(Ignored, "event of another number")]
    match field:
        case "messages":
            return read_messages(value)
        case "smb_message_echoes":
            return [partial(read_echo, each) for each in objects(value.get("message_echoes"), "message_echoes")]
        case "user_id_update":
            return [partial(read_new_id, each) for each in objects(value.get("user_id_update"), "user_id_update")]
        case _:
            return [partial(Ignored, f"change of {str(field)[:60]}")]


def read_messages(value: Object) -> list[Reader]:
    people = objects(value.get("contacts", []), "contacts")
    messages = objects(value.get("messages", []), "messages")
    statuses = objects(value.get("statuses", []), "statuses")
    return [
        *(partial(read_message, message, people) for message in messages),
        *(partial(read_status, status) for status in statuses),
    ]


def read_message(message: Object, people: list[Object]) -> ChannelEvent:
    message_id = text_of(message.get("id")) or substitute_id(message)
    if message.get("group_id"):  # an answer would go to its author alone
        return Ignored("group message")
    change = read_correction(message)
    if change is not None:
        return change
    if message.get("type") == "system":
        return read_system(message, mapping(message.get("system")))
    addresses = addresses_of(message.get("from"), message.get("from_user_id"))
    return Incoming(
        id=message_id,
        addresses=addresses,
        name=name_of(people, message),
        sent_at=moment_of(message.get("timestamp")),
        quoted_id=text_of(mapping(message.get("context")).get("id")) or None,
        **parts_of(read_content(message)),
    )


def read_correction(message: Object) -> ChannelEvent | None:
    """A message taken back or edited, by either side; None for what is neither."""
    match message.get("type"):
        case "revoke":
            return Deleted(required_text(mapping(message.get("revoke")), "original_message_id"))
        case "edit":
            edit = mapping(message.get("edit"))
            return Edited(required_text(edit, "original_message_id"), read_content(mapping(edit.get("message"))).text)
        case _:
            return None


def read_system(message: Object, system: Object) -> ChannelEvent:
    """What WhatsApp itself says: a contact has another phone, or another id, which the body alone may tell."""
    kind, body = text_of(system.get("type")), text_of(system.get("body"))
    phone = text_of(system.get("wa_id")) or text_of(system.get("new_wa_id"))
    user_id = text_of(system.get("user_id"))
    if kind in NEW_PHONE and text_of(message.get("from")) and phone:
        return Moved(Address("phone", text_of(message.get("from"))), addresses_of(phone, user_id))
    if kind == "user_changed_user_id" and user_id:
        told = NEW_ID.search(body)
        before = text_of(system.get("previous_user_id")) or (told[1] if told else text_of(message.get("from_user_id")))
        if before and before != user_id:
            return Moved(Address("bsuid", before), (Address("bsuid", user_id),))
    return Ignored(f"system: {kind[:60]}")


def read_new_id(update: Object) -> ChannelEvent:
    """A contact's business-scoped id was made anew: {user_id: {previous, current}}."""
    ids = mapping(update.get("user_id"))
    before, after = required_text(ids, "previous"), required_text(ids, "current")
    return Moved(Address("bsuid", before), (Address("bsuid", after),))


def substitute_id(message: Object) -> str:
    """Some failed media come without an id: who sent what when is as good. Raises BadPayload."""
    sender = text_of(message.get("from")) or text_of(message.get("from_user_id"))
    return f"{sender}:{required_text(message, 'timestamp')}:{text_of(message.get('type'))}"


def read_echo(echo: Object) -> ChannelEvent:
    """A message written in the WhatsApp Business app by one of our own people."""
    change = read_correction(echo)
    if change is not None:
        return change
    return Echo(
        id=required_text(echo, "id"),
        addresses=addresses_of(echo.get("to"), echo.get("to_user_id")),
        sent_at=moment_of(echo.get("timestamp")),
        **parts_of(read_content(echo)),
    )


def read_status(status: Object) -> ChannelEvent:
    state = STATES.get(text_of(status.get("status")))
    if state is None:
        return Ignored(f"status {text_of(status.get('status'))[:40]}")
    if status.get("recipient_type") == "group":
        return Ignored("status of a group's message")
    client_id = text_of(status.get("biz_opaque_callback_data")) or None
    return Status(state, required_text(status, "id"), client_id, failure_of(status))


def failure_of(status: Object) -> str:
    for error in objects(status.get("errors", []), "errors"):
        details = text_of(mapping(error.get("error_data")).get("details")) or text_of(error.get("title"))
        return f"({error.get('code')}) {details}"[:500]
    return ""


def addresses_of(phone: Any, user_id: Any) -> tuple[Address, ...]:
    """The phone first, since Meta keeps telling the phone of who is written to by it; else the BSUID."""
    found = [Address("phone", text_of(phone))] if text_of(phone) else []
    if text_of(user_id):
        found.append(Address("bsuid", text_of(user_id)))
    if not found:
        raise BadPayload("A message names nobody.")
    return tuple(found)


def name_of(people: list[Object], message: Object) -> str:
    """The name of the message's sender, who may be known by phone, by id or by both, among a batch's people."""
    sender = {text_of(message.get("from")), text_of(message.get("from_user_id"))} - {""}
    for person in people:
        if len(people) == 1 or sender & {text_of(person.get("wa_id")), text_of(person.get("user_id"))}:
            return text_of(mapping(person.get("profile")).get("name"))[:200]
    return ""


def parts_of(content: Content) -> dict[str, Any]:
    return content._asdict()


def moment_of(seconds: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(seconds), UTC) if seconds is not None else None
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def required_text(value: Object, name: str) -> str:
    found = value.get(name)
    if not isinstance(found, str) or not found:
        raise BadPayload(f"{name} is missing.")
    return found


def objects(value: Any, name: str) -> list[Object]:
    """A list of objects. Raises BadPayload."""
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise BadPayload(f"{name} is no list of objects.")
    return value


def mapping(value: Any) -> Object:
    return value if isinstance(value, dict) else {}


def text_of(value: Any) -> str:
    return value if isinstance(value, str) else ""
