"""What a WhatsApp message is made of: a text, a file, a place, contacts, an answer to buttons, lists or a flow."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tawkee_core import BadPayload, Media, MessageKind, read_json

FILES: dict[str, MessageKind] = {
    "image": "image",
    "audio": "audio",
    "video": "video",
    "document": "document",
    "sticker": "sticker",
}
REFERRAL = ("source_type", "source_id", "source_url", "headline", "body", "ctwa_clid")


class Content(NamedTuple):
    """The words of a message, and what comes with them; the names are those of an Incoming's fields."""

    kind: MessageKind
    text: str = ""
    media: Media | None = None
    data: Mapping[str, Any] = {}


def read_content(message: Mapping[str, Any]) -> Content:
    """What a message of any type says; a type that is not known is `unsupported`, never dropped. The advertisement that
    a contact came by is kept in `data`."""
    content, referral = read_part(message), message.get("referral")
    if not isinstance(referral, dict):
        return content
    known = {name: text_of(referral.get(name))[:500] for name in REFERRAL if text_of(referral.get(name))}
    return content._replace(data={**content.data, "referral": known})


def read_part(message: Mapping[str, Any]) -> Content:
    kind = text_of(message.get("type"))
    found = message.get(kind)
    part: Mapping[str, Any] = found if isinstance(found, dict) else {}
    match kind:
        case "text":
            return Content("text", text_of(part.get("body")))
        case _ if kind in FILES:
            return file_content(FILES[kind], part)
        case "location":
            return place_content(part)
        case "contacts":
            return card_content(message.get("contacts"))
        case "reaction":
            emoji, target = text_of(part.get("emoji")), text_of(part.get("message_id"))
            return Content("reaction", data={"emoji": emoji, "target": target})
        case "button":
            title = text_of(part.get("text"))
            return Content("choice", title, data={"id": text_of(part.get("payload")), "title": title})
        case "interactive":
            return answer_content(part)
        case "order":
            return order_content(part)
        case _:
            return Content("unsupported", data={"type": kind})


def file_content(kind: MessageKind, part: Mapping[str, Any]) -> Content:
    media = Media(
        mimetype=text_of(part.get("mime_type")).partition(";")[0] or "application/octet-stream",
        filename=text_of(part.get("filename")),
        ref={"id": text_of(part.get("id"))},
    )
    return Content(kind, text_of(part.get("caption")), media, {"voice": True} if part.get("voice") else {})


def place_content(part: Mapping[str, Any]) -> Content:
    name = ", ".join(words for key in ("name", "address") if (words := text_of(part.get(key))))
    return Content("location", name, data={k: part.get(k) for k in ("latitude", "longitude")} | {"name": name})


def card_content(cards: Any) -> Content:
    contacts = []
    for card in cards if isinstance(cards, list) else ():
        name = card.get("name") if isinstance(card, dict) else None
        phones = card.get("phones") if isinstance(card, dict) else None
        first = phones[0] if isinstance(phones, list) and phones and isinstance(phones[0], dict) else {}
        words = text_of(name.get("formatted_name")) if isinstance(name, dict) else ""
        contacts.append({"name": words, "phone": text_of(first.get("phone"))})
    return Content("contact", ", ".join(c["name"] for c in contacts), data={"contacts": contacts})


def answer_content(part: Mapping[str, Any]) -> Content:
    """A pressed button, a chosen row, or a filled-in flow, whose fields are JSON in a text."""
    for name in ("button_reply", "list_reply"):
        chosen = part.get(name)
        if isinstance(chosen, dict):
            title = text_of(chosen.get("title"))
            return Content("choice", title, data={"id": text_of(chosen.get("id")), "title": title})
    flow = part.get("nfm_reply")
    if isinstance(flow, dict):
        fields = flow_fields(flow.get("response_json"))
        lines = [f"{name}: {said(value)}" for name, value in fields.items()]
        return Content("choice", "\n".join([text_of(flow.get("body")), *lines]).strip(), data={"flow": fields})
    return Content("unsupported", data={"type": "interactive"})


def said(value: Any) -> str:
    """A field's value as people read it: several that were chosen one after another, a choice of yes or no in words."""
    if isinstance(value, bool):
        return "sim" if value else "não"
    return ", ".join(said(each) for each in value) if isinstance(value, list) else "" if value is None else str(value)


def flow_fields(text: Any) -> dict[str, Any]:
    try:
        fields = read_json(text.encode("utf-8", "replace")) if isinstance(text, str) else {}
    except BadPayload:
        return {}
    return {k: v for k, v in fields.items() if k != "flow_token"} if isinstance(fields, dict) else {}


def order_content(part: Mapping[str, Any]) -> Content:
    items = [item for item in part.get("product_items") or () if isinstance(item, dict)]
    lines = [
        f"{i.get('quantity')} × {i.get('product_retailer_id')} ({i.get('item_price')} {i.get('currency')})"
        for i in items
    ]
    return Content("text", "\n".join([text_of(part.get("text")), *lines]).strip(), data={"order": items})


def text_of(value: Any) -> str:
    return value if isinstance(value, str) else ""
