"""What providers tell later about a message: how far it came, that it was edited, that it was taken back."""

from typing import Any

from ..channels.load import is_id
from ..db import Cursor
from ..types import Channel, Deleted, Edited, Status

RANK = {"queued": 0, "sending": 1, "unconfirmed": 2, "sent": 3, "failed": 4, "delivered": 5, "read": 6}

# a status never goes back; one of a message still being sent also ends its sending. The sending's row is locked before
# the message's, as by whoever settles it
ADVANCE = """
with found as (
    select m.id from message m
    where m.channel_id = %(channel_id)s and m.direction = 'out'
        and (m.provider_message_id = %(provider_id)s or m.id = %(client_id)s::uuid)
), ended as (
    update outbound set state = %(outbound)s, lease_until = null, error = %(error)s
    from found where outbound.message_id = found.id and outbound.state in ('sending', 'reconciling', 'unconfirmed')
    returning outbound.turn_id
), moved as (
    update message set status = %(state)s, error = %(error)s,
        provider_message_id = coalesce(provider_message_id, %(provider_id)s)
    from found, (select count(*) from ended) as first where message.id = found.id and message.status = any(%(before)s)
), turned as (
    update turn set state = 'done', done_at = now() from ended
    where turn.id = ended.turn_id and turn.state = 'replying' and not exists (
        select from outbound o join found on o.message_id <> found.id
        where o.turn_id = turn.id and o.state in ('pending', 'sending', 'reconciling'))
)
select id from found
"""


def apply_status(cursor: Cursor, channel: Channel, status: Status) -> str | None:
    """Move a message forward; its id, or None when no such message is here (yet)."""
    state = status.state
    before = [name for name, rank in RANK.items() if rank < RANK[state]]
    cursor.execute(
        ADVANCE,
        {
            "channel_id": channel.id,
            "provider_id": status.id,
            "client_id": status.client_id if is_id(status.client_id or "") else None,
            "state": state,
            "error": status.error[:500],
            "before": before,
            "outbound": "dead" if state == "failed" else "sent",
        },
    )
    return found_id(cursor)


def apply_edit(cursor: Cursor, channel: Channel, edited: Edited) -> str | None:
    """Take over a message's new text; its id, or None when no such message is here."""
    cursor.execute(
        "update message set text = %(text)s, edited_at = case when text = %(text)s then edited_at else now() end,"
        " data = case when text = %(text)s then data else jsonb_build_object('before', text) || data end"
        " where channel_id = %(channel_id)s and provider_message_id = %(id)s returning id",
        {"text": edited.text, "channel_id": channel.id, "id": edited.id},
    )
    return found_id(cursor)


def apply_deletion(cursor: Cursor, channel: Channel, deleted: Deleted) -> str | None:
    """Mark a message as taken back: kept for the company, no longer told to the model. Its id, or None."""
    cursor.execute(
        "update message set deleted_at = coalesce(deleted_at, now()) where channel_id = %s and provider_message_id ="
        " %s returning id",
        (channel.id, deleted.id),
    )
    return found_id(cursor)


def found_id(cursor: Cursor) -> str | None:
    row: Any = cursor.fetchone()
    return row.id if row else None
