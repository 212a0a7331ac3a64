"""How long after a contact's last words the provider lets us answer freely; after that only a template may be sent."""

from datetime import UTC, datetime, timedelta
from typing import Any

from ..types import Capabilities


def window_end(capabilities: Capabilities, author: str, last_in_at: datetime | None) -> datetime | None:
    """When the window closes for the AI's words, or a person's; None where the channel has no window."""
    hours = capabilities.reply_window_hours
    if author == "person" and capabilities.person_window_hours is not None:
        hours = capabilities.person_window_hours
    if hours is None:
        return None
    return (last_in_at or datetime.min.replace(tzinfo=UTC)) + timedelta(hours=hours)


def is_open(capabilities: Capabilities, author: str, last_in_at: datetime | None) -> bool:
    """Whether free words may be sent now."""
    end = window_end(capabilities, author, last_in_at)
    return end is None or datetime.now(UTC) < end


def window_shape(capabilities: Capabilities, last_in_at: datetime | None) -> dict[str, Any]:
    """The window as the API tells it to people: whether they may write freely, until when, and if a template may
    help."""
    end = window_end(capabilities, "person", last_in_at)
    return {
        "open": is_open(capabilities, "person", last_in_at),
        "closes_at": end.isoformat() if end is not None and last_in_at is not None else None,
        "templates": capabilities.templates,
    }
