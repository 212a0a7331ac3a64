"""What a Telegram message is made of: a text, a file, a place, a contact."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tawkee_core import Media, MessageKind

# the field of each kind of file, what it becomes, and its type where Telegram does not say it
FILES: tuple[tuple[str, MessageKind, str], ...] = (
    ("voice", "audio", "audio/ogg"),
    ("audio", "audio", "audio/mpeg"),
    ("video", "video", "video/mp4"),
    ("video_note", "video", "video/mp4"),
    ("animation", "video", "video/mp4"),
    ("document", "document", "application/octet-stream"),
    ("sticker", "sticker", "image/webp"),
)


class Content(NamedTuple):
    """The words of a message, and what comes with them."""

    kind: MessageKind
    text: str = ""
    media: Media | None = None
    data: Mapping[str, Any] = {}


def read_content(message: Mapping[str, Any]) -> Content | None:
    """What a message says; None for service messages, which say nothing."""
    caption = text_of(message.get("caption"))
    if isinstance(message.get("text"), str):
        return Content("text", message["text"])
    if message.get("photo"):
        return Content("image", caption, photo_of(message["photo"]))
    for field, kind, mimetype in FILES:
        if isinstance(message.get(field), dict):
            return file_content(field, kind, mimetype, message[field], caption)
    return place_content(message) or contact_content(message) or poll_content(message)


def photo_of(sizes: Any) -> Media | None:
    """The largest of a photo's sizes."""
    usable = (
        [s for s in sizes if isinstance(s, dict) and isinstance(s.get("file_id"), str)]
        if isinstance(sizes, list)
        else []
    )
    if not usable:
        return None
    largest = max(usable, key=lambda s: number_of(s.get("width")) * number_of(s.get("height")))
    return Media(
        mimetype="image/jpeg", size=number_of(largest.get("file_size")) or None, ref={"file_id": largest["file_id"]}
    )


def file_content(field: str, kind: MessageKind, mimetype: str, file: Mapping[str, Any], caption: str) -> Content:
    if field == "sticker":
        caption = text_of(file.get("emoji"))
        mimetype = "video/webm" if file.get("is_video") else "application/gzip" if file.get("is_animated") else mimetype
    media = Media(
        mimetype=text_of(file.get("mime_type")) or mimetype,
        filename=text_of(file.get("file_name")),
        size=number_of(file.get("file_size")) or None,
        ref={"file_id": text_of(file.get("file_id"))},
    )
    return Content(kind, caption, media)


def place_content(message: Mapping[str, Any]) -> Content | None:
    place, venue = message.get("location"), message.get("venue")
    if not isinstance(place, dict):
        return None
    venue = venue if isinstance(venue, dict) else {}
    name = ", ".join(part for key in ("title", "address") if (part := text_of(venue.get(key))))
    return Content(
        "location", name, data={"latitude": place.get("latitude"), "longitude": place.get("longitude"), "name": name}
    )


def contact_content(message: Mapping[str, Any]) -> Content | None:
    card = message.get("contact")
    if not isinstance(card, dict):
        return None
    name = " ".join(part for key in ("first_name", "last_name") if (part := text_of(card.get(key))))
    return Content("contact", name, data={"contacts": [{"name": name, "phone": text_of(card.get("phone_number"))}]})


def poll_content(message: Mapping[str, Any]) -> Content | None:
    for field in ("poll", "dice", "game", "invoice", "story", "paid_media", "giveaway"):
        if isinstance(message.get(field), dict):
            return Content("unsupported", text_of(message[field].get("question")))
    return None


def text_of(value: Any) -> str:
    return value if isinstance(value, str) else ""


def number_of(value: Any) -> int:
    return value if isinstance(value, int) else 0
