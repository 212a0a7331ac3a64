"""Hints through Redis: that work is due, that a chat has news. All of them may be lost; PostgreSQL is asked again soon
anyway."""

import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from queue import Empty, SimpleQueue
from typing import Any

import structlog
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from .settings import Settings

BELL = "tawkee:bell"
CHATS = "tawkee:chats"
PEOPLE = "tawkee:people"
SECONDS = 0.05
QUIET_SECONDS = 3.0
POLL_SECONDS = 2.0
MOST_WAITING = 1000
Hint = tuple[str, str]
log = structlog.get_logger()

_clients: dict[tuple[str, float | None], Redis] = {}
_publishers: dict[str, "Publisher"] = {}
_making = threading.Lock()


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
    """Have it told in a moment; nobody waits for Redis."""
    if settings.redis_url:
        find_publisher(settings).tell((topic, text))


def find_publisher(settings: Settings) -> "Publisher":
    """This process's own."""
    found = _publishers.get(settings.redis_url)
    if found is None:
        with _making:
            found = _publishers.get(settings.redis_url) or Publisher(settings)
            _publishers[settings.redis_url] = found
    return found


class Publisher:
    """A thread that publishes what came meanwhile in one go, 50 ms at most: a round trip by every thread costs a fifth
    of a millisecond of CPU a hint. What is said twice is told once; after a failure nothing is tried for a while."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._hints: SimpleQueue[Hint] = SimpleQueue()
        self._quiet_until = 0.0
        threading.Thread(target=self._publish_all, name="publisher", daemon=True).start()

    def tell(self, hint: Hint) -> None:
        if time.monotonic() >= self._quiet_until and self._hints.qsize() < MOST_WAITING:
            self._hints.put(hint)

    def _publish_all(self) -> None:
        while True:
            hints = [self._hints.get(), *self._more()]
            try:
                self._publish(hints)
            except RedisError as error:
                self._quiet_until = time.monotonic() + QUIET_SECONDS
                log.warning("redis_unreachable", error=str(error))
            except Exception:  # the one thread that tells; it must not die
                log.exception("publish_failed")

    def _more(self) -> list[Hint]:
        hints: list[Hint] = []
        while len(hints) < MOST_WAITING:
            try:
                hints.append(self._hints.get_nowait())
            except Empty:
                break
        return hints

    def _publish(self, hints: list[Hint]) -> None:
        client = connect_redis(self._settings)
        if len(hints) == 1:
            client.publish(*hints[0])
            return
        pipeline = client.pipeline(transaction=False)
        for topic, text in dict.fromkeys(hints):
            pipeline.publish(topic, text)
        pipeline.execute()


def signal_people(settings: Settings, workspace_id: str, user_ids: list[str]) -> None:
    """Tell people's open pages that there is news for them."""
    publish(settings, PEOPLE, json.dumps({"workspace": workspace_id, "users": user_ids}))


def watch_topic(
    settings: Settings, topic: str, told: Callable[[Any], None], missed: Callable[[], None], ended: threading.Event
) -> None:
    """Call `told` with every signal of a topic, in a thread of its own, until `ended` is set.

    `missed` is called at the start and, with Redis away, every two seconds: then the database must be asked."""

    def watch() -> None:
        while not ended.is_set():
            try:
                follow_topic(settings, topic, told, missed, ended)
            except RedisError as error:
                if not ended.is_set():
                    log.warning("watching_by_poll", topic=topic, error=str(error))
                    missed()
            except Exception:  # whatever was published, or does not bear it: the thread must not die
                log.exception("watching_failed", topic=topic)
            ended.wait(POLL_SECONDS)

    threading.Thread(target=watch, name=f"watch-{topic}", daemon=True).start()


def follow_topic(
    settings: Settings, topic: str, told: Callable[[Any], None], missed: Callable[[], None], ended: threading.Event
) -> None:
    client: Any = connect_redis(settings, timeout=None)
    with client.pubsub(ignore_subscribe_messages=True) as subscription:
        subscription.subscribe(topic)
        missed()
        while not ended.is_set():
            message = subscription.get_message(timeout=POLL_SECONDS)
            if message is not None:
                told(json.loads(message["data"]))


def forget_publishers() -> None:
    """After a fork: neither threads survive it, nor whoever held the lock."""
    global _making
    _publishers.clear()
    _making = threading.Lock()


os.register_at_fork(after_in_child=forget_publishers)
