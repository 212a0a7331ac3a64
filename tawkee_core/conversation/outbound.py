"""The sending of a message, as a row: claimed with a committed intent before the socket opens, settled after,
recovered when its worker died.

pending → sending → sent; or back to pending, to reconciling, unconfirmed, dead, cancelled. Only ever one part of a
chat is under way, the oldest first; an intent is written under the chat's row lock, so that none of the AI's follows a
takeover."""

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import structlog

from .. import metrics
from ..db import LOST, run, transaction
from ..doorbell import ring
from ..notifications import notify_team
from ..settings import Settings
from ..statements import Statement
from ..types import Pace
from .handover import end_replied

MAX_ATTEMPTS = 8
MAX_RECOVERIES = 5
OPEN = "('pending', 'sending', 'reconciling')"

CLAIM = Statement(
    f"""
with due as (
    select o.id, c.epoch from outbound o join chat c on c.id = o.chat_id join channel h on h.id = c.channel_id
    where o.state = 'pending' and o.next_at <= now() and (%(chat_id)s::uuid is null or o.chat_id = %(chat_id)s)
        and (h.paused_until is null or h.paused_until <= now()) and (c.paced_until is null or c.paced_until <= now())
        and not exists (select from outbound p where p.chat_id = o.chat_id and p.seq < o.seq and p.state in {OPEN})
    order by o.next_at limit %(count)s for update of c skip locked
), claimed as (
    update outbound o set state = case when o.epoch is null or o.epoch = due.epoch then 'sending'
            when o.doubtful then 'unconfirmed' else 'cancelled' end,
        attempts = attempts + 1, fence = fence + 1,
        intent_at = case when o.epoch is null or o.epoch = due.epoch then clock_timestamp() else o.intent_at end,
        lease_until = now() + make_interval(secs => %(lease)s),
        steps = case when o.epoch <> due.epoch then add_step(o.steps, jsonb_build_object('at', now(),
            'did', 'stopped: the chat changed hands')) else o.steps end
    from due where o.id = due.id and o.state = 'pending'
    returning o.id, o.chat_id, o.message_id, o.turn_id, o.fence, o.attempts, o.semantics, o.state, o.intent_at
), shown as (
    update message m set status = claimed.state from claimed
    where m.id = claimed.message_id and m.status in ('queued', 'sending')
)
select * from claimed
"""
)
CLAIM_LOOKUP = """
with due as (
    select id from outbound where state = 'reconciling' and next_at <= now() order by next_at limit %(count)s
    for update skip locked
)
update outbound o set next_at = now() + make_interval(secs => %(lease)s), fence = fence + 1, recoveries = recoveries + 1
from due where o.id = due.id
returning o.id, o.chat_id, o.message_id, o.turn_id, o.fence, o.attempts, o.semantics, o.state, o.intent_at,
    o.recoveries
"""
# the row, its message and, with the last part, its turn; the contact was spoken to also when a status or an echo told
# so first. A chat that is changed is locked before its sending, as by an echo, which comes at this very moment
SETTLE = Statement(
    f"""
with place as (
    select id from chat where id = %(chat_id)s and (%(attention)s <> '' or %(pace)s > 0) for no key update
), settled as (
    update outbound set state = %(state)s, error = %(error)s, lease_until = null,
        next_at = now() + make_interval(secs => %(wait)s), attempts = attempts - %(uncounted)s,
        doubtful = doubtful or %(doubtful)s, settled_at = case when %(final)s then now() end,
        steps = case when %(state)s = 'sent' then steps else add_step(steps, jsonb_build_object(
            'at', now(), 'did', case when state = 'reconciling' then 'looked up' else 'tried' end,
            'since', intent_at, 'attempt', attempts, 'then', %(state)s::text, 'error', %(error)s::text)) end
    where id = %(id)s and fence = %(fence)s and state in ('sending', 'reconciling')
        and (select count(*) from place) >= 0
    returning id, message_id, turn_id, chat_id
), shown as (
    update message m set error = %(error)s, provider_message_id = coalesce(m.provider_message_id, %(provider_id)s),
        status = case when m.status in ('queued', 'sending', 'unconfirmed') then %(status)s else m.status end
    from settled where m.id = settled.message_id
), done as (
    update turn t set state = 'done', done_at = now() from settled
    where %(final)s and t.id = settled.turn_id and t.state = 'replying' and not exists (
        select from outbound x where x.turn_id = t.id and x.id <> settled.id and x.state in {OPEN})
), spoken as (
    select chat_id from outbound
    where id = %(id)s and fence = %(fence)s and state in ('sending', 'reconciling', 'sent')
), flagged as (
    update chat c set attention = case when exists (select from settled)
            then coalesce(nullif(%(attention)s, ''), c.attention) else c.attention end,
        paced_until = case when %(pace)s > 0 then make_interval(secs => %(pace)s * (1 - %(burst)s))
            + greatest(c.paced_until + make_interval(secs => %(pace)s * %(burst)s), now()) else c.paced_until end
    from spoken where (%(attention)s <> '' or %(pace)s > 0) and c.id = spoken.chat_id
)
select (select count(*) from settled) as ours,
    case when %(state)s = 'unconfirmed' then (select h.kind from chat c join channel h on h.id = c.channel_id
        where c.id = %(chat_id)s) end as doubted,
    exists (select from outbound n where n.chat_id = %(chat_id)s and n.state = 'pending' and n.id <> %(id)s) as more,
    exists (select from turn w where w.chat_id = %(chat_id)s and w.state = 'collecting'
        and w.due_at <= now()) as turn_due
"""
)
RECOVER = f"""
with lost as (
    select id from outbound where state = 'sending' and lease_until < now() order by lease_until limit 100
    for update skip locked
), moved as (
    update outbound o set recoveries = recoveries + 1, fence = fence + 1, lease_until = null, next_at = now(),
        doubtful = semantics = 'idempotent',
        error = 'the worker stopped while sending',
        steps = add_step(steps, jsonb_build_object('at', now(), 'did', 'the worker stopped while sending',
            'since', intent_at, 'attempt', attempts)),
        state = case when semantics = 'opaque' or recoveries >= %(most)s then 'unconfirmed'
            when semantics = 'reconcilable' then 'reconciling' else 'pending' end
    from lost where o.id = lost.id returning o.id, o.message_id, o.turn_id, o.chat_id, o.state
), shown as (
    update message m set status = 'unconfirmed', error = 'the worker stopped while sending'
    from moved where m.id = moved.message_id and moved.state = 'unconfirmed' and m.status in ('queued', 'sending')
), done as (
    update turn t set state = 'done', done_at = now() from moved
    where moved.state = 'unconfirmed' and t.id = moved.turn_id and t.state = 'replying' and not exists (
        select from outbound x where x.turn_id = t.id and x.id <> moved.id and x.state in {OPEN})
), flagged as (
    update chat c set attention = 'a message may not have arrived' from moved where moved.state = 'unconfirmed' and
    c.id = moved.chat_id
)
select m.state, h.kind, count(*)::int as count from moved m join chat c on c.id = m.chat_id
    join channel h on h.id = c.channel_id group by m.state, h.kind
"""
STATUS = {
    "pending": "queued",
    "sending": "sending",
    "reconciling": "sending",
    "sent": "sent",
    "unconfirmed": "unconfirmed",
    "dead": "failed",
    "cancelled": "cancelled",
}
ASK_FOR_ATTENTION = """
update chat c set attention = %s from channel h where c.id = %s and h.id = c.channel_id returning h.kind
"""
CLOSED = "a message came after the reply window: only a template may be sent"
log = structlog.get_logger()
ATTENTION = {"unconfirmed": "a message may not have arrived", "dead": "a message could not be sent"}


