"""Leave a channel alone for a while: because its provider asks for patience, or because its credentials stopped
working."""

import structlog
from psycopg2.extras import Json

from ..db import run
from ..types import Channel

AUTH_LOST = {
    "pt": "O provedor não atende mais este canal ({why}). Conecte-o de novo; as mensagens esperam.",
    "en": "The provider no longer serves this channel ({why}). Connect it again; messages are waiting.",
}
AUTH_SECONDS = 60.0
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
    run(
        "update channel set status = 'failed', detail = %s, paused_until = now() + make_interval(secs => %s) where id"
        " = %s",
        (Json(told), AUTH_SECONDS, channel.id),
    )
