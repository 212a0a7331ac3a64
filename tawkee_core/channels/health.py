"""How a channel fares: when it last heard and spoke, how much fails, how often people answer; and the breaker that
stops a
channel whose messages keep failing before its provider does."""

from typing import Any

import structlog
from psycopg2.extras import Json

from .. import metrics
from ..context import Tawkee
from ..db import run, transaction
from ..errors import NotFound
from .load import load_channel
from .setup import channel_info
from .tell import tell_trouble
from .warmup import show_warmup

BREAKER_FAILURES = 5
BREAKER_SHARE = 0.5
BREAKER_SECONDS = 600
log = structlog.get_logger()

HEALTH = """
select h.status, h.detail, h.paused_until, h.created_at,
    (select max(m.sent_at) from message m where m.channel_id = h.id and m.direction = 'in'
        and m.sent_at > now() - interval '7 days') as last_event_at,
    (select max(m.sent_at) from message m where m.channel_id = h.id and m.direction = 'out'
        and m.status in ('sent', 'delivered', 'read') and m.sent_at > now() - interval '7 days') as last_sent_at,
    day.*, written.*
from channel h, lateral (
    select count(*) filter (where direction = 'in')::int as received,
        count(*) filter (where direction = 'out' and status in ('sent', 'delivered', 'read'))::int as sent,
        count(*) filter (where direction = 'out' and status = 'failed')::int as failed,
        count(*) filter (where direction = 'out' and status = 'unconfirmed')::int as unconfirmed
    from message m where m.channel_id = h.id and m.sent_at > now() - interval '24 hours' and m.kind <> 'note'
) as day, lateral (
    select count(*)::int as written_to, count(*) filter (where heard)::int as heard_from from (
        select bool_or(direction = 'in') as heard from message m where m.channel_id = h.id and m.kind <> 'note'
            and m.sent_at > now() - interval '24 hours' group by m.chat_id having bool_or(direction = 'out')) as chats
) as written
where h.workspace_id = %s and h.id = %s and h.deleted_at is null
"""
# what its provider took and then told to have failed counts too; what came after the window was never tried
TRIP = """
with recent as (
    select h.id, count(*) as tried,
        count(*) filter (where o.state in ('dead', 'unconfirmed') or m.status = 'failed') as failed
    from outbound o join message m on m.id = o.message_id join channel h on h.id = m.channel_id
    where o.intent_at > now() - interval '10 minutes' and h.deleted_at is null and o.error not like 'window_closed%%'
        and (h.paused_until is null or h.paused_until <= now())
    group by h.id
)
update channel h set paused_until = now() + make_interval(secs => %(seconds)s), detail = %(detail)s
from recent where h.id = recent.id and recent.failed >= %(least)s and recent.failed >= recent.tried * %(share)s
returning h.id, h.workspace_id, h.kind, h.name, h.detail
"""
# the words about a pause go with it
CLOSE = "update channel set detail = '{}' where detail = %(detail)s and paused_until <= now()"
TRIPPED = {
    "pt": "Muitas mensagens deste canal falharam; o envio parou por dez minutos. Veja as mensagens e a conexão.",
    "en": "Many of this channel's messages failed; sending stopped for ten minutes. Look at them and the connection.",
}


def read_health(tawkee: Tawkee, workspace_id: str, channel_id: str) -> dict[str, Any]:
    """The last 24 hours of a channel in figures, and how it stands. Raises NotFound."""
    rows = run(HEALTH, (workspace_id, channel_id))
    if not rows:
        raise NotFound()
    row = rows[0]
    tried = row.sent + row.failed + row.unconfirmed
    figures: dict[str, Any] = row._asdict()
    channel = load_channel(tawkee.settings, channel_id)
    warmup = show_warmup(channel, channel_info(tawkee, channel.kind))
    return figures | {
        "detail": row.detail or None,
        "error_rate": round((row.failed + row.unconfirmed) / tried, 4) if tried else 0.0,
        "reply_ratio": round(row.heard_from / row.written_to, 4) if row.written_to else None,
        "warming_up": warmup is not None,
        "warmup": warmup,
    }


def trip_breakers() -> int:
    """Stop channels most of whose messages failed lately; how many were stopped."""
    parameters = {
        "seconds": BREAKER_SECONDS,
        "detail": Json(TRIPPED),
        "least": BREAKER_FAILURES,
        "share": BREAKER_SHARE,
    }
    with transaction() as cursor:
        cursor.execute(CLOSE, parameters)
        cursor.execute(TRIP, parameters)
        tripped: list[Any] = cursor.fetchall()
        for channel in sorted(tripped, key=lambda each: each.id):
            tell_trouble(cursor, channel, "channel_paused")
    for channel in tripped:
        metrics.CHANNELS_PAUSED.labels(channel.kind).inc()
        log.error("channel_breaker_opened", channel_id=channel.id, kind=channel.kind)
    return len(tripped)
