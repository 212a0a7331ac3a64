"""Worker processes that are killed, stopped and left without Redis or PostgreSQL: every message is answered once."""

import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tawkee_core.db import open_database
from tawkee_core.embedded.ports import free_port
from tawkee_core.settings import read_settings
from tests.work.town import Street, Town, build_town, open_street


@pytest.fixture(scope="module")
def built(config: dict[str, Any]) -> Iterator[Town]:
    with build_town() as town:
        yield town
    open_database(read_settings(config))  # the other tests' again


@pytest.fixture
def town(built: Town) -> Iterator[Town]:
    built.other.reset()
    environ = dict(built.environ)
    yield built
    built.environ = environ
    built.other.reset()
    built.end_workers()


@pytest.fixture
def street(town: Town) -> Street:
    return open_street(town)


def hold_turns(street: Street, count: int) -> None:
    """Let that many customers write, and wait until the model holds all their turns."""
    street.town.other.hold("/complete")
    for number in range(count):
        assert street.say(f"oi {number}", f"person-{number}") == 200
    street.town.wait_for(lambda: street.town.other.waiting["/complete"] == count)


def answers(count: int) -> list[str]:
    return sorted(f"wire: oi {number}" for number in range(count))


def test_two_workers_share_the_work_and_answer_each_once(town: Town, street: Street) -> None:
    town.start_worker()
    town.start_worker()
    hold_turns(street, 14)  # more than one process has threads for
    assert len({turn.lease_owner for turn in street.turns()}) == 2
    town.other.release("/complete")
    street.await_statuses(*["sent"] * 14)
    assert sorted(town.other.texts()) == answers(14)


def test_turns_beyond_the_threads_are_taken_as_soon_as_one_is_free(town: Town, street: Street) -> None:
    worker = town.start_worker()
    hold_turns(street, 8)
    for number in range(8, 40):
        street.say(f"oi {number}", f"person-{number}")
    town.other.release("/complete")
    street.await_statuses(*["sent"] * 40)
    assert sorted(town.other.texts()) == answers(40)
    assert worker.poll() is None


def test_redis_that_forgets_everything_costs_nothing_but_time(town: Town, street: Street) -> None:
    town.start_worker()
    hold_turns(street, 4)
    for number in range(4, 10):
        street.say(f"oi {number}", f"person-{number}")
        town.flush_redis()
    town.other.release("/complete")
    street.await_statuses(*["sent"] * 10)
    assert sorted(town.other.texts()) == answers(10)


def test_without_redis_answers_come_and_with_it_again_too(town: Town, street: Street) -> None:
    town.start_worker()
    town.stop_server("redis", signal.SIGKILL)
    try:
        assert street.say("oi 0") == 200
        street.await_statuses("sent")
    finally:
        town.start_server("redis")
    assert street.say("oi 1") == 200
    street.await_statuses("sent", "sent", seconds=10)
    assert town.other.texts() == ["wire: oi 0", "wire: oi 1"]


def test_worker_that_starts_without_redis_works(town: Town, street: Street) -> None:
    town.stop_server("redis", signal.SIGKILL)
    try:
        worker = town.start_worker()
        street.say("oi 0")
        street.await_statuses("sent")
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(15) == 0
    finally:
        town.start_server("redis")


def test_killed_leader_is_followed_by_another_within_its_lease(town: Town, street: Street) -> None:
    workers = {worker.pid: worker for worker in (town.start_worker(), town.start_worker())}
    town.wait_for(lambda: town.leader() in workers)
    leader = town.leader()
    assert leader is not None
    workers[leader].kill()
    workers[leader].wait(10)
    street.say("oi 0")
    street.await_statuses("sent", seconds=15)
    assert town.leader() in set(workers) - {leader}


def test_killed_worker_turns_are_answered_by_another_within_the_lease(town: Town, street: Street) -> None:
    killed = town.start_worker()
    hold_turns(street, 3)
    killed.kill()
    killed.wait(10)
    town.other.release("/complete")
    town.start_worker()
    street.await_statuses("sent", "sent", "sent", seconds=15)
    assert sorted(town.other.texts()) == answers(3)
    assert [(t.recoveries, t.state) for t in street.turns()] == [(1, "done")] * 3


def test_frozen_worker_answers_nothing_after_another_took_its_turn(town: Town, street: Street) -> None:
    frozen = town.start_worker()
    hold_turns(street, 1)
    frozen.send_signal(signal.SIGSTOP)
    town.other.release("/complete")
    town.start_worker()
    street.await_statuses("sent", seconds=15)
    frozen.send_signal(signal.SIGCONT)
    town.wait_for(lambda: frozen.pid in town.alive())
    frozen.send_signal(signal.SIGTERM)
    assert frozen.wait(15) == 0
    assert town.other.texts() == ["wire: oi 0"]


