"""Messages on their way out, read receipts, and files on their way in."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tawkee_core import (
    Ambiguous,
    Button,
    Channel,
    Contact,
    Media,
    Message,
    NotSent,
    Refused,
    Template,
    TemplatePart,
    provider,
)

from ..graph import call, download

MAX_REPLY_BUTTONS = 3
MAX_ROW_ID = 200
CAPTIONED = ("image", "video", "document")


def send_message(channel: Channel, contact: Contact, message: Message, client_id: str) -> str:
    """Send one message; the provider's id. Our own id travels along and comes back in every status."""
    values: dict[str, Any] = {"messaging_product": "whatsapp", "recipient_type": "individual"}
    values |= recipient_of(contact) | {"biz_opaque_callback_data": client_id}
    if message.quoted_id:
        values["context"] = {"message_id": message.quoted_id}
    return sent_id(call(channel, "POST", f"{number_of(channel)}/messages", values | body_of(channel, message)))


def recipient_of(contact: Contact) -> dict[str, str]:
    """`to` takes phones. A BSUID goes into `recipient`: in `to` Meta would answer 200 and drop the message."""
    if contact.address.kind == "bsuid":
        return {"recipient": contact.address.value}
    return {"to": contact.address.value.lstrip("+")}


def number_of(channel: Channel) -> str:
    return str(channel.config.get("phone_number_id", ""))


def body_of(channel: Channel, message: Message) -> dict[str, Any]:
    if message.template is not None:
        return {"type": "template", "template": template_of(message.template)}
    if message.media is not None:
        return file_body(channel, message, message.media)
    if not message.text.strip():
        raise Refused("There is nothing to send.")
    if message.buttons:
        return {"type": "interactive", "interactive": interactive_of(message.text, message.buttons)}
    return {"type": "text", "text": {"body": message.text, "preview_url": True}}


def interactive_of(text: str, buttons: Sequence[Button]) -> dict[str, Any]:
    """Up to three choices as reply buttons, more as a list."""
    if len(buttons) <= MAX_REPLY_BUTTONS:
        replies = [{"type": "reply", "reply": {"id": b.id[:MAX_ROW_ID], "title": b.title}} for b in buttons]
        return {"type": "button", "body": {"text": text}, "action": {"buttons": replies}}
    rows = [{"id": b.id[:MAX_ROW_ID], "title": b.title} for b in buttons]
    return {
        "type": "list",
        "body": {"text": text},
        "action": {"button": "Opções", "sections": [{"rows": rows}]},
    }


def template_of(template: Template) -> dict[str, Any]:
    found: dict[str, Any] = {"name": template.name, "language": {"code": template.language}}
    components = [component_of(part) for part in template.parts]
    if template.parameters:
        parameters = [{"type": "text", "text": each} for each in template.parameters]
        for parameter, name in zip(parameters, template.names, strict=False):
            parameter["parameter_name"] = name
        components.append({"type": "body", "parameters": parameters})
    return found | {"components": components} if components else found


def component_of(part: TemplatePart) -> dict[str, Any]:
    """A header's text or file, which Meta fetches by its address; a button's end of address, or its code."""
    if part.place == "header":
        named = {"parameter_name": part.name} if part.name else {}
        value: dict[str, Any] = (
            {"text": part.value} | named if part.kind == "text" else {part.kind: {"link": part.value}}
        )
        return {"type": "header", "parameters": [{"type": part.kind} | value]}
    kind, field = ("copy_code", "coupon_code") if part.kind == "code" else ("url", "text")
    return {
        "type": "button",
        "sub_type": kind,
        "index": str(part.index),
        "parameters": [{"type": field, field: part.value}],
    }


def file_body(channel: Channel, message: Message, media: Media) -> dict[str, Any]:
    """The file is uploaded first: that may be done twice without harm, so its lost answer is no ambiguity."""
    if media.data is None:
        raise Refused("The file is not here.")
    kind = message.kind if message.kind in (*CAPTIONED, "audio", "sticker") else "document"
    part = {"id": upload_file(channel, media)}
    if kind in CAPTIONED and message.text:
        part["caption"] = message.text
    if kind == "document":
        part["filename"] = media.filename or "arquivo"
    return {"type": kind, kind: part}


def upload_file(channel: Channel, media: Media) -> str:
    values = {"messaging_product": "whatsapp", "type": media.mimetype}
    file = (media.filename or "arquivo", media.data or b"", media.mimetype)
    with provider.asking():
        answer = call(channel, "POST", f"{number_of(channel)}/media", values, {"file": file})
    if not isinstance(answer, dict) or not isinstance(answer.get("id"), str):
        raise NotSent("Meta's answer names no file.")
    return str(answer["id"])


def sent_id(answer: Any) -> str:
    match answer:
        case {"messages": [{"id": str(message_id)}, *_]}:
            return message_id
        case _:
            raise Ambiguous("Meta's answer names no message.")


def mark_read(channel: Channel, message_ids: Sequence[str]) -> bool:
    """Blue ticks for the last message, which covers those before it, and typing until we answer."""
    if not message_ids:
        return False
    values = {"messaging_product": "whatsapp", "status": "read", "message_id": message_ids[-1]}
    call(channel, "POST", f"{number_of(channel)}/messages", values | {"typing_indicator": {"type": "text"}})
    return True


def fetch_file(channel: Channel, media: Media) -> Media:
    """A received file's bytes: its address first, good for five minutes. Raises NotSent, or Refused when it is gone."""
    with provider.asking():
        found = call(channel, "GET", str(media.ref.get("id")))
    url = found.get("url") if isinstance(found, dict) else None
    if not isinstance(url, str):
        raise Refused("The file is gone.")
    data = download(channel, url).body
    return replace(media, data=data, size=len(data))
