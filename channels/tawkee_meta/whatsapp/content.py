"""What a WhatsApp message is made of: a text, a file, a place, contacts, an answer to buttons, lists or a flow."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from tawkee_core import Media, MessageKind

FILES: dict[str, MessageKind] = {
    "image": "image",
    "audio": "audio",
    "video": "video",
    "document": "document",
    "sticker": "sticker",
}


class Content(NamedTuple):
    """The words of a message, and what comes with them; the names are those of an Incoming's fields."""

    kind: MessageKind
    text: str = ""
    media: Media | None = None
    data: Mapping[str, Any] = {}


def read_content(message: Mapping[str, Any]) -> Content:
    """What a message of any type says; a type that is not known is `unsupported`, never dropped."""
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
            reacted = part
            emoji, target = text_of(reacted.get("emoji")), text_of(reacted.get("message_id"))
            return Content("reaction", data={"emoji": emoji, "target": target})
        case "button":
            pressed = part
            title = text_of(pressed.get("text"))
            return Content("choice", title, data={"id": text_of(pressed.get("payload")), "title": title})
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
        return Content("choice", text_of(flow.get("body")), data={"flow": flow_fields(flow.get("response_json"))})
    return Content("unsupported", data={"type": "interactive"})


def flow_fields(text: Any) -> dict[str, Any]:
    try:
        fields = json.loads(text) if isinstance(text, str) else {}
    except (ValueError, RecursionError):
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
