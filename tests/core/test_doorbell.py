"""Hints through Redis: told soon by one thread, and by nobody who would have to wait."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tawkee_core.doorbell import SECONDS, connect_redis, publish, watch_topic
from tawkee_core.models import new_id
from tawkee_core.settings import Settings
from tests.lines import wait_until

END = "the end"


@pytest.fixture
def settings(servers: dict[str, str]) -> Settings:
    return Settings(redis_url=servers["TAWKEE_REDIS_URL"])


@pytest.fixture
def listening(settings: Settings) -> Iterator[tuple[str, Any]]:
    """A topic of our own, and who listens to it."""
    topic = f"test:{new_id()}"
    client: Any = connect_redis(settings, None)
    subscription = client.pubsub(ignore_subscribe_messages=True)
    subscription.subscribe(topic)
    wait_until(lambda: bool(connect_redis(settings, 2.0).pubsub_numsub(topic)[0][1]))
    yield topic, subscription
    subscription.close()


def heard(subscription: Any) -> list[str]:
    texts = []
    for message in subscription.listen():
        if message["data"] == END.encode():
            break
        texts.append(message["data"].decode())
    return texts


def test_hints_of_many_threads_are_all_told(settings: Settings, listening: tuple[str, Any]) -> None:
    topic, subscription = listening
    threads = [threading.Thread(target=publish, args=(settings, topic, str(n))) for n in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    publish(settings, topic, END)
    assert sorted(heard(subscription), key=int) == [str(n) for n in range(50)]


def test_what_is_said_often_is_told_at_least_once_and_in_its_place(
    settings: Settings, listening: tuple[str, Any]
) -> None:
    topic, subscription = listening
    for _ in range(200):
        publish(settings, topic, "the same")
    publish(settings, topic, END)
    assert 1 <= len(heard(subscription)) <= 200


def test_nobody_waits_for_a_redis_that_does_not_answer() -> None:
    """By the quickest of three: on a busy machine a thread may be kept from its core for as long as Redis may take."""
    assert min(seconds_of_a_deaf_redis() for _ in range(3)) < SECONDS


def seconds_of_a_deaf_redis() -> float:
    """What a hundred hints took their teller, where Redis takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        settings = Settings(redis_url=f"redis://127.0.0.1:{deaf.getsockname()[1]}/0")
        began = time.monotonic()
        for number in range(100):
            publish(settings, "test", str(number))
        return time.monotonic() - began


def watching(settings: Settings, topic: str, told: Callable[[Any], None]) -> tuple[threading.Thread, threading.Event]:
    """The thread that watches a topic, once it began, and what ends it."""
    began, ended = threading.Event(), threading.Event()
    watch_topic(settings, topic, told, began.set, ended)
    assert began.wait(20)
    (thread,) = (each for each in threading.enumerate() if each.name == f"watch-{topic}")
    return thread, ended


def test_a_watch_ends_when_it_is_told_to(settings: Settings) -> None:
    thread, ended = watching(settings, f"test:{new_id()}", lambda _: None)
    ended.set()
    thread.join(20)
    assert not thread.is_alive()


def test_a_watch_ends_without_redis() -> None:
    thread, ended = watching(Settings(redis_url="redis://127.0.0.1:1/0"), f"test:{new_id()}", lambda _: None)
    ended.set()
    thread.join(20)
    assert not thread.is_alive()


def test_a_watch_outlives_what_it_cannot_read(settings: Settings) -> None:
    topic, heard = f"test:{new_id()}", threading.Event()
    _, ended = watching(settings, topic, lambda _: heard.set())
    publish(settings, topic, "no json")

    def said() -> bool:
        publish(settings, topic, "1")
        return heard.wait(0.2)

    wait_until(said)
    ended.set()
