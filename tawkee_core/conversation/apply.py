"""What a channel's events mean for the conversation: each is applied within one transaction, and applying it again
changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..channels.connect import apply_connection
from ..context import Tawkee
from ..db import Cursor
from ..doorbell import ring, signal_chat
from ..types import (
    Channel,
    ChannelEvent,
    Connection,
    Deleted,
    Echo,
    Edited,
    Fetch,
    Ignored,
    Incoming,
    Moved,
    Status,
    Watermark,
)
from .addresses import address_key, move_contact
from .echoes import apply_echo
from .statuses import apply_deletion, apply_edit, apply_status, apply_watermark
from .store import Kept, store_incoming


@dataclass
class Applied:
    """What applying events came to: message ids, who to tell, whether something is due at once, is not known yet
    (`missing`), or must be asked of the provider first (`elsewhere`)."""

    messages: list[str] = field(default_factory=list)
    signals: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    due: bool = False
    missing: bool = False
    elsewhere: bool = False
    reasons: list[str] = field(default_factory=list)

    @property
    def state(self) -> str:
        return "ignored" if self.reasons and not self.messages and not self.signals else "applied"


def apply_events(cursor: Cursor, channel: Channel, event_id: str | None, events: Sequence[ChannelEvent]) -> Applied:
    """Apply events in their order, within a transaction. Applying them again changes nothing."""
    applied = Applied()
    if len(events) > 1 or any(isinstance(event, Watermark) for event in events):
        lock_batches(cursor, channel)
    for event in events:
        apply_event(cursor, channel, event_id, event, applied)
    if not events:
        applied.reasons.append("nothing for us")
    return applied


def lock_batches(cursor: Cursor, channel: Channel) -> None:
    """One batch of a channel after another: two that name the same chats or messages in another order would wait for
    each other."""
    cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 1))", (channel.id,))


def apply_event(cursor: Cursor, channel: Channel, event_id: str | None, event: ChannelEvent, applied: Applied) -> None:
    match event:
        case Incoming():
            note_kept(applied, event, store_incoming(cursor, channel, event_id, event))
        case Echo():
            note_message(applied, event, apply_echo(cursor, channel, event_id, event))
        case Status():
            note_change(applied, apply_status(cursor, channel, event))
        case Watermark():
            note_all(applied, apply_watermark(cursor, channel, event))
        case Edited():
            note_change(applied, apply_edit(cursor, channel, event))
        case Deleted():
            note_change(applied, apply_deletion(cursor, channel, event))
        case Moved():
            note_move(applied, event, move_contact(cursor, channel, event))
        case Connection():
            apply_connection(cursor, channel, event)
            applied.signals.append(("", {"event": "channel"}))
        case Fetch():
            applied.elsewhere = True
        case Ignored():
            applied.reasons.append(event.reason)
        case _:
            raise TypeError(f"channel_parse gave {type(event).__name__} among its events")


def note_kept(applied: Applied, event: Incoming, kept: Kept | None) -> None:
    note_message(applied, event, kept.id if kept else None)
    applied.due = applied.due or bool(kept and kept.due)


def note_message(applied: Applied, event: Incoming | Echo, message_id: str | None) -> None:
    if message_id is None:
        applied.reasons.append("message known already")
        return
    applied.messages.append(message_id)
    applied.signals.append((address_key(event.addresses[0]), {"event": "message", "id": message_id}))


def note_move(applied: Applied, event: Moved, contact_id: str | None) -> None:
    if contact_id is None:
        applied.reasons.append("nobody known moved")
    else:
        applied.signals.append((address_key(event.before), {"event": "contact"}))


def note_all(applied: Applied, message_ids: Sequence[str]) -> None:
    applied.messages += message_ids
    if not message_ids:
        applied.reasons.append("nothing new by then")


def note_change(applied: Applied, message_id: str | None) -> None:
    if message_id is None:
        applied.missing = True
    else:
        applied.messages.append(message_id)


def tell_news(tawkee: Tawkee, channel: Channel, applied: Applied) -> None:
    """After the commit: whoever watches is told, and the dispatcher when a turn is due at once."""
    for address, event in applied.signals:
        signal_chat(tawkee.settings, channel.id, address, event)
    if applied.due or applied.elsewhere:
        ring(tawkee.settings)