def test_stopping_worker_finishes_what_it_holds(town: Town, street: Street) -> None:
    worker = town.start_worker()
    hold_turns(street, 3)
    worker.send_signal(signal.SIGTERM)
    town.wait_for(lambda: town.leader() is None)
    street.say("oi 3", "later")  # not for this worker any more
    town.other.release("/complete")
    assert worker.wait(15) == 0
    assert sorted(town.other.texts()) == answers(3)
    assert (town.alive(), town.leader()) == (set(), None)
    town.start_worker()
    street.await_statuses(*["sent"] * 4)


def test_stopping_worker_gives_back_what_takes_too_long(town: Town, street: Street) -> None:
    worker = town.start_worker()
    hold_turns(street, 2)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(15) == 0
    assert [(t.state, t.attempts, t.recoveries) for t in street.turns()] == [("collecting", 0, 0)] * 2
    town.other.release("/complete")
    town.start_worker()
    street.await_statuses("sent", "sent")
    assert sorted(town.other.texts()) == answers(2)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_restart_of_postgresql_loses_nothing(town: Town, street: Street, number: signal.Signals) -> None:
    town.start_worker()
    hold_turns(street, 3)
    town.stop_server("postgres", number)
    assert street.say("during", "somebody") == 503
    town.other.release("/complete")
    town.start_server("postgres")
    town.wait_for(lambda: said(street, "after", "somebody"))
    street.await_statuses(*["sent"] * 4)
    assert sorted(town.other.texts()) == sorted([*answers(3), "wire: after"])


def said(street: Street, text: str, sender: str) -> bool:
    """Deliver again, as providers do, until it is taken."""
    return street.say(text, sender) == 200


def test_restart_of_postgresql_while_sending_is_waited_out(town: Town, street: Street) -> None:
    town.start_worker()
    town.other.hold("/send")
    street.say("oi 0")
    town.wait_for(lambda: town.other.waiting["/send"] == 1)
    town.stop_server("postgres", signal.SIGINT)
    town.other.release("/send")
    town.start_server("postgres")
    street.await_statuses("sent")
    assert town.other.texts() == ["wire: oi 0"]


@pytest.mark.parametrize("taken", [True, False], ids=["taken", "not taken"])
@pytest.mark.parametrize(
    ("semantics", "status"), [("idempotent", "sent"), ("reconcilable", "sent"), ("opaque", "unconfirmed")]
)
def test_worker_killed_while_the_provider_holds_its_message(
    town: Town, semantics: str, status: str, taken: bool
) -> None:
    """kill -9 between the request and its answer: it arrives once, or is left to people and never doubled."""
    street = open_street(town, f"wire_{semantics}")
    town.other.takes_first = taken
    killed = town.start_worker()
    town.other.hold("/send")
    street.say("oi 0")
    town.wait_for(lambda: town.other.waiting["/send"] == 1)
    killed.kill()
    killed.wait(10)
    if not taken:
        town.other.drop_held()
    town.other.release("/send")
    town.start_worker()
    street.await_statuses(status, seconds=15)
    assert len(town.other.sent) == (1 if status == "sent" or taken else 0)
    assert [t.state for t in street.turns()] == ["done"]


def told(port: int, token: str = "metrics-token") -> dict[str, float]:
    """What a worker tells, by name and labels."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


def test_killed_worker_counts_are_told_by_the_next_one(town: Town, street: Street, tmp_path: Path) -> None:
    port, replied = free_port(), 'tawkee_turns_total{state="replied"}'
    town.environ |= {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "TAWKEE_METRICS_PORT": str(port)}
    town.environ["TAWKEE_METRICS_TOKEN"] = "metrics-token"
    killed = town.start_worker()
    street.say("oi 0")
    street.await_statuses("sent")
    assert told(port)[replied] == 1
    with pytest.raises(urllib.error.HTTPError) as refused:
        told(port, "another")
    with refused.value:
        assert refused.value.code == 401
    killed.kill()
    killed.wait(10)
    heir = town.start_worker()
    street.say("oi 1")
    street.await_statuses("sent", "sent")
    counted = told(port)
    assert counted[replied] == 2 and counted['tawkee_outbound_total{channel="wire_opaque",outcome="sent"}'] == 2
    owners = {path.stem.rpartition("_")[2] for path in tmp_path.glob("*.db")}
    assert owners == {"0", str(heir.pid)}
