"""What a notification pointed at: a question about a product, or a message after a sale.

Buyers are hidden behind Mercado Livre's agent since 2026-02-02: a conversation is known by its pack, never by who
wrote. When they wrote is not told to the core: a question that waited for days still wants its answer."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tawkee_core import Address, Channel, ChannelEvent, Echo, Ignored, Incoming, Media, MessageKind, Refused

from .api import get
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
    return [read_message(channel, mapping(row)) for row in rows]


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


def read_message(channel: Channel, message: Object) -> ChannelEvent:
    message_id, pack = text_of(message.get("id")) or text_of(message.get("message_id")), pack_of(message)
    if not message_id or not pack:
        return Ignored("message without id or pack")
    words = message.get("text")
    text = text_of(words) or text_of(mapping(words).get("plain"))
    kind, media = file_of(message)
    address = Address(PACK, pack)
    sent_at = moment_of(mapping(message.get("message_date")).get("created"))
    if str(mapping(message.get("from")).get("user_id")) == str(channel.config.get("user_id")):
        return Echo(f"message:{message_id}", (address,), kind, text, sent_at, media)
    return Incoming(f"message:{message_id}", (address,), kind, text, f"Venda {pack}", media=media)


def pack_of(message: Object) -> str:
    """The conversation: the pack, or the order where a sale has no pack."""
    resources = [mapping(each) for each in message.get("message_resources") or ()]
    named = {text_of(each.get("name")): str(each.get("id", "")) for each in resources}
    return named.get("packs") or named.get("orders") or ""


def file_of(message: Object) -> tuple[MessageKind, Media | None]:
    files = message.get("message_attachments") or message.get("attachments") or ()
    first = mapping(files[0]) if isinstance(files, list) and files else {}
    name = text_of(first.get("filename"))
    if not name:
        return "text", None
    suffix = name.rpartition(".")[2].lower()
    shown = text_of(first.get("original_filename")) or name
    media = Media(mimetype=MIMETYPES.get(suffix, "application/octet-stream"), filename=shown, ref={"filename": name})
    return KINDS.get(suffix, "document"), media


def moment_of(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None


def mapping(value: Any) -> Object:
    return value if isinstance(value, dict) else {}


def text_of(value: Any) -> str:
    return value if isinstance(value, str) else ""
