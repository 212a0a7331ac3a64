"""A message's whole life, from what the tables keep: the webhook, the message, its turns, the models asked, the
answers, each try to send them, what their provider told, and who took the chat over. What people wrote is not told."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from ..channels.load import is_id
from ..db import run
from ..errors import NotFound


class Step(NamedTuple):
    """One thing that is known: when, of what (webhook, message, turn, model, sending, status, hands, note), what
    happened, and what more is told of it."""

    at: datetime
    what: str
    id: str
    did: str
    told: dict[str, Any]


# by our id, or that of its sending, of its turn, of its webhook, or its provider's
FIND = """
select id, chat_id, seq, direction, turn_id from message where id = %(uuid)s
union all select m.id, m.chat_id, m.seq, m.direction, m.turn_id from outbound o join message m on m.id = o.message_id
    where o.id = %(uuid)s
union all (select m.id, m.chat_id, m.seq, m.direction, m.turn_id from turn t join message m on m.chat_id = t.chat_id
    and m.seq between t.from_seq and t.upto_seq and m.direction = 'in' where t.id = %(uuid)s order by m.seq limit 1)
union all (select m.id, m.chat_id, m.seq, m.direction, m.turn_id from inbound_event e join message m
    on m.channel_id = e.channel_id and m.inbound_event_id = e.id and m.direction = 'in' and m.sent_at
    > e.received_at - interval '8 days' where e.id = %(uuid)s order by m.seq limit 1)
union all select m.id, m.chat_id, m.seq, m.direction, m.turn_id from channel h join message m on m.channel_id = h.id
    and m.provider_message_id = %(text)s
limit 1
"""
TURNS = """
select * from turn where chat_id = %(chat_id)s and (id = %(turn_id)s
    or %(direction)s = 'in' and %(seq)s between from_seq and upto_seq) order by created_at
"""
EVENTS = """
select id, received_at, state, reason, attempts from inbound_event
where id = any(%s::uuid[]) order by received_at
"""
MESSAGES = """
select m.*, e.received_at, o.id as outbound_id, o.state as outbound_state, o.attempts, o.recoveries, o.semantics,
    o.intent_at, o.settled_at, o.created_at as queued_at, o.error as outbound_error, o.steps, o.doubtful
from message m left join outbound o on o.message_id = m.id left join inbound_event e on e.id = m.inbound_event_id
where m.id = %s or m.turn_id = any(%s::uuid[])
    or m.chat_id = %s and m.direction = 'in' and exists (
        select from turn t where t.id = any(%s::uuid[]) and m.seq between t.from_seq and t.upto_seq) order by m.seq
"""
CALLS = """
select id, created_at, kind, model, outcome, tokens_in, tokens_out, cost_usd, seconds, turn_id from usage
where workspace_id = %s and created_at >= %s and turn_id = any(%s::uuid[]) order by created_at
"""
# who had the chat when it began, and whatever happened to it since
HANDS = """
select id, happened_at, owner, user_id, epoch, reason from handover
where chat_id = %(chat_id)s and happened_at <= %(until)s and happened_at >= coalesce((select max(before.happened_at)
    from handover before where before.chat_id = %(chat_id)s and before.happened_at <= %(since)s), %(since)s)
