"""Commit a reply: under the chat's row lock, if the turn is still ours, the AI still owns the chat, and nothing newer
was said.

The first part may begin at once: its intent to be sent is written in this same transaction."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..context import Tawkee
from ..db import Cursor, transaction
from ..models import new_id
from ..statements import Chain, Statement
from ..types import Address
from .ask import Call
from .context import TurnContext
from .handover import ask_person
from .outbound import Sending
from .turns import ClaimedTurn, requeue
from .usage import ADD_CALLS, call_parameters

MAX_SUPERSEDES = 2

# by itself, so that the check sees what was committed while this waited for the chat
LOCK = Statement("select id from chat where id = %(chat_id)s for update")
CHECK = Statement(
    """
select c.seq, c.epoch, c.owner, c.interaction_id, c.address_kind, c.address,
    t.state = 'running' and t.fence = %(fence)s as ours,
    t.state = 'replying' and t.fence = %(fence)s as written,
    g.status = 'ACTIVE' and g.deleted_at is null and h.deleted_at is null as awake,
    exists (select from turn n where n.chat_id = c.id and n.state = 'collecting') as newer,
    coalesce(h.paused_until > now(), false) or exists (select from outbound o where o.chat_id = c.id
        and o.state in ('pending', 'sending', 'reconciling'))
        or coalesce(c.paced_until > now(), false) as queue
from chat c join turn t on t.id = %(turn_id)s join channel h on h.id = c.channel_id
    join agent g on g.id = h.agent_id where c.id = %(chat_id)s
for update of t
"""
)
LOOK = Chain(LOCK, CHECK)
# every part is a message and its sending; the first is being sent already unless others of the chat are before it
WRITE = Statement(
    f"""
