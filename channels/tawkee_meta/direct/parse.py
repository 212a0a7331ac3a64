"""From a webhook with `messaging` entries to events. Pure: no I/O, no clock. Entries and messages come in batches.

Facts: the Messenger Platform and Instagram Messaging webhooks; ids and times are numbers or texts in the wild."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

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
    read_json,
)

FILES: dict[str, tuple[MessageKind, str]] = {
    "image": ("image", "image/jpeg"),
    "video": ("video", "video/mp4"),
    "audio": ("audio", "audio/mp4"),
    "file": ("document", "application/octet-stream"),
}
SHARED = ("share", "story_mention", "ig_reel", "reel", "ig_post", "fallback", "template")
Object = Mapping[str, Any]


def parse_webhook(channel: Channel, body: bytes, object_name: str, address_kind: str) -> list[ChannelEvent]:
    """Every event of a webhook's body. Raises BadPayload when it is not of this object, or broken."""
    payload = read_json(body)
    if not isinstance(payload, dict) or payload.get("object") != object_name:
        raise BadPayload(f"The body is no webhook of {object_name}.")
    return [e for entry in objects(payload.get("entry"), "entry") for e in read_entry(channel, entry, address_kind)]


def read_entry(channel: Channel, entry: Object, address_kind: str) -> Iterator[ChannelEvent]:
    ours = str(channel.config.get("account_id") or "")
    if ours and text_of(entry.get("id")) not in (ours, "", "0"):
        yield Ignored("event of another account")
        return
    for item in objects(entry.get("messaging", []), "messaging"):
        yield read_item(channel, item, address_kind)
    for _ in objects(entry.get("standby", []), "standby"):
        yield Ignored("standby: another app has the conversation")
    for change in objects(entry.get("changes", []), "changes"):
        yield Ignored(f"change of {text_of(change.get('field'))[:60]}")


def read_item(channel: Channel, item: Object, address_kind: str) -> ChannelEvent:
    sender, recipient = (
        text_of(mapping(item.get("sender")).get("id")),
        text_of(mapping(item.get("recipient")).get("id")),
    )
    sent_at = moment_of(item.get("timestamp"))
    if isinstance(item.get("message"), dict):
        message = item["message"]
        if message.get("is_echo"):
            return read_echo(channel, message, Address(address_kind, recipient), sent_at)
        return read_message(message, Address(address_kind, sender), sent_at)
    if isinstance(item.get("postback"), dict):
        return read_postback(item["postback"], Address(address_kind, sender), sent_at, item.get("timestamp"))
    if isinstance(item.get("reaction"), dict):
        return read_reaction(item["reaction"], Address(address_kind, sender), sent_at, item.get("timestamp"))
    return read_receipt(item)


def read_receipt(item: Object) -> ChannelEvent:
    """How far a message of ours came. A watermark without ids tells of no message in particular."""
    read, delivery = mapping(item.get("read")), mapping(item.get("delivery"))
    if text_of(read.get("mid")):
        return Status("read", text_of(read.get("mid")))
    mids = delivery.get("mids")
    if isinstance(mids, list) and mids and text_of(mids[-1]):
        return Status("delivered", text_of(mids[-1]))
    known = [name for name in ("read", "delivery", "optin", "referral", "pass_thread_control") if name in item]
    return Ignored(f"watermark or event {known[0]}" if known else "unknown event")


def read_message(message: Object, address: Address, sent_at: datetime | None) -> ChannelEvent:
    message_id = required_text(message, "mid")
    if message.get("is_deleted"):
        return Deleted(message_id)
    if not address.value:
        raise BadPayload("A message names nobody.")
    quick = mapping(message.get("quick_reply"))
    text, quoted = text_of(message.get("text")), text_of(mapping(message.get("reply_to")).get("mid")) or None
    if quick:
        data = {"id": text_of(quick.get("payload")), "title": text}
        return Incoming(message_id, (address,), "choice", text, sent_at=sent_at, quoted_id=quoted, data=data)
    kind, media, data = content_of(message)
    return Incoming(message_id, (address,), kind, text, "", sent_at, media, quoted, data)


def content_of(message: Object) -> tuple[MessageKind, Media | None, dict[str, Any]]:
    """The first file, or what was shared or replied to; several files come as the links of `data`."""
    attachments = objects(message.get("attachments", []), "attachments")
    story = mapping(mapping(message.get("reply_to")).get("story"))
    data: dict[str, Any] = {"story": text_of(story.get("url"))} if story else {}
    links = [text_of(mapping(each.get("payload")).get("url")) for each in attachments]
    if len(links) > 1:
        data["links"] = links
    if attachments and text_of(attachments[0].get("type")) in FILES:
        kind, mimetype = FILES[text_of(attachments[0].get("type"))]
        return kind, Media(mimetype=mimetype, ref={"url": links[0]}), data
    if attachments and text_of(attachments[0].get("type")) in SHARED:
        return "text", None, data | {"shared": text_of(attachments[0].get("type")), "link": links[0]}
    if message.get("is_unsupported") or attachments or not text_of(message.get("text")):
        return "unsupported", None, data
    return "text", None, data


def read_echo(channel: Channel, message: Object, address: Address, sent_at: datetime | None) -> ChannelEvent:
    """What left from our side: by this app, or typed by a person in Meta's own inbox."""
    if not address.value:
        raise BadPayload("An echo names nobody.")
    app = text_of(message.get("app_id"))
    kind, media, data = content_of(message)
    ours = bool(app) and app == text_of(channel.config.get("app_id"))
    text = text_of(message.get("text"))
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
    """Milliseconds, or the ISO time of some deliveries."""
    try:
        if isinstance(stamp, str) and not stamp.isdecimal():
            return datetime.fromisoformat(stamp)
        return datetime.fromtimestamp(int(stamp) / 1000, UTC)
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
