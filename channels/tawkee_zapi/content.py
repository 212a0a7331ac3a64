"""What a message of Z-API is made of: its kind is told by which key is there."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tawkee_core import Media, MessageKind

# the key of each kind of file, where its address is, and its type where Z-API does not say it
FILES: tuple[tuple[MessageKind, str, str], ...] = (
    ("image", "imageUrl", "image/jpeg"),
    ("audio", "audioUrl", "audio/ogg"),
    ("video", "videoUrl", "video/mp4"),
    ("document", "documentUrl", "application/octet-stream"),
    ("sticker", "stickerUrl", "image/webp"),
)
# what is shown as such, with the words it brings
OTHERS = (
    ("poll", "question"), ("order", "orderTitle"), ("product", "title"), ("event", "name"),
    ("carouselMessage", "text"), ("newsletterAdminInvite", "text"), ("reviewAndPay", "referenceId"),
    ("reviewOrder", "referenceId"), ("sendPayment", ""), ("requestPayment", ""), ("eventResponse", "response"),
    ("ptv", ""),
)  # fmt: skip


class Content(NamedTuple):
    """The words of a message, and what comes with them."""

    kind: MessageKind
    text: str = ""
    media: Media | None = None
    data: Mapping[str, Any] = {}


def read_content(payload: Mapping[str, Any]) -> Content | None:
    """What a message says; None for what says nothing: pins, keys that are not known."""
    if isinstance(payload.get("text"), dict):
        return Content("text", text_of(payload["text"].get("message")))
    return (
        file_content(payload)
        or choice_content(payload)
        or offer_content(payload)
        or place_content(payload.get("location"))
        or contact_content(payload)
        or reaction_content(payload.get("reaction"))
        or other_content(payload)
    )


def file_content(payload: Mapping[str, Any]) -> Content | None:
    for kind, url, mimetype in FILES:
        part = payload.get(kind)
        if isinstance(part, dict):
            return Content(kind, text_of(part.get("caption")), file_of(part, url, mimetype))
    return None


def file_of(part: Mapping[str, Any], url: str, mimetype: str) -> Media | None:
    address = text_of(part.get(url))
    if not address:
        return None
    said = text_of(part.get("mimeType")).partition(";")[0].strip()
    return Media(mimetype=said or mimetype, filename=text_of(part.get("fileName"))[:200], ref={"url": address})


def choice_content(payload: Mapping[str, Any]) -> Content | None:
    """A button pressed, a row of a list chosen, a vote: {id, title}."""
    button, row = object_of(payload.get("buttonsResponseMessage")), object_of(payload.get("listResponseMessage"))
    if button:
        return made_choice(text_of(button.get("buttonId")), text_of(button.get("message")))
    if row:
        return made_choice(text_of(row.get("selectedRowId")), text_of(row.get("title")) or text_of(row.get("message")))
    votes = object_of(payload.get("pollVote")).get("options")
    names = [text_of(object_of(vote).get("name")) for vote in votes] if isinstance(votes, list) else []
    title = ", ".join(name for name in names if name)
    return made_choice(title, title) if title else None


def made_choice(choice_id: str, title: str) -> Content:
    return Content("choice", title, data={"id": choice_id, "title": title})


def offer_content(payload: Mapping[str, Any]) -> Content | None:
    """A business's template or message with buttons: its words, and the file above them."""
    offer, template = object_of(payload.get("buttonsMessage")), object_of(payload.get("hydratedTemplate"))
    if not offer and not template:
        return None
    head = {"image": offer} if offer.get("imageUrl") else {"video": offer} if offer.get("videoUrl") else {}
    found = file_content(head) or file_content(object_of(template.get("header")))
    text = text_of((offer or template).get("message"))
    return found._replace(text=text or found.text) if found else Content("text", text)


def place_content(place: Any) -> Content | None:
    if not isinstance(place, dict):
        return None
    name = ", ".join(part for key in ("name", "address") if (part := text_of(place.get(key))))
    data = {"latitude": place.get("latitude"), "longitude": place.get("longitude"), "name": name}
    return Content("location", name, data=data)


def contact_content(payload: Mapping[str, Any]) -> Content | None:
    """One card, or several."""
    several = payload.get("contacts")
    cards = [object_of(c) for c in (several if isinstance(several, list) else [payload.get("contact")])]
    people = [contact_of(card) for card in cards if card]
    return Content("contact", ", ".join(p["name"] for p in people), data={"contacts": people}) if people else None


def contact_of(card: Mapping[str, Any]) -> dict[str, str]:
    phones = card.get("phones")
    first = text_of(phones[0]) if isinstance(phones, list) and phones else ""
    return {"name": text_of(card.get("displayName")), "phone": first}


def reaction_content(reaction: Any) -> Content | None:
    """A reaction; an empty emoji takes an earlier one back."""
    if not isinstance(reaction, dict):
        return None
    emoji, target = text_of(reaction.get("value")), object_of(reaction.get("referencedMessage"))
    return Content("reaction", emoji, data={"emoji": emoji, "target": text_of(target.get("messageId"))})


def other_content(payload: Mapping[str, Any]) -> Content | None:
    for key, words in OTHERS:
        if isinstance(payload.get(key), dict):
            return Content("unsupported", text_of(payload[key].get(words)))
    return None


def text_of(value: Any) -> str:
    return value if isinstance(value, str) else ""


def object_of(value: Any) -> Mapping[str, Any]:
    """The object, or an empty one."""
    return value if isinstance(value, dict) else {}
