"""Markdown, which models write, in the marks that a channel shows: WhatsApp's, HTML's few, or none."""

import re
from collections.abc import Callable
from html import escape

from ..types import Markup

HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*#*$", re.M)
BOLD = re.compile(r"\*\*(?=\S)([^*\n]+?)(?<=\S)\*\*|__(?=\S)([^_\n]+?)(?<=\S)__")
STRUCK = re.compile(r"~~(?=\S)([^~\n]+?)(?<=\S)~~")
LINK = re.compile(r"!?\[([^\]\n]{1,300})\]\((https?://[^\s)]{1,2000})\)")
BOTH = re.compile(r"(?<!\*)\*{3}(?=\S)([^*\n]+?)(?<=\S)\*{3}(?!\*)")
SLANTED = re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])|(?<!\w)_(?=\S)([^_\n]+?)(?<=\S)_(?!\w)")
BULLET = re.compile(r"^([ \t]*)\*[ \t]+(?=\S)", re.M)
CODE = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"```(?:[a-zA-Z0-9_+-]*\n)?(.*?)```", re.S)
# what may stand inside a line, first come first served, so that one never ends inside another
MARKS = re.compile("|".join(f"(?:{each.pattern})" for each in (CODE, LINK, BOLD, STRUCK, SLANTED)))


def format_text(text: str, markup: Markup) -> str:
    """The text as the channel is to be given it. What is no Markdown stays as it is."""
    return FORMATS[markup](text)


def to_whatsapp(text: str) -> str:
    """*bold*, _italic_, ~struck~, ```code```; blocks of code stay as they are."""
    parts = text.split("```")
    parts[::2] = [whatsapp_part(part) for part in parts[::2]]
    return "```".join(parts)


def whatsapp_part(part: str) -> str:
    part = HEADING.sub(r"*\1*", BOTH.sub(r"**\1**", part))
    part = BOLD.sub(lambda match: f"*{match[1] or match[2]}*", part)
    return BULLET.sub(r"\1- ", LINK.sub(r"\1: \2", STRUCK.sub(r"~\1~", part)))


def to_plain(text: str) -> str:
    """The words alone, links beside what they are called."""
    return "".join(
        part if number % 2 else BULLET.sub(r"\1- ", plain_marks(HEADING.sub(r"\1", part)))
        for number, part in enumerate(FENCE.split(text))
    )


def plain_marks(text: str) -> str:
    def plain(match: re.Match[str]) -> str:
        code, label, url, *inner = match.groups()
        return f"{label}: {url}" if url else code or plain_marks(next(filter(None, inner)))

    return MARKS.sub(plain, BOTH.sub(r"**\1**", text))


def to_html(text: str) -> str:
    """Bold, slanted, struck, code and links as tags, always closed in their order; all else escaped."""
    return "".join(
        f"<pre>{escape(part, quote=False)}</pre>" if number % 2 else html_part(part)
        for number, part in enumerate(FENCE.split(text))
    )


def html_part(part: str) -> str:
    lines = (HEADING.sub(r"**\1**", line) for line in BULLET.sub(r"\1- ", part).split("\n"))
    return "\n".join(html_marks(line) for line in lines)


def html_marks(text: str) -> str:
    told, place, text = [], 0, BOTH.sub(r"**\1**", text)
    for match in MARKS.finditer(text):
        told += [escape(text[place : match.start()], quote=False), html_mark(match)]
        place = match.end()
    return "".join([*told, escape(text[place:], quote=False)])


def html_mark(match: re.Match[str]) -> str:
    code, label, url, bold, strong, struck, *slanted = match.groups()
    if code:
        return f"<code>{escape(code, quote=False)}</code>"
    if url:
        return f'<a href="{escape(url)}">{escape(label, quote=False)}</a>'
    inner = bold or strong or struck or next(filter(None, slanted))
    tag = "s" if struck else "b" if bold or strong else "i"
    return f"<{tag}>{html_marks(inner)}</{tag}>"


FORMATS: dict[Markup, Callable[[str], str]] = {
    "markdown": lambda text: text,
    "whatsapp": to_whatsapp,
    "html": to_html,
    "plain": to_plain,
}
