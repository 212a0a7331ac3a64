"""Whether a message whose sending ended in doubt was sent.

Twilio carries no id of ours, so the message is recognised among the latest to its contact by its words, files and time.
A filter by date would leave out what is still queued."""

import time
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

from tawkee_core import Channel, Contact, Message, SendError

from .api import account_url, carry, read_answer
from .info import MAX_TEXT

SETTLED_SECONDS = 45.0
CLOCK_SECONDS = 2.0
PAGE = 50


def look_up(channel: Channel, contact: Contact, message: Message, since: float) -> str | None:
    """The message's SID; "" when it surely was not sent; None when nobody can tell (yet)."""
    age = time.time() - since
    query = urlencode({"To": contact.address.value, "PageSize": PAGE})
    try:
        answer = carry(channel, "GET", account_url(channel, f"/Messages.json?{query}"))
        found = read_answer(answer).get("messages")
    except SendError:  # not now
        return None
    if not isinstance(found, list):
        return None
    started = read_time(answer.headers.get("date"), time.time()) - age - CLOCK_SECONDS
    for record in found:
        if isinstance(record, dict) and is_same(record, message, started) and isinstance(record.get("sid"), str):
            return str(record["sid"])
    return "" if age > SETTLED_SECONDS and len(found) < PAGE else None


def is_same(record: dict[str, Any], message: Message, started: float) -> bool:
    """Whether a record is this message: ours, not older than the try, with the same words and as many files."""
    return (
        str(record.get("direction", "")).startswith("outbound")
        and read_time(record.get("date_created"), 0.0) >= int(started)
        and str(record.get("body") or "").strip() == message.text[:MAX_TEXT].strip()
        and (str(record.get("num_media") or "0") != "0") == (message.media is not None)
    )


def read_time(date: Any, otherwise: float) -> float:
    """Seconds since 1970 of a date as mails write it; Twilio's own clock stamps its messages."""
    try:
        return parsedate_to_datetime(str(date)).timestamp()
    except (ValueError, TypeError, OverflowError):
        return otherwise
