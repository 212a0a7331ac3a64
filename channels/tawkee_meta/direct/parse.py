"""From a webhook with `messaging` entries to events. Pure: no I/O, no clock. Entries and messages come in batches.

Facts: the Messenger Platform and Instagram Messaging webhooks; ids and times are numbers or texts in the wild."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from tawkee_core import (
    Address,
    BadPayload,
    Channel,
    ChannelEvent,
    Deleted,
    Echo,
    Ignored,
    Incoming,
    Media,
    MessageKind,
    Status,
    Watermark,
    provider,
    read_json,
)

FILES: dict[str, tuple[MessageKind, str]] = {
    "image": ("image", "image/jpeg"),
    "video": ("video", "video/mp4"),
    "audio": ("audio", "audio/mp4"),
    "file": ("document", "application/octet-stream"),
}
ITEM_FIELDS = ("messages", "messaging_postbacks", "message_reactions", "messaging_seen")
MOST_IDS = 100
MILLISECONDS = 10**11  # as milliseconds in 1973, as seconds in 5138
RECEIPTS: tuple[tuple[Literal["read", "delivered"], str], ...] = (("read", "read"), ("delivered", "delivery"))
SHARED = ("share", "story_mention", "ig_reel", "reel", "ig_post", "fallback", "template")
Object = Mapping[str, Any]


def parse_webhook(channel: Channel, body: bytes, object_name: str, address_kind: str) -> list[ChannelEvent]:
    """Every event of a webhook's body. Raises BadPayload when it is not of this object, or broken."""
    payload = read_json(body)
    if not isinstance(payload, dict) or payload.get("object") != object_name:
        raise BadPayload(f"The body is no webhook of {object_name}.")
    items = [item for entry in objects(payload.get("entry"), "entry") for item in each_item(channel, entry)]
    return provider.read_each(items, lambda item: read_item(channel, item, address_kind))


class Item(NamedTuple):
    """One thing that an entry tells; `standby` when another app has the conversation, `ignored` for what is no item."""

    value: Object
    standby: bool = False
    ignored: str = ""


def each_item(channel: Channel, entry: Object) -> Iterator[Item]:
    """What an entry holds; some of Instagram's deliveries come as changes of the field `messages`."""
    ours = str(channel.config.get("account_id") or "")
    if ours and text_of(entry.get("id")) not in (ours, "", "0"):
        yield Item({}, ignored="event of another account")
        return
    yield from (Item(each) for each in objects(entry.get("messaging", []), "messaging"))
    yield from (Item(each, standby=True) for each in objects(entry.get("standby", []), "standby"))
    for change in objects(entry.get("changes", []), "changes"):
        field, value = text_of(change.get("field")), change.get("value")
        if isinstance(value, dict) and field in ITEM_FIELDS:
            yield Item(value)
        else:
            yield Item({}, ignored=f"change of {field[:60]}")


def read_item(channel: Channel, item: Item, address_kind: str) -> list[ChannelEvent]:
    told, standby = item.value, item.standby
    sent_at = moment_of(told.get("timestamp"))
    sender, recipient = (
        Address(address_kind, text_of(mapping(told.get(side)).get("id"))) for side in ("sender", "recipient")
    )
    if item.ignored:
        return [Ignored(item.ignored)]
    if sender.value and sender.value == text_of(channel.config.get("account_id")) and not is_echo(told):
        return [Ignored("our own doing, and no message")]
    if isinstance(told.get("message"), dict):
        if is_echo(told) and not told["message"].get("is_deleted"):
            return [read_echo(channel, told["message"], recipient, sent_at, standby)]
        return read_message(told["message"], sender, sent_at, standby)
    if standby:
        return [Ignored("standby: another app has the conversation")]
    if isinstance(told.get("postback"), dict):
        return [read_postback(told["postback"], sender, sent_at, told.get("timestamp"))]
    if isinstance(told.get("reaction"), dict):
        return [read_reaction(told["reaction"], sender, sent_at, told.get("timestamp"))]
    return read_receipt(told, sender)


def is_echo(told: Object) -> bool:
    return bool(mapping(told.get("message")).get("is_echo"))


def read_receipt(item: Object, address: Address) -> list[ChannelEvent]:
    """How far messages of ours came: those that are named, and all by a moment, its watermark. Who saw one saw those
    before it."""
    read, delivery = mapping(item.get("read")), mapping(item.get("delivery"))
    if text_of(read.get("mid")):
        seen_at = moment_of(item.get("timestamp"))
        before = [Watermark("read", address, seen_at)] if seen_at is not None and address.value else []
        return [Status("read", text_of(read.get("mid"))), *before]
    mids = delivery.get("mids")
    told = [text_of(mid) for mid in mids[:MOST_IDS] if text_of(mid)] if isinstance(mids, list) else []
    if told:
        return [Status("delivered", mid) for mid in told]
    for state, name in RECEIPTS:
        until = moment_of(mapping(item.get(name)).get("watermark"))
        if until is not None and address.value:
            return [Watermark(state, address, until)]
    known = [name for name in ("read", "delivery", "optin", "referral", "pass_thread_control") if name in item]
    return [Ignored(f"event {known[0]}" if known else "unknown event")]


