"""Reading values as WhatsApp libraries write them: bytes, long numbers, times and contact cards."""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tawkee_core import BadPayload

MAX_TEXT = 65_536
CARD_NAME = re.compile(r"^FN(?:;[^:\n]*)?:(.*)$", re.M | re.I)
CARD_PHONE = re.compile(r"^(?:item\d+\.)?TEL([^:\n]*):(.*)$", re.M | re.I)


def text_of(value: Any) -> str:
    """A text, or "" for anything else."""
    return value[:MAX_TEXT] if isinstance(value, str) else ""


def object_of(value: Any) -> dict[str, Any]:
    """An object, or {} for anything else."""
    return value if isinstance(value, dict) else {}


def required(value: Any, name: str) -> dict[str, Any]:
    """An object that must be there. Raises BadPayload."""
    if not isinstance(value, dict):
        raise BadPayload(f"{name} is not an object.")
    return value


def each_object(payload: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The event's data, which forks send as a list. Raises BadPayload."""
    data = payload.get("data")
    return [required(each, "data") for each in data] if isinstance(data, list) else [required(data, "data")]


def number_of(value: Any) -> int | None:
    """A whole number written as itself, as digits (2.2.x) or as a protobuf Long {low, high, unsigned} (2.3.6+)."""
    if isinstance(value, dict):
        low, high = number_of(value.get("low")), number_of(value.get("high"))
        return None if low is None else ((high or 0) << 32) + (low & 0xFFFFFFFF)
    if isinstance(value, str) and re.fullmatch(r"\d{1,18}", value):
        return int(value)
    if isinstance(value, float) and abs(value) < 2**53:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def bytes_of(value: Any) -> bytes | None:
    """Bytes written in base64 (2.2.x) or as an object {"0": 12, "1": 200, …} (2.3.6+); None for anything else."""
    if isinstance(value, str):
        return base64_of(value)
    if isinstance(value, dict) and value:
        try:
            return bytes(value[str(index)] for index in range(len(value)))
        except (KeyError, TypeError, ValueError):  # gaps, or what is no byte
            return None
    return None


def base64_of(text: str) -> bytes | None:
    """The bytes of a base64 text, with or without a `data:` prefix; None when it is cut or broken."""
    _, comma, rest = text.partition(",") if text.startswith("data:") else ("", "", text)
    try:
        return base64.b64decode(rest, validate=True) or None
    except (binascii.Error, ValueError):
        return None


def time_of(value: Any) -> datetime | None:
    """A moment from seconds since 1970, or milliseconds where they are that many; None for what no calendar holds."""
    seconds = number_of(value)
    if seconds is None or seconds <= 0:
        return None
    if seconds > 100_000_000_000:
        seconds //= 1000
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def read_card(card: str, name: str = "") -> dict[str, str]:
    """The name and first phone of a vCard: {name, phone}; the phone is WhatsApp's own (`waid`) where it is given."""
    names, phones = CARD_NAME.search(card), CARD_PHONE.search(card)
    phone = ""
    if phones:
        waid = re.search(r"waid=(\d+)", phones[1])
        phone = "+" + waid[1] if waid else phones[2].strip()
    return {"name": name or (names[1].strip() if names else ""), "phone": phone}
