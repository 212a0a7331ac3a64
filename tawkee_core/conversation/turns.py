"""The life of a turn between workers: claimed with a lease and a fence, kept by heartbeats, given back, buried.

Only `commit.py` ends one with a reply. A worker that lost its lease finds its fence outdated and its result is
dropped."""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from .. import metrics
from ..db import Cursor, after_commit, persist, run, transaction
from ..notifications import notify_team
from ..settings import Settings
from ..statements import Statement
from .handover import ask_person

MAX_ATTEMPTS = 5
MAX_RECOVERIES = 3
UNTRIED_SECONDS = 10.0
COLUMNS = """t.id, t.workspace_id, t.chat_id, t.epoch, t.fence, t.from_seq, t.upto_seq, t.attempts, t.recoveries,
    t.supersedes, t.created_at, t.due_at, t.inbound_event_id"""

CLAIM_DUE = Statement(
    f"""
with due as (
    select t.id from turn t where t.state = 'collecting' and t.due_at <= now()
        and not exists (select from turn a where a.chat_id = t.chat_id and a.state in ('running', 'replying'))
    order by t.due_at limit %(count)s for update skip locked
)
update turn t set state = 'running', fence = fence + 1, attempts = attempts + 1, lease_owner = %(worker)s,
    lease_until = now() + make_interval(secs => %(lease)s), claimed_at = clock_timestamp()
from due where t.id = due.id returning {COLUMNS}
"""
)
CLAIM_LEFT = Statement(
    f"""
with left_behind as (
    select t.id from turn t where t.state = 'running' and t.lease_until < now() and t.recoveries < %(most)s - 1
    order by t.lease_until limit %(count)s for update skip locked
)
update turn t set fence = fence + 1, recoveries = recoveries + 1, lease_owner = %(worker)s,
    lease_until = now() + make_interval(secs => %(lease)s), claimed_at = clock_timestamp(),
    steps = add_step(t.steps, jsonb_build_object('at', clock_timestamp(), 'did', 'its worker was lost',
        'since', t.claimed_at, 'worker', t.lease_owner))
from left_behind where t.id = left_behind.id returning {COLUMNS}
"""
)
# the turn goes on collecting, unless it is somebody else's by now; a newer one of the same chat is taken in with its
# grouping, since a chat collects only once
REQUEUE = """
with mine as (
    select id from turn where id = %(id)s and fence = %(fence)s and state = 'running' for update
), newer as (
    delete from turn where chat_id = %(chat_id)s and state = 'collecting' and exists (select from mine)
    returning from_seq, upto_seq, due_at, deadline
), taken as (
    select min(from_seq) as from_seq, max(upto_seq) as upto_seq, max(due_at) as due_at, max(deadline) as deadline
    from newer
)
update turn t set state = 'collecting', reason = %(reason)s, lease_owner = '', lease_until = null,
    due_at = greatest(now() + make_interval(secs => %(wait)s), taken.due_at),
    deadline = greatest(now() + make_interval(secs => %(wait)s), taken.deadline),
    from_seq = least(t.from_seq, taken.from_seq), upto_seq = greatest(t.upto_seq, taken.upto_seq),
    supersedes = t.supersedes + %(superseded)s, attempts = t.attempts - %(uncounted)s,
    steps = add_step(t.steps, jsonb_build_object('at', clock_timestamp(), 'did', 'put back', 'since', t.claimed_at,
        'attempt', t.attempts, 'worker', t.lease_owner, 'reason', %(reason)s::text))
from mine, taken where t.id = mine.id returning t.id
"""


class ClaimedTurn(NamedTuple):
    """A turn that this worker may work on, as long as `fence` is the row's."""

    id: str
    workspace_id: str
    chat_id: str
    epoch: int
    fence: int
    from_seq: int
    upto_seq: int
    attempts: int
    recoveries: int
    supersedes: int
    created_at: Any
    due_at: Any
    inbound_event_id: str | None


def claim_turns(settings: Settings, worker: str, count: int) -> list[ClaimedTurn]:
    """Take up to `count` due turns, the oldest first, and those whose worker died."""
    parameters = {"count": count, "worker": worker, "lease": settings.lease_seconds, "most": MAX_RECOVERIES}
    claimed = [ClaimedTurn(*row) for row in run(CLAIM_DUE, parameters)]
    if len(claimed) < count:
        left = run(CLAIM_LEFT, parameters | {"count": count - len(claimed)})
        metrics.RECOVERIES.labels("turn").inc(len(left))
        claimed += [ClaimedTurn(*row) for row in left]
    return claimed


