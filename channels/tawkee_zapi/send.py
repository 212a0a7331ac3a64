"""Messages on their way out, the courtesies around them, and files on their way in."""

import base64
import mimetypes
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tawkee_core import Ambiguous, Channel, Contact, Media, Message, Refused, provider

from .api import MAX_FILE, NAME, call

MAX_READ = 10
LETTERS_A_SECOND = 40
# the route of each kind of file, the field it goes in, and whether it takes a caption
ROUTES = {
    "image": ("/send-image", "image", True),
    "audio": ("/send-audio", "audio", False),
    "video": ("/send-video", "video", True),
    "sticker": ("/send-sticker", "sticker", False),
}


def send_message(channel: Channel, contact: Contact, message: Message) -> str:
    """Queue one message to the address last heard from, exactly as it was received; the id that callbacks will use."""
    body: dict[str, Any] = {"phone": contact.address.value}
    if message.quoted_id:
        body["messageId"] = message.quoted_id
    if message.media is not None:
        return send_file(channel, body, message, message.media)
    if not message.text.strip():
        raise Refused("There is nothing to send.")
    body |= {"message": message.text, **typing_delay(channel, message)}
    if message.buttons:
        buttons = [{"id": each.id, "label": each.title} for each in message.buttons]
        return sent_id(call(channel, "POST", "/send-button-list", body | {"buttonList": {"buttons": buttons}}))
    return sent_id(call(channel, "POST", "/send-text", body))


def typing_delay(channel: Channel, message: Message) -> dict[str, int]:
    """Seconds of "typing…" before an agent's words (1 to 15 are allowed): the only way Z-API shows it."""
    if message.author != "agent" or not channel.config.get("typing", True):
        return {}
    return {"delayTyping": max(1, min(len(message.text) // LETTERS_A_SECOND, 5))}


def send_file(channel: Channel, body: dict[str, Any], message: Message, media: Media) -> str:
    """An audio becomes a voice message; a file of a kind without a route of its own goes as a document."""
    content = encode_file(media)
    route, field, captioned = ROUTES.get(message.kind, ("/send-document/" + suffix_of(media), "document", True))
    body |= {field: content}
    if captioned and message.text:
        body["caption"] = message.text
    if field == "document":
        body["fileName"] = media.filename or "arquivo"
    if field == "audio":
        body["waveform"] = True
    return sent_id(call(channel, "POST", route, body))


def encode_file(media: Media) -> str:
    """Our public address of the file, or, where Z-API cannot reach us, a data URI (base64 with its prefix)."""
    if media.url.startswith("https://"):
        return media.url
    if media.data is None:
        raise Refused("The file is not here.")
    return f"data:{media.mimetype};base64,{base64.b64encode(media.data).decode()}"


def suffix_of(media: Media) -> str:
    """The file's extension, which is part of the route of documents."""
    _, dot, suffix = media.filename.rpartition(".")
    guess = suffix if dot else (mimetypes.guess_extension(media.mimetype) or "").removeprefix(".")
    return guess.lower() if 0 < len(guess) <= 8 and guess.isascii() and guess.isalnum() else "bin"


def sent_id(answer: dict[str, Any]) -> str:
    """The message's id; an answer without one may have sent it all the same."""
    found = answer.get("messageId") or answer.get("id")
    if not isinstance(found, str):
        raise Ambiguous("Z-API's answer names no message.")
    return found


def mark_read(channel: Channel, contact: Contact, message_ids: Sequence[str]) -> bool:
    """Blue ticks, for the latest messages only."""
    for message_id in message_ids[-MAX_READ:]:
        call(channel, "POST", "/read-message", {"phone": contact.address.value, "messageId": message_id})
    return True


def fetch_file(media: Media) -> Media:
    """A received file's bytes. Raises NotSent to be asked again, Refused when it is gone (after 30 days)."""
    data = provider.download(NAME, str(media.ref.get("url")), MAX_FILE).body
    return replace(media, data=data, size=len(data))
