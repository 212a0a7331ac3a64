"""What every scenario is given: the installation, the customers, and how long to measure."""

import asyncio
import itertools
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .crowd import Crowd, Crowded
from .figures import check
from .payload import message_body, new_prefix, phone_of, webhook_request
from .provider import Provider
from .site import Site, running_site

CROWD_SECONDS = 300


@dataclass(frozen=True)
class Plan:
    """How much is measured. `seconds` is the length of one phase."""

    rounds: int = 3
    seconds: float = 5.0
    contacts: int = 5000
    streams: int = 1000
    starts: int = 3
    flight: int = 240
    workers: int = 1
    messages: int = 5_000_000


SHORT = Plan(rounds=1, seconds=1.0, contacts=50, streams=20, starts=1, flight=10, messages=20_000)


@dataclass
class Bench:
    """A running installation and its provider, whose event loop has a thread of its own."""

    site: Site
    plan: Plan
    provider: Provider
    phones: Iterator[int] = field(default_factory=lambda: itertools.count(10_000_000, 1000))

    def crowd(self, model: str, chats: int, seconds: float = 0, at_begin: Callable[[], None] = lambda: None) -> Crowded:
        """Let new customers chat, each one chat; what the database holds of it is compared with what they saw."""
        seconds = seconds or self.plan.seconds
        crowd = Crowd(self.provider, self.site.doors[model], chats, seconds, next(self.phones))
        running = asyncio.run_coroutine_threadsafe(crowd.run(at_begin), self.provider.loop)
        result = running.result(CROWD_SECONDS)
        self.check_rows(result)
        return result

    def check_rows(self, result: Crowded) -> None:
        """Every question has one row, and every one of their chats as many sent answers as it has questions."""
        await_settled(self.site, result)
        rows = self.site.sql(
            "select count(*) filter (where direction = 'in'), count(*) filter (where status = 'sent') from message"
            " where chat_id in (select chat_id from message where provider_message_id like %s)",
            (result.prefix + "%",),
        )
        check(rows[0] == (result.asked, result.asked), f"{result.asked} asked, rows in and sent: {rows[0]}")

    def kept_webhooks(self, contacts: Iterator[int] | None = None) -> tuple[str, Callable[[], bytes]]:
        """A maker of webhooks that are kept and not answered, and the prefix of their message ids."""
        door, prefix, numbers = self.site.doors["kept"], new_prefix(), itertools.count()
        drawn = contacts or (random.randrange(self.plan.contacts) for _ in itertools.count())

        def make() -> bytes:
            body = message_body(phone_of(next(drawn)), f"{prefix}{next(numbers)}", "Bom dia, vocês abrem hoje?")
            return webhook_request(door.path, door.token, body)

        return prefix, make

    def count_messages(self, prefix: str) -> int:
        rows = self.site.sql("select count(*) from message where provider_message_id like %s", (prefix + "%",))
        return int(rows[0][0])


def await_settled(site: Site, result: Crowded) -> None:
    """A reply is at the provider a moment before its row says so."""
    unsettled = (
        "select count(*) from outbound o where state <> 'sent' and chat_id in"
        " (select chat_id from message where provider_message_id like %s)"
    )
    for _ in range(100):
        if site.sql(unsettled, (result.prefix + "%",))[0][0] == 0:
            return
        threading.Event().wait(0.05)
    check(False, "replies that arrived are not settled in the database")


@contextmanager
def running_provider() -> Iterator[Provider]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="provider", daemon=True)
    thread.start()
    provider = Provider(loop)
    asyncio.run_coroutine_threadsafe(provider.listen(), loop).result(10)
    try:
        yield provider
    finally:
        asyncio.run_coroutine_threadsafe(provider.close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@contextmanager
def running_bench(data: Path, plan: Plan, provider: Provider) -> Iterator[Bench]:
    with running_site(data, provider.port, plan.workers) as site:
        bench = Bench(site, plan, provider)
        site.wait_loaded()
        bench.crowd("gpt-4o-mini", 8, 1.0)  # LiteLLM's first calls are slow
        yield bench