def extend_leases(settings: Settings, worker: str, turn_ids: Sequence[str]) -> None:
    """Keep these turns for another lease, as far as they are still this worker's."""
    run(
        "update turn set lease_until = now() + make_interval(secs => %s)"
        " where id = any(%s::uuid[]) and lease_owner = %s and state = 'running'",
        (settings.lease_seconds, list(turn_ids), worker),
    )


def give_back(turns: Sequence[ClaimedTurn]) -> list[ClaimedTurn]:
    """Let other workers have these turns at once, at a shutdown; it counts as no attempt. Those that went: whose reply
    is committed stays."""
    return [turn for turn in turns if persist(partial(give_one_back, turn), 5)]


def give_one_back(turn: ClaimedTurn) -> bool:
    with transaction() as cursor:
        return requeue(cursor, turn, 0, "worker stopped", uncounted=1)


def requeue(
    cursor: Cursor, turn: ClaimedTurn, wait: float, reason: str, *, superseded: int = 0, uncounted: int = 0
) -> bool:
    """Put a running turn back to collecting, due in `wait` seconds; False when it is no longer ours."""
    lock_turn_chat(cursor, turn)
    cursor.execute(
        REQUEUE,
        {
            "id": turn.id,
            "chat_id": turn.chat_id,
            "fence": turn.fence,
            "wait": wait,
            "reason": reason[:500],
            "superseded": superseded,
            "uncounted": uncounted,
        },
    )
    return cursor.fetchone() is not None


def lock_turn_chat(cursor: Cursor, turn: ClaimedTurn) -> None:
    """Lock the chat, as every change of its turns does first; a turn that is not ours any more locks for nothing."""
    cursor.execute("select id from chat where id = %s for update", (turn.chat_id,))


def fail_turn(settings: Settings, turn: ClaimedTurn, reason: str, tried: bool = True) -> str:
    """After a failure: try again later, or give up and ask a person. The turn's new state. Where nothing was `tried`,
    because no model may be asked at the moment, it counts as no attempt."""
    with transaction() as cursor:
        cursor.execute(
            "select (%s and %s >= %s or now() > %s::timestamptz + make_interval(secs => %s)) as over",
            (tried, turn.attempts, MAX_ATTEMPTS, turn.created_at, settings.give_up_seconds),
        )
        row: Any = cursor.fetchone()
        if not row.over:
            wait = backoff(turn.attempts) if tried else UNTRIED_SECONDS
            return "collecting" if requeue(cursor, turn, wait, reason, uncounted=int(not tried)) else "fenced"
        return "dead" if bury_turn(cursor, turn.id, turn.chat_id, turn.fence, reason) else "fenced"


def backoff(attempts: int) -> float:
    return float(min(2**attempts * 2, 120))


def bury_turn(cursor: Cursor, turn_id: str, chat_id: str, fence: int, reason: str) -> bool:
    """End a turn that cannot be done: it stays visible as dead, and the chat waits for a person."""
    cursor.execute("select id from chat where id = %s for update", (chat_id,))
    cursor.execute(
        "update turn set state = 'dead', reason = %s, done_at = now(), lease_until = null"
        " where id = %s and fence = %s and state = 'running' returning workspace_id",
        (reason[:500], turn_id, fence),
    )
    row: Any = cursor.fetchone()
    if row is None:
        return False
    ask_person(cursor, chat_id, reason)
    notify_team(cursor, row.workspace_id, "turn_dead", chat_id)
    after_commit(metrics.DEAD.labels("turn").inc)
    return True


def bury_poison() -> int:
    """End turns whose workers died again and again; how many."""
    rows = run(
        "select id, chat_id, fence from turn where state = 'running' and lease_until < now() and recoveries >= %s - 1"
        " limit 100",
        (MAX_RECOVERIES,),
    )
    buried = 0
    for row in rows:
        with transaction() as cursor:
            buried += bury_turn(cursor, row.id, row.chat_id, row.fence, "the worker died three times while answering")
    return buried
