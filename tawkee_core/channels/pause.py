"""Leave a channel alone for a while: because its provider asks for patience, or because its credentials stopped
working."""

from typing import Any

import structlog
from psycopg2.extras import Json

from .. import metrics
from ..db import after_commit, run, transaction
from ..types import Channel
from .tell import tell_change

AUTH_LOST = {
    "pt": "O provedor não atende mais este canal ({why}). Conecte-o de novo; as mensagens esperam.",
    "en": "The provider no longer serves this channel ({why}). Connect it again; messages are waiting.",
}
AUTH_SECONDS = 60.0
FAIL = """
with before as (select id, status from channel where id = %(id)s for update)
update channel h set status = 'failed', detail = %(detail)s, paused_until = now() + make_interval(secs => %(seconds)s)
from before where h.id = before.id
returning h.id, h.workspace_id, h.name, h.detail, h.status, h.qr, before.status as before
"""
log = structlog.get_logger()


def pause_channel(channel: Channel, seconds: float) -> None:
    """Send nothing through this channel for so many seconds."""
    run(
        "update channel set paused_until = greatest(coalesce(paused_until, now()), now() + make_interval(secs => %s))"
        " where id = %s",
        (seconds, channel.id),
    )


def lose_auth(channel: Channel, detail: str) -> None:
    """The provider refuses us: the channel shows as failed and why; what it has to send waits a minute at a time."""
    log.error("channel_auth_lost", channel_id=channel.id, kind=channel.kind, detail=detail[:300])
    told = {language: text.format(why=detail[:300]) for language, text in AUTH_LOST.items()}
    with transaction() as cursor:
        cursor.execute(FAIL, {"id": channel.id, "detail": Json(told), "seconds": AUTH_SECONDS})
        row: Any = cursor.fetchone()
        if row is not None and row.before != "failed":
            after_commit(metrics.AUTH_LOST.labels(channel.kind).inc)
        if row is not None:
            tell_change(cursor, row, row.before)