class Settled(NamedTuple):
    """What a chat waits for after one of its messages: more messages to be sent, a turn that can begin now."""

    more: bool
    turn_due: bool


@dataclass(frozen=True)
class Sending:
    """A message whose intent to be sent is committed. `began` is this process's monotonic clock just before the claim,
    whose lease is younger."""

    id: str
    chat_id: str
    message_id: str
    turn_id: str | None
    fence: int
    attempts: int
    semantics: str
    state: str = "sending"
    since: float = 0.0
    recoveries: int = 0
    began: float = field(default_factory=time.monotonic)


def claim_sendings(settings: Settings, count: int, chat_id: str | None = None) -> list[Sending]:
    """Take up to `count` messages that are due, at most one a chat; intents of the AI that were overtaken by a person
    are cancelled."""
    began = time.monotonic()  # before the lease does: whoever freezes while claiming must not think it is fresh
    rows = run(CLAIM, {"chat_id": chat_id, "count": count, "lease": settings.lease_seconds})
    claimed = [sending_of(row, began) for row in rows]
    for each in claimed:
        if each.state != "sending":
            try_to_note(settings, each)
    return [each for each in claimed if each.state == "sending"]


def try_to_note(settings: Settings, sending: Sending) -> None:
    """What else was claimed has to be sent, also where the database is away at this moment; a sweep ends the turn
    then."""
    try:
        note_overtaken(settings, sending)
    except LOST as error:
        log.warning("overtaken_unnoted", outbound_id=sending.id, error=str(error).strip().split("\n")[0])


