"""Make a reply fit its channel: long text in parts that end where sentences end, at most a few of them."""

import re

from ..types import Capabilities, TextLimit, TextUnit

MAX_PARTS = 5
MAX_BALLOONS = 3
TIGHT = 2000
SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|\n+")


def split_text(text: str, capabilities: Capabilities, balloons: bool = False, address_kind: str = "") -> list[str]:
    """The parts to send, in order. With `balloons`, paragraphs become messages of their own, three at most."""
    text = text.strip()
    limit = text_limit(capabilities, address_kind)
    pieces = paragraphs(text) if balloons and limit.parts >= MAX_BALLOONS else [text]
    parts = [part for piece in pieces for part in cut_text(piece, limit.max_text, capabilities.text_unit)]
    return limit_parts(parts, limit, capabilities.text_unit)


def text_limit(capabilities: Capabilities, address_kind: str) -> TextLimit:
    """How long a message to this kind of address may be, and how many an answer may take."""
    return capabilities.text_limits.get(address_kind) or TextLimit(capabilities.max_text, MAX_PARTS)


def tight_room(capabilities: Capabilities, address_kind: str) -> int | None:
    """How many characters one message carries, where that is so few that whoever writes should know; else None."""
    limit = text_limit(capabilities, address_kind).max_text
    room = limit * 9 // 10 if capabilities.text_unit == "bytes" else limit
    return room if room <= TIGHT else None


def measure(text: str, unit: TextUnit) -> int:
    """How long a text is as its channel counts."""
    match unit:
        case "utf16":
            return len(text.encode("utf-16-le", "replace")) // 2
        case "bytes":
            return len(text.encode("utf-8", "replace"))
        case _:
            return len(text)


def fitting(text: str, limit: int, unit: TextUnit) -> int:
    """How many characters from the beginning are within the limit."""
    head = text[:limit]
    while (over := measure(head, unit) - limit) > 0:
        head = head[: -max(1, over // 4)]
    return len(head)


def paragraphs(text: str) -> list[str]:
    pieces = [piece.strip() for piece in re.split(r"\n\s*\n", text) if piece.strip()]
    return (
        pieces[: MAX_BALLOONS - 1] + ["\n\n".join(pieces[MAX_BALLOONS - 1 :])] if len(pieces) > MAX_BALLOONS else pieces
    )


def cut_text(text: str, limit: int, unit: TextUnit = "characters") -> list[str]:
    """Parts within the limit, cut after a sentence, else after a word, else anywhere."""
    parts = []
    while (room := fitting(text, limit, unit)) < len(text):
        cut = cut_place(text, max(room, 1))
        parts.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*parts, text] if text else parts


def cut_place(text: str, room: int) -> int:
    window = text[: room + 1]
    sentence = max((m.start() for m in SENTENCE_END.finditer(window) if m.start() <= room), default=0)
    if sentence > room // 3:
        return sentence
    space = window.rfind(" ")
    return space if space > room // 3 else room


def limit_parts(parts: list[str], limit: TextLimit, unit: TextUnit = "characters") -> list[str]:
    """The first parts; the last of them says that there was more."""
    if len(parts) <= limit.parts:
        return parts
    last = parts[limit.parts - 1]
    room = fitting(last, limit.max_text - measure("…", unit), unit)
    return [*parts[: limit.parts - 1], last[:room].rstrip() + "…"]
