"""Each kind of leak is noticed in a soak's windows, and none is where there is none."""

import itertools
from collections.abc import Callable

import pytest

from benchmarks.soak.customers import Traffic
from benchmarks.soak.observe import merge_looks
from benchmarks.soak.verdict import ROLES, Judgment, Window, judge

RATE, ASKED = 20.0, 36_000
Values = dict[str, float]
STEADY = {
    **{f"rss/{role}": 100.0 for role in ROLES},
    **{f"{what}/{role}": 30.0 for role in ROLES for what in ("anon", "pss", "fds", "threads")},
    "rss/redis": 6.0,
    **{f"cpu/{role}": 0.1 for role in ROLES},
    "cpu/others": 0.2,
    "connections": 40.0,
    "redis/keys": 6.0,
    "redis/memory": 2.0,
    "live/leader": 1.0,
    "size/leader": 32_768.0,
    "live/turn": 30_000.0,
    "dead/turn": 900.0,
    "files/media": 3.0,
}


def soak(change: Callable[[int, Values], None] = lambda minute, values: None, slower: float = 0.0) -> list[Window]:
    """27 minutes as they should be, but for what `change` does to each, and seconds that a reply takes longer each."""
    windows = []
    for minute in range(27):
        values = dict(STEADY)
        change(minute, values)
        noise = 1.5 if minute % 5 == 2 else 1.0  # another job on the machine
        replies = [(0.4 + slower * minute) * noise * (1 + n / 100) for n in range(100)]
        windows.append(Window(minute * 60.0, values, [noise * (0.01 + n / 1e4) for n in range(100)], replies))
    return windows


def judged(windows: list[Window], traffic: Traffic | None = None, rows: int = ASKED, grown: bool = True) -> list[str]:
    """The names of what is not well."""
    traffic = traffic or Traffic(ASKED, ASKED)
    return [each.name for each in judge(windows, traffic, (rows, rows), RATE, grown) if each.ok is False]


def adding(name: str, step: float) -> Callable[[int, Values], None]:
    def change(minute: int, values: Values) -> None:
        values[name] = values.get(name, 0.0) + step * minute

    return change


def test_steady_windows_are_well() -> None:
    assert judged(soak()) == []


@pytest.mark.parametrize(
    ("name", "step", "noticed"),
    [
        ("rss/worker", 0.4, "memory of worker (rss)"),
        ("rss/web", 0.4, "memory of web (rss)"),
        ("rss/redis", 0.2, "memory of redis (rss)"),
        ("anon/postgres", 0.2, "memory of postgres (anon)"),
        ("fds/worker", 1, "fds/worker"),
        ("threads/web", 1, "threads/web"),
        ("connections", 1, "connections"),
        ("redis/clients", 1, "redis/clients"),
        ("redis/keys", 20, "redis/keys"),
        ("redis/memory", 0.1, "redis/memory"),
        ("files/media", 1, "files/media"),
        ("size/leader", 100_000, "size of leader"),
        ("dead/turn", 2000, "dead rows of turn"),
        ("registry/failed", 1, "registry/failed"),
    ],
)
def test_what_grows_by_the_minute_is_noticed(name: str, step: float, noticed: str) -> None:
    assert judged(soak(adding(name, step))) == [noticed]


def test_one_transaction_left_open_is_noticed() -> None:
    def change(minute: int, values: Values) -> None:
        values["connections/stuck"] = float(minute == 13)

    assert judged(soak(change)) == ["connections/stuck"]


def test_replies_that_become_slower_are_noticed_beside_noise() -> None:
    assert judged(soak(slower=0.01)) == ["replies, p50", "replies, p99"]
    assert judged(soak(slower=0.001)) == []


def test_a_slower_end_on_a_fuller_machine_is_undecided() -> None:
    def change(minute: int, values: Values) -> None:
        values["cpu/others"] = 0.1 * minute

    told = judge(soak(change, slower=0.01), Traffic(ASKED, ASKED), (ASKED, ASKED), RATE, True)
    assert {each.name for each in told if each.ok is None and each.limit} == {"replies, p50", "replies, p99"}


def test_messages_that_take_more_cpu_are_noticed() -> None:
    assert judged(soak(adding("cpu/worker", 0.02))) == ["CPU a message"]


def test_memory_that_fills_and_stays_is_no_leak() -> None:
    def change(minute: int, values: Values) -> None:
        values["rss/worker"] += min(minute, 3)
        values["shared/postgres"] = 4.0 * minute

    assert judged(soak(change)) == []


def test_dead_rows_may_be_a_share_of_many_that_live() -> None:
    def change(minute: int, values: Values) -> None:
        values |= {"live/turn": 1e6, "dead/turn": 150_000}

    assert judged(soak(change)) == []


def test_a_table_that_has_more_rows_may_be_larger() -> None:
    def change(minute: int, values: Values) -> None:
        values |= {"live/leader": 1 + 1000.0 * minute, "size/leader": 32_768 + 200_000.0 * minute}

    assert judged(soak(change)) == []


@pytest.mark.parametrize(
    ("traffic", "rows", "noticed"),
    [
        (Traffic(ASKED, ASKED - 1, lost=1), ASKED, ["messages lost"]),
        (Traffic(ASKED, ASKED, doubled=1), ASKED, ["replies doubled"]),
        (Traffic(ASKED, ASKED), ASKED + 1, ["messages kept", "replies sent"]),
        (Traffic(ASKED, ASKED), ASKED - 1, ["messages kept", "replies sent"]),
    ],
)
def test_what_is_lost_or_doubled_is_noticed(traffic: Traffic, rows: int, noticed: list[str]) -> None:
    assert judged(soak(), traffic, rows) == noticed
    assert judged(soak(), traffic, rows, grown=False) == noticed


def test_a_short_run_tells_of_growth_and_does_not_judge_it() -> None:
    windows = soak(adding("rss/worker", 5))
    told = judge(windows, Traffic(ASKED, ASKED), (ASKED, ASKED), RATE, False)
    worker = next(each for each in told if each.name == "memory of worker (rss)")
    assert worker == Judgment("memory of worker (rss)", worker.first, worker.last, unit="MiB")
    assert worker.last > worker.first
    assert all(each.ok is not False for each in told)


def test_a_window_keeps_medians_and_the_most_of_what_must_not_be() -> None:
    looks = [{"fds/web": number, "connections/stuck": stuck} for number, stuck in ((1, 0), (9, 1), (2, 0))]
    assert merge_looks([{name: float(value) for name, value in look.items()} for look in looks]) == {
        "fds/web": 2,
        "connections/stuck": 1,
    }


def test_windows_are_told_in_the_document() -> None:
    told = soak()[0].describe()
    assert told["messages"] == 100
    assert told["reply_p50_ms"] < told["reply_p99_ms"]
    assert told["values"] == dict(itertools.chain(STEADY.items()))
