"""Make a reply fit its channel: long text in parts that end where sentences end, at most a few of them."""

import re

from ..types import Capabilities, TextLimit

MAX_PARTS = 5
MAX_BALLOONS = 3
SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|\n+")


def split_text(text: str, capabilities: Capabilities, balloons: bool = False, address_kind: str = "") -> list[str]:
    """The parts to send, in order. With `balloons`, paragraphs become messages of their own, three at most."""
    text = text.strip()
    limit = capabilities.text_limits.get(address_kind) or TextLimit(capabilities.max_text, MAX_PARTS)
    pieces = paragraphs(text) if balloons and limit.parts >= MAX_BALLOONS else [text]
    return limit_parts([part for piece in pieces for part in cut_text(piece, limit.max_text)], limit)


def paragraphs(text: str) -> list[str]:
    pieces = [piece.strip() for piece in re.split(r"\n\s*\n", text) if piece.strip()]
    return (
        pieces[: MAX_BALLOONS - 1] + ["\n\n".join(pieces[MAX_BALLOONS - 1 :])] if len(pieces) > MAX_BALLOONS else pieces
    )


def cut_text(text: str, limit: int) -> list[str]:
    """Parts of at most `limit` characters, cut after a sentence, else after a word, else anywhere."""
    parts = []
    while len(text) > limit:
        cut = cut_place(text, limit)
        parts.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*parts, text] if text else parts


def cut_place(text: str, limit: int) -> int:
    window = text[: limit + 1]
    sentence = max((m.start() for m in SENTENCE_END.finditer(window) if m.start() <= limit), default=0)
    if sentence > limit // 3:
        return sentence
    space = window.rfind(" ")
    return space if space > limit // 3 else limit


def limit_parts(parts: list[str], limit: TextLimit) -> list[str]:
    """The first parts; the last of them says that there was more."""
    if len(parts) <= limit.parts:
        return parts
    return [*parts[: limit.parts - 1], parts[limit.parts - 1][: limit.max_text - 1].rstrip() + "…"]
