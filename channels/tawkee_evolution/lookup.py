"""Whether a message whose sending ended in doubt was sent.

Evolution carries no id of ours, so the message is recognised in the server's own database by its chat, words and time.
That it was not sent is said only where the server surely stores messages (another one of this chat is there) and had
time to finish."""

import time
from email.utils import parsedate_to_datetime
from typing import Any

from tawkee_core import BadPayload, Channel, Contact, Message, SendError

from .api import MIB, carry
from .content import read_content
from .decode import number_of, object_of
from .jids import stored_jids

SETTLED_SECONDS = 30.0
CLOCK_SECONDS = 5.0


def look_up(channel: Channel, contact: Contact, message: Message, since: float) -> str | None:
    """The provider's id; "" when it surely was not sent; None when nobody can tell (yet)."""
    age = time.time() - since
    found = find_chat(channel, contact.address.value)
    if found is None:
        return None
    records, clock = found
    for record in records:
        key = object_of(record.get("key"))
        if key.get("fromMe") is True and is_same(record, message, clock - age) and isinstance(key.get("id"), str):
            return str(key["id"])
    return "" if records and age > SETTLED_SECONDS else None


def find_chat(channel: Channel, value: str) -> tuple[list[dict[str, Any]], float] | None:
    """A chat's newest messages, under any JID it may be stored by, and the server's clock; None when it cannot say."""
    found: tuple[list[dict[str, Any]], float] | None = None
    for jid in stored_jids(value):
        found = find_messages(channel, jid)
        if found is None or found[0]:
            break
    return found


def find_messages(channel: Channel, jid: str) -> tuple[list[dict[str, Any]], float] | None:
    body = {"where": {"key": {"remoteJid": jid}}, "page": 1, "offset": 50}
    try:
        answer = carry(channel, "/chat/findMessages", body, max_bytes=16 * MIB)
        found = object_of(object_of(answer.read_json()).get("messages")).get("records")
    except (SendError, BadPayload):  # not now
        return None
    if answer.status not in (200, 201) or not isinstance(found, list):
        return None
    return [record for record in found if isinstance(record, dict)], read_clock(answer.headers.get("date", ""))


def read_clock(date: str) -> float:
    """The server's own time, which its messages are stamped with; ours where it does not say."""
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return time.time()


def is_same(record: dict[str, Any], message: Message, since: float) -> bool:
    sent_at = number_of(record.get("messageTimestamp"))
    if sent_at is None or sent_at < since - CLOCK_SECONDS:
        return False
    content = read_content(object_of(record.get("message")))
    kinds = (message.kind, "document") if message.media else ("text",)
    return content.kind in kinds and content.text.strip() == message.text.strip()
