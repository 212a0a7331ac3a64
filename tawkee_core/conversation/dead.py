"""Work that was given up: webhooks that could not be read, turns that could not be answered, messages that could not be
sent, texts that could not be learnt. It stays until somebody lets it be tried again or discards it; either is a
compare-and-set, and is noted."""

from typing import Any

from ..audit.record import note_change
from ..channels.load import is_id
from ..context import Tawkee
from ..db import Cursor, run, transaction
from ..doorbell import ring
from ..errors import Conflict, NotFound
from .handover import give_to_agent, lock_chat

KINDS = {"event": "inbound_event", "turn": "turn", "send": "outbound", "training": "training"}
DEAD = dict.fromkeys(KINDS, "state = 'dead'") | {"training": "status = 'FAILED' and deleted_at is null"}
LIST = """
select * from (
    select 'event' as kind, id, workspace_id, received_at as since, reason, attempts from inbound_event
    where state = 'dead'
    union all select 'turn', id, workspace_id, done_at, reason, attempts from turn where state = 'dead'
    union all select 'send', o.id, o.workspace_id, coalesce(o.intent_at, o.created_at), o.error, o.attempts
    from outbound o where o.state = 'dead'
    union all select 'training', id, workspace_id, next_at, error, attempts from training
    where status = 'FAILED' and deleted_at is null
) d where %(kind)s::text is null or kind = %(kind)s order by since desc limit %(limit)s
"""
# what a discarded one is afterwards
DISCARDED = {"event": "ignored", "turn": "cancelled", "send": "cancelled"}
RETRY_EVENT = """
update inbound_event set state = 'new', attempts = 0, next_at = now() where id = %s and state = 'dead' returning id
"""
RETRY_TURN = """
update turn set state = 'collecting', attempts = 0, recoveries = 0, supersedes = 0, due_at = now(), deadline = now(),
    created_at = now(), done_at = null, lease_until = null, lease_owner = '', fence = fence + 1,
    epoch = (select epoch from chat where chat.id = turn.chat_id),
    steps = add_step(steps, jsonb_build_object('at', clock_timestamp(), 'did', 'dead, and tried again by hand',
        'since', done_at, 'attempt', attempts, 'reason', reason)), reason = ''
where id = %s and state = 'dead' and not exists (
    select from turn n where n.chat_id = turn.chat_id and n.state = 'collecting') returning id
"""
# the AI's words stay under the chat's epoch: somebody who takes it over now still stops them
RETRY_SEND = """
with again as (
    update outbound o set state = 'pending', next_at = now(), attempts = 0, recoveries = 0, turn_id = null,
        epoch = case when m.author = 'agent' then c.epoch end, error = '', settled_at = null,
        steps = add_step(o.steps, jsonb_build_object('at', clock_timestamp(), 'did', 'dead, and sent again by hand',
            'turn_id', o.turn_id))
    from message m, chat c where o.id = %s and o.state = 'dead' and m.id = o.message_id and c.id = o.chat_id
    returning o.message_id, o.chat_id
), seen as (
    update chat c set attention = '' from again where c.id = again.chat_id and c.attention like 'a message%%'
)
update message m set status = 'queued', error = '', provider_message_id = null from again
where m.id = again.message_id returning m.id
"""
RETRY_TRAINING = """
update training set status = 'PENDING', attempts = 0, next_at = now(), error = ''
where id = %s and status = 'FAILED' and deleted_at is null returning id
"""
RETRY = {"event": RETRY_EVENT, "turn": RETRY_TURN, "send": RETRY_SEND, "training": RETRY_TRAINING}
AUTHOR = "select author from message where id = %s"


def list_dead(kind: str | None = None, limit: int = 50) -> list[dict[str, Any]]:
    """What was given up, the latest first."""
    return [row._asdict() for row in run(LIST, {"kind": kind, "limit": limit})]


def show_dead(id: str) -> dict[str, Any]:
    """All that is kept of one, with its kind. Raises NotFound."""
    for kind, table in KINDS.items() if is_id(id) else ():
        rows = run(f"select * from {table} where id = %s and {DEAD[kind]}", (id,))
        if rows:
            return {"kind": kind, **rows[0]._asdict()}
    raise NotFound("Nothing dead has this id; `tawkee dead list` tells what there is.")


def retry_dead(tawkee: Tawkee, id: str) -> str:
    """Let one be tried again at once; its kind. Raises NotFound, Conflict."""
    row = show_dead(id)
    kind = str(row["kind"])
    with transaction() as cursor:
        if kind == "turn":
            free_chat(cursor, row)
        elif kind == "send":
            check_owner(cursor, row)
        cursor.execute(RETRY[kind], (id,))
        check_changed(cursor)
        note_change(row["workspace_id"], f"{kind}.retry", id, {"state": "dead"})
    ring(tawkee.settings)
    return kind


def free_chat(cursor: Cursor, row: dict[str, Any]) -> None:
    """The chat of a dead turn waits for a person; where none came it goes back to the AI. Raises Conflict."""
    chat = lock_chat(cursor, row["workspace_id"], row["chat_id"])
    if chat.owner == "human" and chat.owner_id is not None or chat.status == "resolved":
        raise Conflict("A person has looked after this chat meanwhile; hand it back instead.", slug="chat_taken")
    if chat.owner == "human":
        give_to_agent(cursor, row["chat_id"], None, "its dead turn is tried again")


def check_owner(cursor: Cursor, row: dict[str, Any]) -> None:
    """What the AI said is not sent once the chat is people's: whether it is still to be said is theirs to judge.
    Raises Conflict."""
    chat = lock_chat(cursor, row["workspace_id"], row["chat_id"])
    cursor.execute(AUTHOR, (row["message_id"],))
    found: Any = cursor.fetchone()
    if chat.owner == "human" and found.author == "agent":
        raise Conflict("People look after this chat now; the message can be resent there.", slug="chat_taken")


def discard_dead(id: str) -> str:
    """Give one up for good: it stays in its table and in the audit log. Its kind. Raises NotFound, Conflict."""
    row = show_dead(id)
    kind = str(row["kind"])
    if kind not in DISCARDED:
        raise Conflict("An agent's owner sees what it did not learn, and removes it.", slug="not_discardable")
    reason = "error" if kind == "send" else "reason"
    with transaction() as cursor:
        cursor.execute(
            f"update {KINDS[kind]} set state = %s, {reason} = left('discarded: ' || {reason}, 500)"
            " where id = %s and state = 'dead' returning id",
            (DISCARDED[kind], id),
        )
        check_changed(cursor)
        note_change(row["workspace_id"], f"{kind}.discard", id, {"state": "dead"}, {"state": DISCARDED[kind]})
    return kind


def check_changed(cursor: Cursor) -> None:
    if cursor.fetchone() is None:
        raise Conflict("It is not dead any more, or its chat goes on without it.", slug="not_dead")
