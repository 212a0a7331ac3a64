"""A few characters of a message that only its reader is to see: dots are kept and shown in their place, and what they
stand for is sealed until the channel takes the message."""

from collections.abc import Mapping
from typing import Any

from ..security import seal, unseal
from ..settings import Settings

DOTS = "••••••"


def hide_code(settings: Settings, chat_id: str, code: str) -> str:
    """What is kept of a code in a message's `data["hidden"]`."""
    return seal(settings, seal_context(chat_id), {"code": code})


def tell_hidden(settings: Settings, chat_id: str, text: str, data: Mapping[str, Any]) -> str:
    """The text as its reader is to see it. Raises Unavailable when the key is gone."""
    if "hidden" not in data:
        return text
    return text.replace(DOTS, str(unseal(settings, seal_context(chat_id), data["hidden"])["code"]))


def shown_data(data: Mapping[str, Any]) -> dict[str, Any]:
    """A message's data as people see it."""
    return {name: value for name, value in data.items() if name != "hidden"}


def seal_context(chat_id: str) -> str:
    return f"message|{chat_id}"
