"""Messages on their way out, and files on their way in."""

from dataclasses import replace

from tawkee_core import Ambiguous, Channel, Contact, Media, Message, Refused

from .api import account_url, call, download
from .info import MAX_TEXT


def send_message(channel: Channel, contact: Contact, message: Message) -> str:
    """Send one SMS, or an MMS when it has a file; its SID. Twilio queues it and tells its states afterwards."""
    form = {"To": contact.address.value, **sender_of(channel)}
    if message.text:
        form["Body"] = message.text[:MAX_TEXT]
    if message.media is not None:
        form["MediaUrl"] = public_url(message.media)
    elif not message.text.strip():
        raise Refused("There is nothing to send.")
    if channel.webhook_url.startswith("https://"):
        form["StatusCallback"] = channel.webhook_url
    sid = call(channel, "POST", account_url(channel, "/Messages.json"), form).get("sid")
    if not isinstance(sid, str):
        raise Ambiguous("Twilio's answer names no message.")
    return sid


def sender_of(channel: Channel) -> dict[str, str]:
    """Who speaks: a number, or a messaging service that chooses one."""
    sender = str(channel.config.get("sender") or "").strip()
    return {"MessagingServiceSid" if sender.startswith("MG") else "From": sender}


def public_url(media: Media) -> str:
    """Where Twilio fetches a file; it takes none of the bytes themselves."""
    if not media.url.startswith("https://"):
        raise Refused("Twilio fetches files from a public https address: set TAWKEE_PUBLIC_URL to one.")
    return media.url


def fetch_file(channel: Channel, media: Media) -> Media:
    """A received file's bytes. Raises NotSent to be asked again, Refused when it is gone."""
    data = download(channel, str(media.ref.get("url")))
    return replace(media, data=data, size=len(data))
