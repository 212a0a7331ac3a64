"""A customer's line to an agent, for tests of the pipeline: say something, let time pass, look what became of it."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg2
import pytest

from tawkee_core.context import Tawkee
from tawkee_core.conversation.ask import breaker
from tawkee_core.db import run
from tawkee_core.models import new_id
from tawkee_core.testing.echo_channel import EchoChannel, Provider
from tawkee_core.testing.echo_model import ECHO, OTHER, EchoModel
from tawkee_core.testing.running import Company, Running
from tawkee_core.types import Channel, Pace, SendSemantics

Result = TypeVar("Result")
# other kinds of work, of which some take long (a training's first vectors load a model)
LATER = (
    ("training", "next_at"),
    ("mail", "next_at"),
    ("account_request", "next_at"),
    ("contact_task", "next_at"),
    ("media", "next_at"),
    ("channel", "check_at"),
    ("workspace", "erase_at"),
)


@dataclass(frozen=True)
class Line:
    """One echo channel of one company."""

    running: Running
    company: Company
    channel: Channel
    echo: EchoChannel
    model: EchoModel

    @property
    def tawkee(self) -> Tawkee:
        return self.running.tawkee

    @property
    def provider(self) -> Provider:
        return self.echo.provider

    @property
    def chat(self) -> Any:
        return self.running.chat_of(self.channel)

    def say(self, text: str = "oi", sender: str = "ana", **more: Any) -> str:
        """Let a customer write; the provider's id of the message."""
        message = {"type": "message", "id": new_id(), "from": sender, "text": text, **more}
        assert self.post(message) == 200
        return str(message["id"])

    def post(self, *events: dict[str, Any]) -> int:
        return self.running.post_echo(self.channel, *events)

    def settle(self) -> None:
        self.running.settle()

    def start(self, kind: str = "turns", count: int = 10) -> int:
        """Let the pool's threads begin what is due, without waiting for them."""
        return self.running.pool.drain(kind, count)

    def rest(self) -> None:
        """Wait until no thread is at work."""
        pool = self.running.pool
        wait_until(lambda: pool.free == pool.threads)

    def messages(self, direction: str | None = None) -> list[Any]:
        return [m for m in self.running.messages_of(self.channel) if direction in (None, m.direction)]

    def turns(self) -> list[Any]:
        return self.rows("turn")

    def outbounds(self) -> list[Any]:
        return self.rows("outbound")

    def rows(self, table: str) -> list[Any]:
        """The chat's rows of a table, oldest first."""
        return run(
            f"select t.* from {table} t join chat c on c.id = t.chat_id where c.channel_id = %s order by t.id",
            (self.channel.id,),
        )

    def events(self) -> list[Any]:
        return run("select * from inbound_event where channel_id = %s order by id", (self.channel.id,))

    def pass_time(self) -> None:
        """What waits for its time is due now; what is held by a worker has lost its lease."""
        run("update channel set paused_until = null where id = %s", (self.channel.id,))
        for table, column in (("turn", "due_at"), ("outbound", "next_at")):
            run(
                f"update {table} set {column} = now(), lease_until = least(lease_until, now() - interval '1 s')"
                " where chat_id in (select id from chat where channel_id = %s)",
                (self.channel.id,),
            )
        run("update inbound_event set next_at = now() where channel_id = %s", (self.channel.id,))


@pytest.fixture
def line(tawkee: Running, echo_channel: EchoChannel, echo_model: EchoModel) -> Iterator[Line]:
    """A line of its own, answered at once."""
    yield from open_line(tawkee, echo_channel, echo_model)


def open_line(running: Running, echo: EchoChannel, model: EchoModel, **settings: Any) -> Iterator[Line]:
    close_breakers()
    end_work()
    company = running.add_company(**settings)
    line = Line(running, company, running.add_channel(company, "echo"), echo, model)
    yield line
    echo.semantics, echo.max_text, echo.extra = "opaque", 4096, {}
    echo.unofficial, echo.pace = False, Pace()
    echo.provider.release.set()
    if model.gate is not None:
        model.gate.set()
    line.rest()
    end_work()


def close_breakers() -> None:
    """Forget what failed before."""
    for name in (ECHO, OTHER):
        breaker.succeeded(name)


def end_work() -> None:
    """Whatever was left to be done, or to be tried again later, is due when it likes: not in the middle of a test."""
    run("update turn set state = 'cancelled', lease_until = null where state in ('collecting', 'running', 'replying')")
    run("update outbound set state = 'cancelled' where state in ('pending', 'sending', 'reconciling')")
    run("update inbound_event set state = 'ignored' where state = 'new'")
    for table, column in LATER:
        run(f"update {table} set {column} = now() + interval '1 year' where {column} < now() + interval '1 hour'")


def set_semantics(line: Line, semantics: SendSemantics) -> None:
    line.echo.semantics = semantics


def hold_model(line: Line) -> threading.Event:
    """Let model calls wait until the event is set."""
    line.model.gate = threading.Event()
    return line.model.gate


def hold_provider(line: Line) -> threading.Event:
    """Let sends wait until the event is set."""
    line.provider.release.clear()
    line.provider.delay = 30.0
    return line.provider.release


def wait_until(holds: Callable[[], Any], seconds: float = 20.0) -> None:
    """Wait for a condition. Raises AssertionError when it does not come true."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.005)


def waits_for_lock(line: Line) -> bool:
    """Whether a session waits for another's lock, seen from a connection of our own."""
    watcher = psycopg2.connect(line.tawkee.settings.database_url)
    with watcher, watcher.cursor() as cursor:
        cursor.execute("select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")
        found = cursor.fetchone()
    watcher.close()
    return found is not None


def in_parallel(steps: Sequence[Callable[[], Result]]) -> list[Result]:
    """Do all steps at the same moment, each in a thread of its own; their results."""
    gate = threading.Barrier(len(steps))

    def step_at_once(step: Callable[[], Result]) -> Result:
        gate.wait(10)
        return step()

    with ThreadPoolExecutor(len(steps)) as executor:
        return [future.result(30) for future in [executor.submit(step_at_once, step) for step in steps]]