def note_overtaken(settings: Settings, sending: Sending) -> None:
    """The AI's words that were stopped at the last moment: their turn may be at its end, and people are told of what
    may have arrived."""
    if sending.state == "unconfirmed":
        for row in run(ASK_FOR_ATTENTION, (ATTENTION["unconfirmed"], sending.chat_id)):
            metrics.UNCONFIRMED.labels(row.kind).inc()
    if sending.turn_id is not None and end_replied(sending.turn_id, sending.chat_id):
        ring(settings)


def claim_lookups(settings: Settings, count: int) -> list[Sending]:
    """Take up to `count` messages of which it must be found out whether they were sent."""
    began = time.monotonic()
    rows = run(CLAIM_LOOKUP, {"count": count, "lease": settings.lease_seconds})
    return [sending_of(row, began, row.recoveries) for row in rows]


def sending_of(row: Any, began: float, recoveries: int = 0) -> Sending:
    since = row.intent_at.timestamp() if row.intent_at else 0.0
    turn_id = row.turn_id
    return Sending(
        row.id,
        row.chat_id,
        row.message_id,
        turn_id,
        row.fence,
        row.attempts,
        row.semantics,
        row.state,
        since,
        recoveries,
        began,
    )


def settle_row(
    sending: Sending,
    state: str,
    *,
    provider_id: str | None = None,
    error: str = "",
    wait: float = 0,
    uncounted: bool = False,
    pace: Pace | None = None,
    doubtful: bool = False,
) -> Settled:
    """Write down what became of a sending, if it is still ours; what its chat waits for."""
    parameters = {
        "id": sending.id,
        "chat_id": sending.chat_id,
        "fence": sending.fence,
        "state": state,
        "doubtful": doubtful,
        "status": STATUS[state],
        "final": state in ("sent", "unconfirmed", "dead", "cancelled"),
        "provider_id": provider_id,
        "error": error[:500],
        "wait": wait,
        "uncounted": int(uncounted),
        "pace": pace.contact_seconds if pace else 0.0,
        "burst": pace.burst if pace else 0,
        "attention": CLOSED if error.startswith("window_closed") else ATTENTION.get(state, ""),
    }
    row = bury_row(sending, parameters) if state == "dead" else run(SETTLE, parameters)[0]
    if row.ours and state == "unconfirmed":
        metrics.UNCONFIRMED.labels(row.doubted).inc()
    if row.ours and state == "dead":
        metrics.DEAD.labels("send").inc()
    return Settled(row.more, row.turn_due)


def bury_row(sending: Sending, parameters: dict[str, Any]) -> Any:
    """Write down that a message cannot be sent, and tell those in charge in the same transaction."""
    with transaction() as cursor:
        cursor.execute(SETTLE, parameters)
        row: Any = cursor.fetchone()
        if row.ours:
            cursor.execute("select workspace_id from chat where id = %s", (sending.chat_id,))
            chat: Any = cursor.fetchone()
            notify_team(cursor, chat.workspace_id, "message_dead", sending.chat_id)
    return row


def recover_sendings() -> dict[str, int]:
    """Decide about messages whose worker died while sending, by what their channel can tell; how many went where."""
    recovered: Counter[str] = Counter()
    for row in run(RECOVER, {"most": MAX_RECOVERIES}):
        recovered[row.state] += row.count
        if row.state == "unconfirmed":
            metrics.UNCONFIRMED.labels(row.kind).inc(row.count)
    return recovered
