"""Messages on their way out, the courtesies around them, and files on their way in."""

from dataclasses import replace
from typing import Any

from tawkee_core import Ambiguous, Button, Channel, Contact, Media, Message, Refused, provider

from .api import call, download
from .info import MAX_DOWNLOAD

# how each kind of file is sent, and in which field
METHODS = {
    "image": ("sendPhoto", "photo"),
    "audio": ("sendAudio", "audio"),
    "video": ("sendVideo", "video"),
    "document": ("sendDocument", "document"),
}


def send_message(channel: Channel, contact: Contact, message: Message) -> str:
    """Send one message; its id as `chat:message`."""
    values: dict[str, Any] = {"chat_id": contact.address.value}
    number = quoted_number(message.quoted_id)
    if number is not None and message.media is None:
        values["reply_parameters"] = {"message_id": number, "allow_sending_without_reply": True}
    if message.media is not None:
        return sent_id(send_file(channel, values, message, message.media))
    if not message.text.strip():
        raise Refused("There is nothing to send.")
    if message.buttons:
        values["reply_markup"] = {"inline_keyboard": [[button_of(each)] for each in message.buttons]}
    return sent_id(call(channel, "sendMessage", values | {"text": message.text, "parse_mode": "HTML"}))


def button_of(button: Button) -> dict[str, str]:
    """A button that sends its id back; Telegram takes at most 64 bytes of it."""
    return {"text": button.title, "callback_data": button.id.encode()[:64].decode(errors="ignore")}


def send_file(channel: Channel, values: dict[str, Any], message: Message, media: Media) -> Any:
    if media.data is None:
        raise Refused("The file is not here.")
    method, field = METHODS.get(message.kind, METHODS["document"])
    if media.mimetype.startswith("audio/ogg"):
        method, field = "sendVoice", "voice"
    if message.text:
        values = values | {"caption": message.text, "parse_mode": "HTML"}
    return call(channel, method, values, {field: (media.filename or field, media.data, media.mimetype)})


def sent_id(result: Any) -> str:
    """The id of what was sent; an answer without one may have sent it all the same."""
    match result:
        case {"message_id": int(number), "chat": {"id": int(chat)}}:
            return f"{chat}:{number}"
        case _:
            raise Ambiguous("Telegram's answer names no message.")


def quoted_number(quoted_id: str | None) -> int | None:
    number = (quoted_id or "").rpartition(":")[2]
    return int(number) if number.isdecimal() else None


def show_typing(channel: Channel, contact: Contact) -> bool:
    """Shown for five seconds, or until the next message."""
    return bool(call(channel, "sendChatAction", {"chat_id": contact.address.value, "action": "typing"}))


def fetch_file(channel: Channel, media: Media) -> Media:
    """A received file's bytes. Raises NotSent to be asked again, Refused when it is gone or too large for bots."""
    if (media.size or 0) > MAX_DOWNLOAD:
        raise Refused("Bots may fetch at most 20 MB.")
    with provider.asking():
        found = call(channel, "getFile", {"file_id": media.ref.get("file_id")})
    path = found.get("file_path") if isinstance(found, dict) else None
    if not isinstance(path, str):
        raise Refused("The file is gone.")
    data = download(channel, path)
    return replace(media, data=data, size=len(data), filename=media.filename or path.rpartition("/")[2])
