"""A message as its channel carries it: choices, marks, and files of a kind or format that it takes."""

from dataclasses import replace
from datetime import datetime

from ..types import Capabilities, Media, MediaRule, Message
from .choices import fit_buttons
from .markup import format_text
from .window import is_open


def fit_message(message: Message, capabilities: Capabilities, last_in_at: datetime | None) -> Message:
    """What is sent, and what a look-up has to find."""
    late = message.author == "person" and not is_open(capabilities, "agent", last_in_at)
    fitted = fit_buttons(fit_file(message, capabilities), capabilities)
    return replace(fitted, text=format_text(fitted.text, capabilities.markup), late=late)


def fit_file(message: Message, capabilities: Capabilities) -> Message:
    """A file that the channel does not take as what it is goes as a document, or else as its link."""
    media = message.media
    if media is None or carries_as(message.kind, media, capabilities):
        return message
    return other_form(message, capabilities) or message


def other_form(message: Message, capabilities: Capabilities) -> Message | None:
    """The other form of a file that was not taken: what an audio says, a document, a link; None when there is none."""
    media = message.media
    if media is None:
        return None
    if message.kind == "audio" and message.text.strip():
        return replace(message, kind="text", media=None)
    if message.kind != "document" and carries_as("document", media, capabilities):
        return replace(message, kind="document")
    if media.url.startswith("https://") and message.author == "agent":
        words = "\n".join(part for part in (message.text.strip(), media.url) if part)
        return replace(message, kind="text", media=None, text=words)
    return None


def carries_as(kind: str, media: Media, capabilities: Capabilities) -> bool:
    rule = capabilities.media_out.get(kind)
    size = media.size or len(media.data or b"")
    return rule is not None and takes(rule, media.mimetype) and size <= rule.max_bytes


def takes(rule: MediaRule, mimetype: str) -> bool:
    return any(matches(mimetype, allowed) for allowed in rule.mimetypes)


def matches(mimetype: str, allowed: str) -> bool:
    return allowed in ("*/*", mimetype) or (allowed.endswith("/*") and mimetype.startswith(allowed[:-1]))
