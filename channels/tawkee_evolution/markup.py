"""Markdown, which models write, in WhatsApp's own marks: *bold*, _italic_, ~struck~, ```code```."""

import re

RULES = (
    (re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*#*$", re.M), r"*\1*"),
    (re.compile(r"\*\*(?=\S)([^*\n]+?)(?<=\S)\*\*"), r"*\1*"),
    (re.compile(r"__(?=\S)([^_\n]+?)(?<=\S)__"), r"*\1*"),
    (re.compile(r"~~(?=\S)([^~\n]+?)(?<=\S)~~"), r"~\1~"),
    (re.compile(r"!?\[([^\]\n]{1,300})\]\((https?://[^\s)]{1,2000})\)"), r"\1: \2"),
    (re.compile(r"^([ \t]*)\*[ \t]+(?=\S)", re.M), r"\1- "),
)


def format_text(text: str) -> str:
    """The text as WhatsApp shows it; code blocks stay as they are."""
    parts = text.split("```")
    parts[::2] = [format_part(part) for part in parts[::2]]
    return "```".join(parts)


def format_part(part: str) -> str:
    for pattern, marks in RULES:
        part = pattern.sub(marks, part)
    return part
