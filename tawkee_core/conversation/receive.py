"""A webhook, kept and applied: verified raw body in, stored messages and a turn out, all in one transaction. No model,
no HTTP.

An event that is already here changes nothing. One whose reading fails by our own fault is kept as `new` and tried
again by the worker."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeVar

import structlog
from psycopg2.errors import ForeignKeyViolation
from psycopg2.extensions import TransactionRollbackError

from .. import metrics
from ..channels.load import load_channel
from ..channels.pause import lose_auth
from ..context import Tawkee
from ..db import LOST, Cursor, after_commit, run, transaction
from ..errors import AuthLost, BadPayload, NotSent, RateLimited, Refused
from ..models import new_id
from ..notifications import notify_team
from ..statements import Statement
from ..types import MEDIA_KINDS, Channel, ChannelEvent, Echo, Fetch, Ignored, Incoming
from .apply import Applied, apply_events, note_kept, tell_news
from .known import Arrived, Unplaced, keep_known, plain_message
from .media import keep_data
from .strangers import keep_stranger

UNSAFE_HEADERS = frozenset(("authorization", "cookie", "apikey", "x-api-key"))
LEAST_KEY = 8
MAX_TRIES = 5
MOST_PATIENCE = 300
DEADLOCK_TRIES = 4
Result = TypeVar("Result")
KEEP = Statement(
    """
insert into inbound_event (id, workspace_id, channel_id, dedupe_key, headers, body, state, reason, attempts, next_at)
values (%(id)s, %(workspace_id)s, %(channel_id)s, %(key)s, %(headers)s, %(body)s, %(state)s, %(reason)s, %(attempts)s,
    now() + make_interval(secs => %(wait)s))
on conflict (channel_id, dedupe_key) do nothing returning id
"""
)
log = structlog.get_logger()


@dataclass(frozen=True)
class Outcome:
    """What became of a webhook: applied, ignored, duplicate, or new (to be tried again)."""

    state: str
    reason: str = ""


def receive_webhook(tawkee: Tawkee, channel: Channel, headers: Mapping[str, str], body: bytes) -> Outcome:
    """Keep an authentic webhook and apply its events. Raises BadPayload, after keeping it, when it cannot be read."""
    kept = safe_headers(channel, headers)
    try:
        events = parse_events(tawkee, channel, kept, body)
    except BadPayload as error:
        keep_event(channel, kept, body, "dead", str(error))
        metrics.INBOUND_EVENTS.labels(channel.kind, "bad_payload").inc()
        raise
    except Exception as error:  # a plugin's fault must not lose the customer's words
        log.exception("parse_failed", channel_id=channel.id, kind=channel.kind)
        return defer_event(channel, kept, body, f"{type(error).__name__}: {error}")
    return apply_webhook(tawkee, channel, kept, body, events)


def safe_headers(channel: Channel, headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that may be kept: none that holds a key of the channel's, as Z-API sends its instance's token."""
    long = (value for value in channel.config.values() if isinstance(value, str) and len(value) >= LEAST_KEY)
    keys = (channel.webhook_secret, *long)
    return {
        name: value
        for name, value in headers.items()
        if name not in UNSAFE_HEADERS and not any(key in value for key in keys)
    }


def parse_events(tawkee: Tawkee, channel: Channel, headers: Mapping[str, str], body: bytes) -> list[ChannelEvent]:
    """What a channel reads out of a body. Raises BadPayload, and TypeError where it gives no list."""
    events = tawkee.plugins.channel(channel.kind).channel_parse(channel=channel, headers=dict(headers), body=body)
    if not isinstance(events, list):
        raise TypeError(f"channel_parse gave {type(events).__name__}, not a list of events")
    return events


def apply_webhook(
    tawkee: Tawkee, channel: Channel, headers: Mapping[str, str], body: bytes, events: Sequence[ChannelEvent]
) -> Outcome:
    try:
        channel, (outcome, applied) = follow_move(
            tawkee, channel, events, lambda at, files: apply_fresh(at, headers, body, files)
        )
    except LOST:
        raise
    except Exception as error:  # what a plugin made of it cannot be kept: the raw event is, to be looked into
        log.exception("apply_failed", channel_id=channel.id, kind=channel.kind)
        return defer_event(channel, headers, body, f"{type(error).__name__}: {error}")
    metrics.INBOUND_EVENTS.labels(channel.kind, outcome.state).inc()
    tell_news(tawkee, channel, applied)
    return outcome


def follow_move(
    tawkee: Tawkee,
    channel: Channel,
    events: Sequence[ChannelEvent],
    step: Callable[[Channel, Sequence[ChannelEvent]], Result],
) -> tuple[Channel, Result]:
    """Do a step with a channel's events, their files kept before; again with the channel as it is now, where its agent
    was taken to another workspace while the step waited. The channel, and what came of it."""
    try:
        files = keep_files(tawkee, channel, events)
        return channel, repeat_deadlocked(lambda: step(channel, files))
    except ForeignKeyViolation:
        moved = load_channel(tawkee.settings, channel.id)
        if moved.workspace_id == channel.workspace_id:
            raise
        log.info("channel_moved", channel_id=channel.id)
        return follow_move(tawkee, moved, events, step)


