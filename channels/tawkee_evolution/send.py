"""Messages on their way out, the courtesies around them, and files on their way in."""

import base64
from collections.abc import Sequence
from dataclasses import replace
from mimetypes import guess_extension
from typing import Any

from tawkee_core import Ambiguous, AuthLost, BadPayload, Channel, Contact, Media, Message, NotSent, Refused

from .api import MIB, carry, send
from .decode import base64_of, object_of, text_of
from .failures import send_error
from .jids import PERSON

MAX_FILE = 25 * MIB


def send_message(channel: Channel, contact: Contact, message: Message) -> str:
    """Send one message to the address last heard from, exactly as it was received; the provider's id."""
    body: dict[str, Any] = {"number": contact.address.value}
    if message.quoted_id:
        body["quoted"] = {"key": {"id": message.quoted_id}}
    if message.media is None:
        if not message.text.strip():
            raise Refused("There is nothing to send.")
        return send(channel, "/message/sendText", body | {"text": message.text})
    return send_file(channel, body, message, message.media)


def send_file(channel: Channel, body: dict[str, Any], message: Message, media: Media) -> str:
    """An audio becomes a voice message. What goes with words that its kind has no room for goes as a document."""
    content = encode_file(media)
    if message.kind == "audio" and not message.text.strip():
        return send(channel, "/message/sendWhatsAppAudio", body | {"audio": content})
    if message.kind == "sticker" and not message.text.strip():
        return send(channel, "/message/sendSticker", body | {"sticker": content})
    details = {
        "mediatype": message.kind if message.kind in ("image", "video") else "document",
        "mimetype": media.mimetype,
        "media": content,
        "fileName": media.filename or "arquivo" + (guess_extension(media.mimetype) or ""),
        "caption": message.text,
    }
    return send(channel, "/message/sendMedia", body | details)


def encode_file(media: Media) -> str:
    """Raw base64, without the `data:` prefix, which the server refuses; a public URL where we hold no bytes."""
    if media.data is not None:
        return base64.b64encode(media.data).decode()
    if media.url.startswith("https://"):
        return media.url
    raise Refused("The file is not here.")


def show_typing(channel: Channel, contact: Contact, seconds: float) -> bool:
    """Show "typing…". The server answers only when it ends, so its answer is not waited for."""
    body = {"number": contact.address.value, "presence": "composing", "delay": int(min(seconds, 20) * 1000)}
    try:
        answer = carry(channel, "/chat/sendPresence", body, timeout=1.0)
    except Ambiguous:
        return True
    return answer.status in (200, 201)


def mark_read(channel: Channel, contact: Contact, message_ids: Sequence[str]) -> bool | None:
    """Blue ticks. Only a phone's JID works: the server silently drops a LID, and a group's needs its participants."""
    jid = phone_jid(contact)
    if jid is None or not message_ids:
        return None
    messages = [{"remoteJid": jid, "fromMe": False, "id": message_id} for message_id in message_ids]
    return carry(channel, "/chat/markMessageAsRead", {"readMessages": messages}).status in (200, 201)


def phone_jid(contact: Contact) -> str | None:
    if contact.address.kind == "phone":
        value = contact.address.value
        return value if "@" in value else value.lstrip("+") + PERSON
    if contact.address.kind == "lid" and contact.phone:
        return contact.phone.lstrip("+") + PERSON
    return None


def fetch_media(channel: Channel, media: Media) -> Media:
    """A received file's bytes, which the server decrypts. Raises NotSent to be asked again, Refused when it is gone."""
    if (media.size or 0) > MAX_FILE:
        raise Refused("The file is too large.")
    message_id = object_of(media.ref.get("key")).get("id")
    body = {"message": {"key": {"id": message_id}}, "convertToMp4": False}
    try:
        answer = carry(channel, "/chat/getBase64FromMediaMessage", body, timeout=30.0, max_bytes=MAX_FILE * 3 // 2)
    except Ambiguous as error:
        raise NotSent(str(error)) from error
    if answer.status not in (200, 201):
        raise media_error(send_error(answer))
    try:
        found = object_of(answer.read_json())
    except BadPayload as error:
        raise NotSent("The answer is no JSON.") from error
    data = base64_of(found.get("base64") or "")
    if data is None:
        raise Refused("The file is gone.")
    mimetype = text_of(found.get("mimetype")).partition(";")[0].strip() or media.mimetype
    return replace(media, data=data, size=len(data), mimetype=mimetype)


def media_error(error: Exception) -> Exception:
    """Nothing was sent, so what is ambiguous for a message may simply be asked again."""
    return error if isinstance(error, Refused | AuthLost) else NotSent(str(error))
