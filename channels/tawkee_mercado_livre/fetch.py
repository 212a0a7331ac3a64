"""What a notification pointed at: a question about a product, or a message after a sale.

Buyers are hidden behind Mercado Livre's agent since 2026-02-02: a conversation is known by its pack, never by who
wrote. When they wrote is not told to the core: a question that waited for days still wants its answer."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from tawkee_core import Address, Channel, ChannelEvent, Echo, Ignored, Incoming, Media, MessageKind, Refused

from .api import download, get
from .info import PACK, QUESTION

KINDS: dict[str, MessageKind] = {"jpg": "image", "jpeg": "image", "png": "image"}
MIMETYPES = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "pdf": "application/pdf",
    "txt": "text/plain",
}
Object = Mapping[str, Any]


def fetch_resource(channel: Channel, resource: str) -> list[ChannelEvent]:
    """The events of a resource. Raises NotSent to be asked again, Refused when it is gone, AuthLost."""
    if resource.startswith("/questions/"):
        return [read_question(channel, mapping(get(channel, f"{resource}?api_version=4")))]
    found = mapping(get(channel, f"{resource}?tag=post_sale"))
    messages = found.get("messages")
    rows = messages if isinstance(messages, list) else [found]
    return [event for row in rows for event in read_message(channel, mapping(row))]


def read_question(channel: Channel, question: Object) -> ChannelEvent:
    number, status = question.get("id"), question.get("status")
    if not isinstance(number, int):
        raise Refused("The question has no id.")
    address = Address(QUESTION, str(number))
    answer = mapping(question.get("answer"))
    if status == "ANSWERED" and answer.get("status") == "ACTIVE":
        return Echo(f"answer:{number}", (address,), text=text_of(answer.get("text")))
    if status != "UNANSWERED" or not text_of(question.get("text")):
        return Ignored(f"question {text_of(status).lower()}")
    return Incoming(
        id=f"question:{number}",
        addresses=(address,),
        text=about_item(channel, question) + text_of(question.get("text")),
        name=f"Comprador {mapping(question.get('from')).get('id', '')}".strip(),
        data={"item_id": question.get("item_id")},
    )


def about_item(channel: Channel, question: Object) -> str:
    """The product asked about, as the question's first line; nothing when it cannot be read."""
    item_id = text_of(question.get("item_id"))
    try:
        item = mapping(get(channel, f"/items/{item_id}")) if item_id.isalnum() else {}
    except Refused:
        return ""
    title, price = text_of(item.get("title")), item.get("price")
    cost = f", {price} {text_of(item.get('currency_id'))}" if price else ""
    return f"[Sobre: {title}{cost}]\n" if title else ""


def read_message(channel: Channel, message: Object) -> list[ChannelEvent]:
    """A message, or the echo of one of ours; every further file of a buyer's is a message of its own."""
    message_id, pack = text_of(message.get("id")) or text_of(message.get("message_id")), pack_of(message)
    if not message_id or not pack:
        return [Ignored("message without id or pack")]
    words = message.get("text")
    text = text_of(words) or text_of(mapping(words).get("plain"))
    files = files_of(message)
    kind: MessageKind = files[0][0] if files else "text"
    media = files[0][1] if files else None
    address = Address(PACK, pack)
    sent_at = moment_of(mapping(message.get("message_date")).get("created"))
    if str(mapping(message.get("from")).get("user_id")) == str(channel.config.get("user_id")):
        return [Echo(f"message:{message_id}", (address,), kind, text, sent_at, media)]
    first = Incoming(f"message:{message_id}", (address,), kind, text, f"Venda {pack}", media=media)
    rest = [
        replace(first, id=f"{first.id}:{number}", kind=kind, text="", media=media)
        for number, (kind, media) in enumerate(files[1:], 1)
    ]
    return [first, *rest]


def pack_of(message: Object) -> str:
    """The conversation: the pack, or the order where a sale has no pack."""
    resources = message.get("message_resources")
    named = {
        text_of(mapping(each).get("name")): id_of(mapping(each).get("id"))
        for each in (resources if isinstance(resources, list) else ())
    }
    return named.get("packs") or named.get("orders") or ""


def id_of(value: Any) -> str:
    return str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""


def files_of(message: Object) -> list[tuple[MessageKind, Media]]:
    files = message.get("message_attachments") or message.get("attachments")
    told = (file_of(mapping(each)) for each in (files if isinstance(files, list) else ()))
    return [each for each in told if each]


def file_of(file: Object) -> tuple[MessageKind, Media] | None:
    name = text_of(file.get("filename"))
    if not name:
        return None
    suffix = name.rpartition(".")[2].lower()
    shown = text_of(file.get("original_filename")) or name
    media = Media(mimetype=MIMETYPES.get(suffix, "application/octet-stream"), filename=shown, ref={"filename": name})
    return KINDS.get(suffix, "document"), media


def fetch_file(channel: Channel, media: Media) -> Media:
    """A received file's bytes. Raises NotSent to be asked again, Refused when it is gone (after 48 hours)."""
    name, site = quote(text_of(media.ref.get("filename")), safe=""), channel.config.get("site_id", "MLB")
    data = download(channel, f"/messages/attachments/{name}?tag=post_sale&site_id={site}").body
    return replace(media, data=data, size=len(data))


def moment_of(text: Any) -> datetime | None:
    """None for a year that no calendar holds."""
    try:
        told = datetime.fromisoformat(text)
        return (told if told.tzinfo else told.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def mapping(value: Any) -> Object:
    return value if isinstance(value, dict) else {}


def text_of(value: Any) -> str:
    return value if isinstance(value, str) else ""
