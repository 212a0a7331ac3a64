"""Hints through Redis: that work is due, that a chat has news. All of them may be lost; PostgreSQL is asked again soon
anyway."""

import json
import time
from collections.abc import Mapping
from typing import Any

import structlog
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from .settings import Settings

BELL = "tawkee:bell"
CHATS = "tawkee:chats"
SECONDS = 0.05
QUIET_SECONDS = 3.0
log = structlog.get_logger()

_clients: dict[tuple[str, float | None], Redis] = {}
_quiet_until = 0.0


def connect_redis(settings: Settings, timeout: float | None = SECONDS) -> Redis:
    """This process's client, connecting when first used. `timeout` of None waits for ever, as a subscriber must."""
    key = (settings.redis_url, timeout)
    if key not in _clients:
        _clients[key] = Redis.from_url(
            settings.redis_url or "redis://127.0.0.1:1/0",
            socket_timeout=timeout,
            socket_connect_timeout=timeout or 1.0,
            retry=Retry(NoBackoff(), 0),
            max_connections=settings.worker_threads + 50,
        )
    return _clients[key]


def ring(settings: Settings) -> None:
    """Tell the dispatcher that something is due now."""
    publish(settings, BELL, "")


def signal_chat(settings: Settings, channel_id: str, address: str, event: Mapping[str, Any]) -> None:
    """Tell who watches a chat that something happened in it."""
    publish(settings, CHATS, json.dumps({"channel": channel_id, "address": address, "event": dict(event)}))


def publish(settings: Settings, topic: str, text: str) -> None:
    """One command, 50 ms at most; after a failure nothing is tried for a while, so that no request waits for a dead
    Redis."""
    global _quiet_until
    if not settings.redis_url or time.monotonic() < _quiet_until:
        return
    try:
        connect_redis(settings).publish(topic, text)
    except RedisError as error:
        _quiet_until = time.monotonic() + QUIET_SECONDS
        log.warning("redis_unreachable", error=str(error))