with part as (
    select * from unnest(%(ids)s::uuid[], %(outbound_ids)s::uuid[], %(texts)s::text[])
        with ordinality as p(id, outbound_id, text, number)
), said as (
    insert into message (id, workspace_id, chat_id, channel_id, interaction_id, turn_id, inbound_event_id, seq,
        direction, author, kind, text, status)
    select id, %(workspace_id)s, %(chat_id)s, %(channel_id)s, %(interaction_id)s, %(turn_id)s, %(event_id)s,
        %(seq)s + number, 'out', 'agent', 'text', text,
        case when number = 1 and %(begin)s then 'sending' else 'queued' end from part
), queued as (
    insert into outbound (id, workspace_id, chat_id, message_id, turn_id, epoch, seq, semantics, state, attempts,
        fence, intent_at, lease_until)
    select outbound_id, %(workspace_id)s, %(chat_id)s, id, %(turn_id)s, %(epoch)s, %(seq)s + number, %(semantics)s,
        case when number = 1 and %(begin)s then 'sending' else 'pending' end, (number = 1 and %(begin)s)::int,
        (number = 1 and %(begin)s)::int, case when number = 1 and %(begin)s then clock_timestamp() end,
        case when number = 1 and %(begin)s then now() + make_interval(secs => %(lease)s) end from part
), touched as (
    update chat set seq = %(seq)s + cardinality(%(ids)s::uuid[]), last_message_at = now(),
        last_message_id = (%(ids)s::uuid[])[cardinality(%(ids)s::uuid[])] where id = %(chat_id)s
), counted as (
{ADD_CALLS})
update turn set state = 'replying', lease_until = null where id = %(turn_id)s
"""
)
WRITE_LAST = Chain(WRITE, "commit")


@dataclass(frozen=True)
class Reply:
    """What is to be said, in parts; `transfer` is why a person is asked afterwards."""

    parts: Sequence[str]
    calls: Sequence[Call]
    transfer: str | None = None


@dataclass(frozen=True)
class Committed:
    """What became of a reply: committed, superseded, cancelled or fenced; `sending` is a part to be sent right now, to
    the `address` that the contact has by now."""

    state: str
    sending: Sending | None = None
    address: Address | None = None


def commit_reply(tawkee: Tawkee, context: TurnContext, reply: Reply) -> Committed:
    """Write the reply down, or drop it: fenced off, taken over by a person, or overtaken by the contact's next
    words."""
    turn, began = context.turn, time.monotonic()
    with transaction() as cursor:
        cursor.execute(LOOK, {"fence": turn.fence, "turn_id": turn.id, "chat_id": turn.chat_id})
        chat: Any = cursor.fetchone()
        if chat is not None and chat.written:
            return Committed("committed", find_begun(tawkee, cursor, turn), address_of(chat))
        if chat is None or not chat.ours:
            return Committed("fenced")
        if chat.owner != "ai" or chat.epoch != turn.epoch:
            return cancel(cursor, turn, "a person took over")
        if not chat.awake:
            return cancel(cursor, turn, "the agent was put to sleep")
        if chat.newer and turn.supersedes < MAX_SUPERSEDES:
            requeue(cursor, turn, 0, "the contact wrote again", superseded=1, uncounted=1)
            return Committed("superseded")
        return write_parts(tawkee, cursor, context, reply, chat, began)


def find_begun(tawkee: Tawkee, cursor: Cursor, turn: ClaimedTurn) -> Sending | None:
    """The part whose sending this very commit began, when the connection broke before we heard that it succeeded. Its
    lease is as old as the row; one that another worker claimed since has a younger lease."""
    asked = time.monotonic()  # before the row's age is told: whoever freezes in between must not think it is fresh
    cursor.execute(
        "select id, chat_id, message_id, turn_id, fence, attempts, semantics,"
        " extract(epoch from clock_timestamp() - created_at)::float8 as age from outbound"
        " where turn_id = %s and state = 'sending' and lease_until = created_at + make_interval(secs => %s)",
        (turn.id, tawkee.settings.lease_seconds),
    )
    row: Any = cursor.fetchone()
    return replace(Sending(*row[:7]), began=asked - row.age) if row else None


def cancel(cursor: Cursor, turn: ClaimedTurn, reason: str) -> Committed:
    cursor.execute(
        "update turn set state = 'cancelled', reason = %s, done_at = now(), lease_until = null where id = %s",
        (reason, turn.id),
    )
    return Committed("cancelled")


def write_parts(
    tawkee: Tawkee, cursor: Cursor, context: TurnContext, reply: Reply, chat: Any, began: float
) -> Committed:
    """`began` is when the transaction did, and with it the lease of a part whose sending begins here."""
    turn = context.turn
    epoch = chat.epoch if reply.transfer is None else ask_person(cursor, turn.chat_id, reply.transfer)
    parameters = part_parameters(tawkee, context, reply, chat) | call_parameters(reply.calls) | {"epoch": epoch}
    cursor.execute(WRITE_LAST, parameters)
    if not parameters["begin"]:
        return Committed("committed")
    ids = (parameters["outbound_ids"][0], turn.chat_id, parameters["ids"][0], turn.id)
    return Committed("committed", Sending(*ids, 1, 1, parameters["semantics"], began=began), address_of(chat))


def address_of(chat: Any) -> Address:
    return Address(chat.address_kind, chat.address)


def part_parameters(tawkee: Tawkee, context: TurnContext, reply: Reply, chat: Any) -> dict[str, Any]:
    info = tawkee.plugins.channel(context.channel.kind).channel_info()
    return {
        "ids": [new_id() for _ in reply.parts],
        "outbound_ids": [new_id() for _ in reply.parts],
        "texts": list(reply.parts),
        "workspace_id": context.turn.workspace_id,
        "chat_id": context.turn.chat_id,
        "channel_id": context.channel.id,
        "agent_id": context.agent.id,
        "interaction_id": chat.interaction_id,
        "turn_id": context.turn.id,
        "event_id": context.turn.inbound_event_id,
        "seq": chat.seq,
        "begin": not chat.queue,
        "semantics": info.send_semantics if info else "opaque",
        "lease": tawkee.settings.lease_seconds,
    }