def repeat_deadlocked(step: Callable[[], Result]) -> Result:
    """Do a step again that PostgreSQL stopped for the sake of another: two batches may name the same chats in different
    orders. Raises TransactionRollbackError after a few tries."""
    for _ in range(DEADLOCK_TRIES - 1):
        try:
            return step()
        except TransactionRollbackError:
            log.info("deadlock_repeated")
    return step()


def apply_fresh(
    channel: Channel, headers: Mapping[str, str], body: bytes, events: Sequence[ChannelEvent]
) -> tuple[Outcome, Applied]:
    """The one transaction: the raw event, and under it all that it says. A part that is not known yet defers the
    event."""
    plain = plain_message(events)
    if plain is not None and (done := apply_plain(channel, headers, body, plain)):
        return done
    with transaction() as cursor:
        event_id = insert_event(cursor, channel, headers, body, "applied")
        if event_id is None:
            return Outcome("duplicate"), Applied()
        applied = apply_events(cursor, channel, event_id, events)
        if applied.elsewhere:
            cursor.execute("update inbound_event set state = 'new' where id = %s", (event_id,))
            return Outcome("new"), applied
        if applied.missing:
            postpone_event(cursor, event_id, "speaks of a message that is not here yet")
            return Outcome("new"), applied
        if applied.state == "ignored":
            reason = "; ".join(applied.reasons)[:500]
            cursor.execute("update inbound_event set state = 'ignored', reason = %s where id = %s", (reason, event_id))
            return Outcome("ignored", reason), applied
    return Outcome("applied"), applied


def apply_plain(
    channel: Channel, headers: Mapping[str, str], body: bytes, message: Incoming
) -> tuple[Outcome, Applied] | None:
    """The same in one statement, for one message of somebody known or of somebody new; None when it has to be the
    transaction."""
    row = event_row(channel, headers, body, "applied")
    arrived = keep_known(channel, row, message)
    if isinstance(arrived, Unplaced):
        kept = None if arrived.met else keep_stranger(channel, row, message)
        if kept is None:
            return None
        arrived = Arrived(False, kept)
    applied = Applied()
    if arrived.duplicate:
        return Outcome("duplicate"), applied
    note_kept(applied, message, arrived.kept)
    return Outcome(applied.state, "; ".join(applied.reasons)), applied


def insert_event(
    cursor: Cursor,
    channel: Channel,
    headers: Mapping[str, str],
    body: bytes,
    state: str,
    reason: str = "",
    wait: float = 0,
) -> str | None:
    """Keep the raw webhook; its id, or None when the same body came before."""
    row = event_row(channel, headers, body, state)
    row |= {"reason": reason[:500], "attempts": 1 if state == "new" else 0, "wait": wait}
    cursor.execute(KEEP, row)
    kept: Any = cursor.fetchone()
    return kept.id if kept else None


def event_row(channel: Channel, headers: Mapping[str, str], body: bytes, state: str) -> dict[str, Any]:
    return {
        "id": new_id(),
        "workspace_id": channel.workspace_id,
        "channel_id": channel.id,
        "key": sha256(body).hexdigest(),
        "headers": dict(headers),
        "body": body,
        "state": state,
    }


def keep_event(
    channel: Channel, headers: Mapping[str, str], body: bytes, state: str, reason: str, wait: float = 0
) -> None:
    with transaction() as cursor:
        kept = insert_event(cursor, channel, headers, body, state, reason, wait)
        if kept and state == "dead":
            after_commit(metrics.DEAD.labels("event").inc)
            notify_team(cursor, channel.workspace_id, "event_dead", channel.id, channel.id, channel=channel.name)
    log.warning("webhook_kept", channel_id=channel.id, kind=channel.kind, state=state, reason=reason)


def defer_event(channel: Channel, headers: Mapping[str, str], body: bytes, reason: str) -> Outcome:
    keep_event(channel, headers, body, "new", reason, wait=5)
    metrics.INBOUND_EVENTS.labels(channel.kind, "new").inc()
    return Outcome("new", reason)


def postpone_event(cursor: Cursor, event_id: str, reason: str) -> None:
    """Try an event again later, a few times; then it is ignored, since nothing of ours is missing."""
    cursor.execute(
        "update inbound_event set attempts = attempts + 1, reason = %s,"
        " next_at = now() + make_interval(secs => 2 ^ (attempts + 1)),"
        " state = case when attempts >= %s then 'ignored' else 'new' end where id = %s",
        (reason[:500], MAX_TRIES - 1, event_id),
    )


