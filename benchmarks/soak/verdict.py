"""What is said of a soak's windows: pure functions, each of which knows one way to grow.

The windows after the warm-up are divided into thirds; the median of the first is held against that of the last, so that
no single window decides. A third of a run too short for that judges nothing, and only tells."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..figures import percentile, tidy
from .customers import Traffic

ROLES = ("web", "worker", "postgres", "redis", "qdrant")
GROWTH = 0.05
SMALL_MIB = 2.0  # of a process of 10 MiB, five percent are a page of its allocator
SLOWER, SLOWER_SECONDS = 1.25, 0.005
CROWDED = 0.2  # cores
MORE, MORE_SHARE = 4, 0.02
NAPTIME = 60  # how often PostgreSQL's autovacuum looks at a database
UPDATES = 4  # of one row, at most, for a message: a turn is made, claimed, replying, done
DEAD_SHARE = 0.2  # what autovacuum leaves in a table whatever its size, by PostgreSQL's own settings
MEBIBYTE = 2**20


@dataclass(frozen=True)
class Window:
    """A minute of it. `values` are numbers by name (`observe.py`), latencies are seconds."""

    second: float
    values: dict[str, float]
    webhooks: Sequence[float] = ()
    replies: Sequence[float] = ()
    seconds: float = 60.0

    def describe(self) -> dict[str, Any]:
        told: dict[str, Any] = {"second": round(self.second), "messages": len(self.webhooks)}
        for name, taken in (("webhook", self.webhooks), ("reply", self.replies)):
            if taken:
                told |= {f"{name}_p50_ms": tidy(1000 * percentile(taken, 0.5))}
                told |= {f"{name}_p99_ms": tidy(1000 * percentile(taken, 0.99))}
        told["cpu_ms_a_message"] = tidy(cpu_message(self))
        return told | {"values": {name: tidy(value) for name, value in sorted(self.values.items())}}


@dataclass(frozen=True)
class Judgment:
    """One thing that was looked at: in the first third, in the last third, and what it may be there. `ok` of None: told
    and not judged."""

    name: str
    first: float
    last: float
    limit: float | None = None
    ok: bool | None = None
    unit: str = ""

    def describe(self) -> dict[str, Any]:
        told = asdict(self) | {"first": tidy(self.first), "last": tidy(self.last)}
        return told | {"limit": None if self.limit is None else tidy(self.limit)}


def judge(
    windows: Sequence[Window], traffic: Traffic, rows: tuple[int, int], rate: float, grown: bool
) -> list[Judgment]:
    """All of it. `windows` are those after the warm-up; `rows` are the messages in the database, received and sent.
    Growth is judged where `grown` says that the run was long enough for it."""
    told = [
        *judge_memory(windows),
        *judge_latency(windows),
        *judge_counts(windows),
        *judge_files(windows),
        *judge_sizes(windows),
    ]
    if not grown:
        told = [Judgment(each.name, each.first, each.last, unit=each.unit) for each in told]
    return [*told, *judge_dead(windows, rate), *judge_never(windows), *judge_traffic(traffic, rows)]


def thirds(windows: Sequence[Window]) -> tuple[Sequence[Window], Sequence[Window]]:
    """The first third and the last."""
    count = max(1, len(windows) // 3)
    return windows[:count], windows[-count:]


def medians(windows: Sequence[Window], name: str) -> tuple[float, float]:
    first, last = (statistics.median(each.values.get(name, 0.0) for each in group) for group in thirds(windows))
    return first, last


def bounded(name: str, first: float, last: float, limit: float, unit: str = "") -> Judgment:
    return Judgment(name, first, last, limit, last <= limit, unit)


def names_of(windows: Sequence[Window], prefix: str) -> list[str]:
    return sorted({name for window in windows for name in window.values if name.startswith(prefix)})


def judge_memory(windows: Sequence[Window]) -> Iterable[Judgment]:
    """A role's RSS grows by less than 5 %. Of PostgreSQL's processes what each has to itself: its shared buffers fill
    with the tables, and end at their setting; all of it together is told as PSS."""
    for role in ROLES:
        what = "anon" if role == "postgres" else "rss"
        first, last = medians(windows, f"{what}/{role}")
        limit = first + max(first * GROWTH, SMALL_MIB)
        yield bounded(f"memory of {role} ({what})", first, last, limit, "MiB")
        yield Judgment(f"memory of {role} (pss)", *medians(windows, f"pss/{role}"), unit="MiB")


def judge_latency(windows: Sequence[Window]) -> Iterable[Judgment]:
    """A third's latency is that of its window at the lower quartile: other jobs on the machine make a window slower
    and never faster, while what Tawkee itself becomes slower by is in all of them. Where the last third is slower and
    others took more of the machine in its window, nothing can be said; CPU a message is judged in any case."""
    for kind in ("webhooks", "replies"):
        for share in (0.5, 0.99):
            (first, before), (last, after) = (quiet_window(group, kind, share) for group in thirds(windows))
            limit = max(first * SLOWER, first + SLOWER_SECONDS)
            said = True if last <= limit else None if after > before + CROWDED else False
            yield Judgment(f"{kind}, p{share * 100:g}", 1000 * first, 1000 * last, 1000 * limit, said, "ms")
    first, last = (statistics.median(cpu_message(window) for window in group) for group in thirds(windows))
    yield bounded("CPU a message", first, last, max(first * SLOWER, first + 1), "ms")


def quiet_window(windows: Sequence[Window], kind: str, share: float) -> tuple[float, float]:
    """The latency of the window at the lower quartile, and the cores that others used in it."""
    taken = [
        (percentile(getattr(window, kind), share), window.values.get("cpu/others", 0.0))
        for window in windows
        if getattr(window, kind)
    ]
    return sorted(taken)[len(taken) // 4] if taken else (0.0, 0.0)


def cpu_message(window: Window) -> float:
    """Milliseconds of CPU that a message took of all roles."""
    seconds = sum(window.values.get(f"cpu/{role}", 0.0) for role in ROLES) * window.seconds
    return 1000 * seconds / max(1, len(window.webhooks))


def judge_counts(windows: Sequence[Window]) -> Iterable[Judgment]:
    """Descriptors, threads, processes, connections, keys: what is taken is given back. PostgreSQL keeps the files of
    its tables open, up to a setting, so that only its connections are judged."""
    counted = [f"{what}/{role}" for what in ("fds", "threads") for role in ROLES if role != "postgres"]
    yield Judgment("fds/postgres", *medians(windows, "fds/postgres"))
    for name in (*counted, "connections", "redis/clients", "redis/keys", "processes/web", "processes/worker"):
        first, last = medians(windows, name)
        yield bounded(name, first, last, first + max(MORE, first * MORE_SHARE))
    first, last = medians(windows, "redis/memory")
    yield bounded("redis/memory", first, last, first + max(first * GROWTH, 1.0), "MiB")


def judge_files(windows: Sequence[Window]) -> Iterable[Judgment]:
    """The data folder holds no more files than it did, save what the database makes for its tables."""
    for name in names_of(windows, "files/"):
        first, last = medians(windows, name)
        if name == "files/postgres":
            yield Judgment(name, first, last)
        else:
            yield bounded(name, first, last, first + MORE)


def judge_sizes(windows: Sequence[Window]) -> Iterable[Judgment]:
    """A table that has no more rows than it had is no larger: hot rows leave no room behind that is not used again."""
    for name in names_of(windows, "size/"):
        table = name.partition("/")[2]
        before, after = medians(windows, f"live/{table}")
        first, last = medians(windows, name)
        if after <= before * (1 + GROWTH) + MORE:
            yield bounded(f"size of {table}", first, last, first * SLOWER + MEBIBYTE, "B")


def judge_dead(windows: Sequence[Window], rate: float) -> Iterable[Judgment]:
    """In no window after the warm-up has a table more dead rows than two rounds of autovacuum let arise, and a fifth of
    those that live."""
    for name in names_of(windows, "dead/"):
        table = name.partition("/")[2]
        first, last = (max(each.values.get(name, 0.0) for each in group) for group in thirds(windows))
        room = rate * UPDATES * NAPTIME * 2
        excess = [each.values.get(name, 0.0) - DEAD_SHARE * each.values.get(f"live/{table}", 0.0) for each in windows]
        if max(first, last) > 0:
            limit = room + DEAD_SHARE * windows[-1].values.get(f"live/{table}", 0.0)
            yield Judgment(f"dead rows of {table}", first, last, limit, max(excess) <= room)


def judge_never(windows: Sequence[Window]) -> Iterable[Judgment]:
    """What must not be in any window: transactions left open, jobs that RQ keeps as failed, deadlocks."""
    for name in ("connections/stuck", "registry/failed", "registry/deferred", "prepared"):
        first, last = (max(each.values.get(name, 0.0) for each in group) for group in thirds(windows))
        most = max(each.values.get(name, 0.0) for each in windows)
        yield Judgment(name, first, last, 0, most == 0)


def judge_traffic(traffic: Traffic, rows: tuple[int, int]) -> Iterable[Judgment]:
    """Every message has one reply, at the provider and in the database."""
    asked = traffic.asked
    yield Judgment("messages lost", asked, traffic.answered, 0, traffic.lost == 0 and traffic.answered == asked)
    yield Judgment("replies doubled", 0, traffic.doubled, 0, traffic.doubled == 0)
    yield Judgment("messages kept", asked, rows[0], asked, rows[0] == asked)
    yield Judgment("replies sent", asked, rows[1], asked, rows[1] == asked)