order by happened_at
"""
NOTES = """
select id, sent_at, seq, author from message
where chat_id = %(chat_id)s and kind = 'note' and sent_at between %(since)s and %(until)s order by seq
"""


def trace_message(name: str) -> list[Step]:
    """The life of the message with this id (ours, its provider's, its turn's, its sending's, its webhook's), in order.
    Raises NotFound."""
    found = run(FIND, {"uuid": name if is_id(name) else None, "text": name})
    if not found:
        return trace_webhook(name)
    message = found[0]
    turns = run(TURNS, message._asdict())
    ids = [turn.id for turn in turns]
    messages = run(MESSAGES, (message.id, ids, message.chat_id, ids))
    kept = list({m.inbound_event_id for m in messages if m.direction == "in" and m.inbound_event_id})
    steps = [event_step(row) for row in run(EVENTS, (kept,))]
    steps += call_steps(turns)
    steps += [step for row in messages for step in message_steps(row)]
    steps += [step for row in turns for step in turn_steps(row)]
    # of what one transaction did, and so has one time, what comes first here comes first
    return sorted([*chat_steps(message.chat_id, steps), *steps], key=lambda step: step.at)


def trace_webhook(name: str) -> list[Step]:
    """All that is known of a webhook that made no message: one that could not be read, or told of something else.
    Raises NotFound."""
    kept = run(EVENTS, ([name],)) if is_id(name) else []
    if not kept:
        raise NotFound("No message has this id: neither ours, nor a provider's, a turn's, a sending's or a webhook's.")
    return [event_step(row) for row in kept]


def event_step(row: Any) -> Step:
    return Step(row.received_at, "webhook", row.id, "kept", pick(row, "state", "reason", "attempts"))


def turn_steps(row: Any) -> Iterator[Step]:
    """Opened, then what went otherwise than planned, then the last claim and the end."""
    yield Step(row.created_at, "turn", row.id, "opened", pick(row, "from_seq", "upto_seq", "epoch"))
    yield from kept_steps("turn", row)
    if row.state == "collecting":
        yield Step(row.due_at, "turn", row.id, "is due", pick(row, "deadline", "attempts"))
    if row.claimed_at and row.state != "collecting":
        names = ("attempts", "recoveries", "supersedes", "fence", "lease_owner")
        yield Step(row.claimed_at, "turn", row.id, "claimed", pick(row, "due_at", *names))
    if row.done_at:
        yield Step(row.done_at, "turn", row.id, row.state, pick(row, "reason"))


def message_steps(row: Any) -> Iterator[Step]:
    """A message, and of one of ours how it was sent and what its provider told."""
    told = pick(row, "seq", "direction", "author", "kind", "status", "provider_message_id", "error", "turn_id")
    at = row.queued_at or (row.received_at if row.direction == "in" else None) or row.sent_at
    yield Step(at, "message", row.id, "stored" if row.direction == "in" else "queued", told)
    if row.outbound_id is not None:
        yield from sending_steps(row)
    for state in ("delivered", "read", "failed"):
        told_at = getattr(row, f"{state}_at")
        if told_at:
            yield Step(told_at, "status", row.id, state, pick(row, "provider_message_id"))


def sending_steps(row: Any) -> Iterator[Step]:
    """Tries that came to nothing, the last one, and the end."""
    sending, state = row._replace(id=row.outbound_id), row.outbound_state
    yield from kept_steps("sending", sending)
    if row.intent_at and state in ("sending", "reconciling", "sent"):
        yield Step(row.intent_at, "sending", sending.id, "tried", pick(row, "attempts", "recoveries", "semantics"))
    if row.settled_at and state == "sent":
        yield Step(row.settled_at, "sending", sending.id, "sent", pick(row, "provider_message_id"))


def kept_steps(what: str, row: Any) -> Iterator[Step]:
    """What a row noted of itself; each with when the try began that ended so."""
    for kept in row.steps or ():
        told = {name: value for name, value in kept.items() if name not in ("at", "did") and value not in (None, "")}
        yield Step(datetime.fromisoformat(kept["at"]), what, row.id, kept["did"], told)


def call_steps(turns: list[Any]) -> list[Step]:
    """The models that were asked, when what they took was written down."""
    if not turns:
        return []
    began = min(turn.created_at for turn in turns)
    names = ("model", "outcome", "tokens_in", "tokens_out", "turn_id")
    calls = run(CALLS, (turns[0].workspace_id, began, [turn.id for turn in turns]))
    return [Step(row.created_at, "model", row.id, row.kind, pick(row, *names) | told_cost(row)) for row in calls]


def told_cost(row: Any) -> dict[str, Any]:
    return {"cost_usd": float(row.cost_usd), "seconds": round(row.seconds, 3)}


def chat_steps(chat_id: str, steps: list[Step]) -> list[Step]:
    """Changes of hands and notes between the first and the last of these steps, and the change of hands before."""
    times = [step.at for step in steps]
    span = {"chat_id": chat_id, "since": min(times), "until": max(times)}
    hands = [
        Step(row.happened_at, "hands", row.id, f"to the {row.owner}", pick(row, "reason", "user_id", "epoch"))
        for row in run(HANDS, span)
    ]
    notes = [Step(row.sent_at, "note", row.id, "written", pick(row, "seq", "author")) for row in run(NOTES, span)]
    return hands + notes


def pick(row: Any, *names: str) -> dict[str, Any]:
    """These fields, without the empty ones."""
    return {name: getattr(row, name) for name in names if getattr(row, name) not in (None, "")}