def keep_files(tawkee: Tawkee, channel: Channel, events: Sequence[ChannelEvent]) -> list[ChannelEvent]:
    """The events with the bytes they brought written to the data folder, before any transaction."""
    return [keep_file(tawkee, channel, event) for event in events]


def keep_file(tawkee: Tawkee, channel: Channel, event: ChannelEvent) -> ChannelEvent:
    if (
        not isinstance(event, Incoming | Echo)
        or event.media is None
        or event.media.data is None
        or event.kind not in MEDIA_KINDS
    ):
        return event
    values = {name: getattr(event, name) for name in event.__slots__}
    return type(event)(**values | {"media": keep_data(tawkee.settings, channel.workspace_id, event.media)})


def receive_events(tawkee: Tawkee, channel: Channel, events: Sequence[ChannelEvent]) -> list[str]:
    """Apply events of a channel whose messages come through a route of its own; the ids of the messages that are
    new."""
    channel, applied = follow_move(tawkee, channel, events, apply_direct)
    metrics.INBOUND_EVENTS.labels(channel.kind, applied.state).inc()
    tell_news(tawkee, channel, applied)
    return applied.messages


def apply_direct(channel: Channel, events: Sequence[ChannelEvent]) -> Applied:
    with transaction() as cursor:
        return apply_events(cursor, channel, None, events)


def retry_event(tawkee: Tawkee, channel: Channel, event: Any) -> None:
    """Apply a kept event (a row of `inbound_event`) that could not be applied when it came."""
    try:
        told = fetch_events(tawkee, channel, parse_events(tawkee, channel, event.headers, bytes(event.body)))
        events = keep_files(tawkee, channel, told)
        applied = repeat_deadlocked(lambda: apply_again(channel, event.id, events))
    except LOST:
        raise
    except (NotSent, RateLimited, AuthLost) as error:
        if not await_provider(event, f"{error.slug}: {error}"):
            bury_event(channel, event, f"{error.slug}: {error}")
        return
    except Exception as error:  # again the fault that kept it: it is tried a few times, then shown as dead
        log.exception("event_failed", channel_id=channel.id, inbound_event_id=event.id)
        bury_event(channel, event, f"{type(error).__name__}: {error}")
        return
    tell_news(tawkee, channel, applied)


def fetch_events(tawkee: Tawkee, channel: Channel, events: Sequence[ChannelEvent]) -> list[ChannelEvent]:
    """The events with every Fetch replaced by what the provider says there. Raises NotSent to be tried again."""
    told: list[ChannelEvent] = []
    for event in events:
        told += fetch_event(tawkee, channel, event) if isinstance(event, Fetch) else [event]
    return told


def fetch_event(tawkee: Tawkee, channel: Channel, event: Fetch) -> list[ChannelEvent]:
    try:
        found = tawkee.plugins.channel(channel.kind).channel_fetch(channel=channel, resource=event.resource)
    except Refused as error:
        return [Ignored(f"{event.resource[:80]} is gone: {error}")]
    except AuthLost as error:
        lose_auth(channel, str(error))
        raise
    return found or [Ignored(f"nothing at {event.resource[:80]}")]


def apply_again(channel: Channel, event_id: str, events: Sequence[ChannelEvent]) -> Applied:
    with transaction() as cursor:
        applied = apply_events(cursor, channel, event_id, events)
        if applied.missing:
            postpone_event(cursor, event_id, "speaks of a message that is not here")
        else:
            cursor.execute("update inbound_event set state = %s, reason = '' where id = %s", (applied.state, event_id))
    return applied


def await_provider(event: Any, reason: str) -> bool:
    """Try an event again, for two days, whose provider cannot tell now what it says: it is away, or its keys have to
    be renewed first. Whether there is time for it."""
    log.warning("event_waits", inbound_event_id=event.id, reason=reason[:300])
    return bool(
        run(
            "update inbound_event set attempts = attempts + 1, reason = %s,"
            " next_at = now() + make_interval(secs => least(5 * 2 ^ least(attempts, 10), %s))"
            " where id = %s and received_at > now() - interval '2 days' returning id",
            (reason[:500], MOST_PATIENCE, event.id),
        )
    )


def bury_event(channel: Channel, event: Any, reason: str) -> None:
    with transaction() as cursor:
        cursor.execute(
            "update inbound_event set attempts = attempts + 1, reason = %s,"
            " next_at = now() + make_interval(secs => 5 * 2 ^ attempts),"
            " state = case when attempts + 1 >= %s then 'dead' else 'new' end where id = %s returning state",
            (reason[:500], MAX_TRIES, event.id),
        )
        row: Any = cursor.fetchone()
        if row is not None and row.state == "dead":
            after_commit(metrics.DEAD.labels("event").inc)
            notify_team(cursor, channel.workspace_id, "event_dead", channel.id, channel.id, channel=channel.name)
