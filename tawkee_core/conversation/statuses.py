"""What providers tell later about a message: how far it came, that it was edited, that it was taken back."""

from functools import partial
from typing import Any

from .. import metrics
from ..channels.load import is_id
from ..db import Cursor, after_commit
from ..types import Channel, Deleted, Edited, Status, Watermark
from .addresses import address_key

RANK = {"queued": 0, "sending": 1, "unconfirmed": 2, "sent": 3, "failed": 4, "delivered": 5, "read": 6}

# a status never goes back; one of a message still being sent, or waiting to be sent once more, also ends its sending.
# The sending's row is locked before the message's, as by whoever settles it
ADVANCE = """
with found as (
    select m.id from message m
    where m.channel_id = %(channel_id)s and m.direction = 'out'
        and (m.provider_message_id = %(provider_id)s or m.id = %(client_id)s::uuid)
), ended as (
    update outbound set state = %(outbound)s, lease_until = null, error = %(error)s, settled_at = now(),
        steps = add_step(steps, jsonb_build_object('at', now(), 'did', 'settled by what its provider told',
            'since', intent_at, 'attempt', attempts, 'then', %(outbound)s::text, 'error', %(error)s::text))
    from found where outbound.message_id = found.id and (outbound.state in ('sending', 'reconciling', 'unconfirmed')
        or outbound.state = 'pending' and outbound.intent_at is not null and %(state)s <> 'failed')
    returning outbound.turn_id
), moved as (
    update message set status = %(state)s, error = %(error)s,
        provider_message_id = coalesce(provider_message_id, %(provider_id)s),
        delivered_at = case when %(state)s = 'delivered' then clock_timestamp() else delivered_at end,
        read_at = case when %(state)s = 'read' then clock_timestamp() else read_at end,
        failed_at = case when %(state)s = 'failed' then clock_timestamp() else failed_at end
    from found, (select count(*) from ended) as first where message.id = found.id and message.status = any(%(before)s)
    returning message.chat_id
), flagged as (
    update chat set attention = 'a message could not be sent' from moved
    where %(state)s = 'failed' and chat.id = moved.chat_id
), turned as (
    update turn set state = 'done', done_at = now() from ended
    where turn.id = ended.turn_id and turn.state = 'replying' and not exists (
        select from outbound o join found on o.message_id <> found.id
        where o.turn_id = turn.id and o.state in ('pending', 'sending', 'reconciling'))
)
select id, (select count(*)::int from ended) as ended from found
"""


# the newest of a chat: who reads on has read what is older, or never will
MOST_AT_ONCE = 200
RISE = """
with late as (
    select m.id, coalesce(o.intent_at, m.sent_at) as left_at
    from contact_address a join chat c on c.channel_id = a.channel_id and c.contact_id = a.contact_id
        join message m on m.chat_id = c.id left join outbound o on o.message_id = m.id
    where a.channel_id = %(channel_id)s and a.key = %(key)s and m.direction = 'out'
    order by m.seq desc limit %(most)s
)
update message set status = %(state)s,
    delivered_at = case when %(state)s = 'delivered' then clock_timestamp() else delivered_at end,
    read_at = case when %(state)s = 'read' then clock_timestamp() else read_at end
from late where message.id = late.id and late.left_at <= %(until)s and message.status = any(%(before)s)
returning message.id
"""


def apply_watermark(cursor: Cursor, channel: Channel, mark: Watermark) -> list[str]:
    """Move forward what had surely left for a contact by then; the messages' ids."""
    cursor.execute(
        RISE,
        {
            "channel_id": channel.id,
            "key": address_key(mark.address),
            "state": mark.state,
            "until": mark.until,
            "before": [name for name in ("sent", "delivered") if RANK[name] < RANK[mark.state]],
            "most": MOST_AT_ONCE,
        },
    )
    moved: list[Any] = cursor.fetchall()
    return [row.id for row in moved]


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
    row: Any = cursor.fetchone()
    if row and row.ended and state == "failed":
        after_commit(partial(metrics.DEAD.labels("send").inc, row.ended))
    return row.id if row else None


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
        "update message set deleted_at = coalesce(deleted_at, now())"
        " where channel_id = %s and provider_message_id = %s returning id",
        (channel.id, deleted.id),
    )
    return found_id(cursor)


def found_id(cursor: Cursor) -> str | None:
    row: Any = cursor.fetchone()
    return row.id if row else None