def read_message(message: Object, address: Address, sent_at: datetime | None, standby: bool) -> list[ChannelEvent]:
    """A message; every further file of it is a message of its own. What comes on standby is another app's to answer."""
    message_id = required_text(message, "mid")
    if message.get("is_deleted"):
        return [Deleted(message_id)]
    if not address.value:
        raise BadPayload("A message names nobody.")
    quick = mapping(message.get("quick_reply"))
    text, quoted = text_of(message.get("text")), text_of(mapping(message.get("reply_to")).get("mid")) or None
    if quick:
        data = {"id": text_of(quick.get("payload")), "title": text}
        return [Incoming(message_id, (address,), "choice", text, "", sent_at, None, quoted, data, quiet=standby)]
    kind, text, files, data = content_of(message, text)
    first = Incoming(
        message_id, (address,), kind, text, "", sent_at, files[0][1] if files else None, quoted, data, quiet=standby
    )
    rest = [
        replace(first, id=f"{message_id}:{number}", kind=kind, text="", media=media, data={})
        for number, (kind, media) in enumerate(files[1:], 1)
    ]
    return [first, *rest]


File = tuple[MessageKind, Media]


def content_of(message: Object, text: str) -> tuple[MessageKind, str, list[File], dict[str, Any]]:
    """Its kind, words and files; `data` tells of what was shared or replied to, and the words of its link."""
    attachments = objects(message.get("attachments", []), "attachments")
    story = text_of(mapping(mapping(message.get("reply_to")).get("story")).get("url"))
    data: dict[str, Any] = {"story": story} if story else {}
    shared = next((each for each in attachments if text_of(each.get("type")) in SHARED), None)
    if shared:
        link = link_of(shared)
        data |= {"shared": text_of(shared.get("type")), "link": link}
        text = "\n".join(part for part in (text, link) if part)
    files = [file_of(each) for each in attachments if text_of(each.get("type")) in FILES and link_of(each)]
    if files:
        return files[0][0], text, files, data
    if not text or message.get("is_unsupported") or (attachments and not shared):
        return "unsupported", text, [], data
    return "text", text, [], data


def file_of(attachment: Object) -> File:
    kind, mimetype = FILES[text_of(attachment.get("type"))]
    return kind, Media(mimetype=mimetype, ref={"url": link_of(attachment)})


def link_of(attachment: Object) -> str:
    return text_of(mapping(attachment.get("payload")).get("url"))


def read_echo(
    channel: Channel, message: Object, address: Address, sent_at: datetime | None, standby: bool
) -> ChannelEvent:
    """What left from our side: by this app or another one, or typed by a person in Meta's own inbox."""
    if not address.value:
        raise BadPayload("An echo names nobody.")
    app = text_of(message.get("app_id"))
    kind, text, files, data = content_of(message, text_of(message.get("text")))
    ours = standby or (bool(app) and app == text_of(channel.config.get("app_id")))
    media = files[0][1] if files else None
    return Echo(required_text(message, "mid"), (address,), kind, text, sent_at, media, data, sent_by_api=ours)


def read_postback(postback: Object, address: Address, sent_at: datetime | None, stamp: Any) -> ChannelEvent:
    if not address.value:
        raise BadPayload("A postback names nobody.")
    title, payload = text_of(postback.get("title")), text_of(postback.get("payload"))
    message_id = text_of(postback.get("mid")) or f"postback:{address.value}:{stamp}"
    return Incoming(
        message_id, (address,), "choice", title or payload, sent_at=sent_at, data={"id": payload, "title": title}
    )


def read_reaction(reaction: Object, address: Address, sent_at: datetime | None, stamp: Any) -> ChannelEvent:
    if not address.value:
        raise BadPayload("A reaction names nobody.")
    target = required_text(reaction, "mid")
    emoji = text_of(reaction.get("emoji")) if reaction.get("action") != "unreact" else ""
    data = {"emoji": emoji, "target": target}
    return Incoming(f"{target}:reaction:{address.value}:{stamp}", (address,), "reaction", sent_at=sent_at, data=data)


def moment_of(stamp: Any) -> datetime | None:
    """Milliseconds, or the seconds or ISO time of some deliveries. None for a year that no calendar holds."""
    try:
        if isinstance(stamp, str) and not stamp.isdecimal():
            told = datetime.fromisoformat(stamp)
            return (told if told.tzinfo else told.replace(tzinfo=UTC)).astimezone(UTC)
        number = int(stamp)
        return datetime.fromtimestamp(number / 1000 if abs(number) >= MILLISECONDS else number, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def required_text(value: Object, name: str) -> str:
    found = text_of(value.get(name))
    if not found:
        raise BadPayload(f"{name} is missing.")
    return found


def objects(value: Any, name: str) -> list[Object]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise BadPayload(f"{name} is no list of objects.")
    return value


def mapping(value: Any) -> Object:
    return value if isinstance(value, dict) else {}


def text_of(value: Any) -> str:
    """A text; a number, as ids sometimes are, in digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""
