"""From a form of Twilio's to events. Pure: no I/O, no clock. One webhook carries one message or one status.

Facts: twilio.com/docs/messaging/guides/webhook-request. A status callback has MessageStatus, a message has not."""

import re
from typing import Literal

from tawkee_core import Address, BadPayload, Channel, ChannelEvent, Ignored, Incoming, Media, MessageKind, Status

from .proof import read_fields

PHONE = re.compile(r"\+?\d{3,15}")
MAX_FILES = 10
# words that Twilio answers itself, and after which it blocks what we send; its own verdict, OptOutType, comes first.
# The Portuguese ones it knows only where its owner enters them (Advanced Opt-Out); who writes them wants no answer
KEYWORDS = {
    **dict.fromkeys(("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"), "STOP"),
    **dict.fromkeys(("PARAR", "PARE", "SAIR", "DESCADASTRAR", "DESINSCREVER"), "STOP"),
    **dict.fromkeys(("START", "UNSTOP"), "START"),
    **dict.fromkeys(("HELP", "INFO"), "HELP"),
}
STATES: dict[str, Literal["sent", "delivered", "read", "failed"]] = {
    "sent": "sent", "delivered": "delivered", "read": "read",
    "failed": "failed", "undelivered": "failed", "canceled": "failed",
}  # fmt: skip
REASONS = {
    "21610": "the contact answered STOP", "30003": "the phone is off or out of reach", "30004": "blocked by the phone",
    "30005": "the number does not exist", "30006": "a landline, or its carrier cannot be reached",
    "30007": "filtered by the carrier as spam", "30008": "the carrier does not say why",
    "30034": "the sender is not registered for A2P",
}  # fmt: skip


def parse_webhook(channel: Channel, body: bytes) -> list[ChannelEvent]:
    """The events of one form. Raises BadPayload for what is none."""
    # PostgreSQL keeps no NUL
    form = {name: values[-1].replace("\0", "") for name, values in read_fields(body).items()}
    message_id = (form.get("MessageSid") or form.get("SmsSid") or "")[:64]
    if not message_id:
        raise BadPayload("The form names no message.")
    if "MessageStatus" in form:
        return [read_status(form, message_id)]
    if "Body" not in form and "NumMedia" not in form:
        return [Ignored("form without a message")]
    return read_messages(form, message_id)


def read_status(form: dict[str, str], message_id: str) -> ChannelEvent:
    name, code = form["MessageStatus"], form.get("ErrorCode", "")[:10]
    if name not in STATES:
        return Ignored(f"status {name[:40]}")
    state = STATES[name]
    error = f"({code}) {REASONS.get(code, 'see twilio.com/docs/api/errors')}" if code and code != "0" else name
    return Status(state, id=message_id, error=error if state == "failed" else "")


def read_messages(form: dict[str, str], message_id: str) -> list[ChannelEvent]:
    """A message; every further file of an MMS is a message of its own."""
    sender = form.get("From", "")[:60]
    if not PHONE.fullmatch(sender):
        return [Ignored("no phone to answer: another channel of Twilio's, or a sender with letters")]
    files = read_files(form)
    first = read_message(form, message_id, sender, *(files[0] if files else ("text", None)))
    rest = [
        Incoming(id=f"{message_id}:{number}", addresses=first.addresses, kind=kind, media=media)
        for number, (kind, media) in enumerate(files[1:], 1)
    ]
    return [first, *rest]


def read_message(
    form: dict[str, str], message_id: str, sender: str, kind: MessageKind, media: Media | None
) -> Incoming:
    text = form.get("Body", "")
    keyword = read_keyword(form, text)
    data: dict[str, object] = {}
    if form.get("NumSegments", "").isdecimal() and len(form["NumSegments"]) < 4:
        data["segments"] = int(form["NumSegments"])
    if keyword:
        data |= {"keyword": keyword, "opt_out": keyword == "STOP"}
    return Incoming(
        id=message_id,
        addresses=(Address("phone", sender),),
        kind=kind,
        text=text,
        name=form.get("ProfileName", "")[:200],
        media=media,
        data=data,
        quiet=bool(keyword),
    )


def read_keyword(form: dict[str, str], text: str) -> str:
    """STOP, START or HELP, as Twilio understood it, else as it would; "" for an ordinary message."""
    told = form.get("OptOutType", "").upper()
    return told if told in ("STOP", "START", "HELP") else KEYWORDS.get(text.strip().upper(), "")


def read_files(form: dict[str, str]) -> list[tuple[MessageKind, Media]]:
    found: list[tuple[MessageKind, Media]] = []
    for number in range(MAX_FILES):
        url = form.get(f"MediaUrl{number}", "")
        if not url:
            break
        mimetype = form.get(f"MediaContentType{number}", "").partition(";")[0].strip() or "application/octet-stream"
        found.append((kind_of(mimetype), Media(mimetype=mimetype[:100], ref={"url": url})))
    return found


def kind_of(mimetype: str) -> MessageKind:
    match mimetype.partition("/")[0]:
        case "image":
            return "image"
        case "audio":
            return "audio"
        case "video":
            return "video"
        case _:
            return "document"
