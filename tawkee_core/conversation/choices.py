"""Choices offered under a message: as buttons where the channel has them, else numbered in the text; and the number, or
the words, that the contact answers with understood back."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..types import Button, Capabilities, Incoming, Message

NUMBER = re.compile(r"\s*\(?(\d{1,2})\s*[.)]?\s*")
MAX_WORDS = 40


def buttons_of(data: Mapping[str, Any]) -> tuple[Button, ...]:
    """The choices kept with a message."""
    return tuple(Button(str(b["id"]), str(b["title"])) for b in data.get("buttons") or ())


def fit_buttons(message: Message, capabilities: Capabilities) -> Message:
    """The message as the channel carries it: with its buttons, or with the choices numbered under its text."""
    if not message.buttons or carries(capabilities, message.text, message.buttons):
        return message
    return replace(message, text=numbered_text(message.text, message.buttons), buttons=())


def carries(capabilities: Capabilities, text: str, buttons: Sequence[Button]) -> bool:
    """Whether the channel has buttons for these choices under this text; there are none under no text."""
    longest = capabilities.max_choice_text
    short = longest is None or len(text) <= longest
    return (
        bool(text.strip())
        and short
        and len(buttons) <= capabilities.buttons
        and all(len(button.title) <= capabilities.max_button for button in buttons)
    )


def numbered_text(text: str, buttons: Sequence[Button]) -> str:
    lines = "\n".join(f"{number}. {button.title}" for number, button in enumerate(buttons, 1))
    return f"{text.rstrip()}\n\n{lines}" if text.strip() else lines


def understand_choice(offer: Any, incoming: Incoming) -> Incoming:
    """A short answer to the choices offered last becomes the choice it names; anything else stays what it is."""
    words = incoming.text.strip()
    if not offer or incoming.kind != "text" or not words or len(words) > MAX_WORDS:
        return incoming
    button = named_button(words, buttons_of({"buttons": offer}))
    if button is None:
        return incoming
    data = {**incoming.data, "id": button.id, "title": button.title, "said": words}
    return replace(incoming, kind="choice", text=button.title, data=data)


def named_button(words: str, buttons: Sequence[Button]) -> Button | None:
    """The choice that a number or a title names."""
    match = NUMBER.fullmatch(words)
    if match:
        number = int(match[1])
        return buttons[number - 1] if 0 < number <= len(buttons) else None
    return next((b for b in buttons if b.title.casefold() == words.casefold()), None)
