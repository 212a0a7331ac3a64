"""Messages through the Send API, the courtesies around them, and files by their links."""

from dataclasses import replace
from typing import Any

from tawkee_core import Ambiguous, AuthLost, Channel, Contact, Media, Message, Refused

from ..graph import call, download

# what Meta says, by its code, where an app has not been allowed to use the tag
FORBIDDEN = ("(10)", "(200)")
KINDS = {"image": "image", "audio": "audio", "video": "video"}


def send_message(channel: Channel, contact: Contact, message: Message) -> str:
    """Send one message; the provider's id. A person's words after the AI's window carry the tag that lets people answer
    for seven days; within it they need none, nor the permission that goes with it."""
    values: dict[str, Any] = {"recipient": {"id": contact.address.value}, "message": body_of(message)}
    if message.late:
        values |= {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    else:
        values["messaging_type"] = "RESPONSE"
    answer = post_late(channel, values) if message.late else call(channel, "POST", "me/messages", values)
    message_id = answer.get("message_id") if isinstance(answer, dict) else None
    if not isinstance(message_id, str) or not message_id:
        raise Ambiguous("Meta's answer names no message.")
    return message_id


def post_late(channel: Channel, values: dict[str, Any]) -> Any:
    """A message under the tag. That the app may not use the tag says nothing of its other messages, which must not
    wait for it. Raises a SendError."""
    try:
        return call(channel, "POST", "me/messages", values)
    except AuthLost as error:
        if str(error).startswith(FORBIDDEN):
            raise Refused(str(error)) from error
        raise


def body_of(message: Message) -> dict[str, Any]:
    if message.media is not None:
        return {"attachment": attachment_of(message, message.media)}
    if not message.text.strip():
        raise Refused("There is nothing to send.")
    if not message.buttons:
        return {"text": message.text}
    replies = [{"content_type": "text", "title": b.title, "payload": b.id[:1000]} for b in message.buttons]
    return {"text": message.text, "quick_replies": replies}


def attachment_of(message: Message, media: Media) -> dict[str, Any]:
    """Meta fetches the file itself, from an address that it can reach."""
    if not media.url.startswith("https://"):
        raise Refused("Meta fetches files from us: set TAWKEE_PUBLIC_URL to a public https address.")
    return {"type": KINDS.get(message.kind, "file"), "payload": {"url": media.url, "is_reusable": False}}


def show_action(channel: Channel, contact: Contact, action: str) -> bool:
    """`typing_on` or `mark_seen`."""
    call(channel, "POST", "me/messages", {"recipient": {"id": contact.address.value}, "sender_action": action})
    return True


def fetch_file(channel: Channel, media: Media) -> Media:
    """A received file's bytes, by its link. Raises NotSent to be asked again, Refused when it is gone."""
    answer = download(channel, str(media.ref.get("url", "")))
    mimetype = answer.headers.get("content-type", "").partition(";")[0] or media.mimetype
    return replace(media, data=answer.body, size=len(answer.body), mimetype=mimetype)
