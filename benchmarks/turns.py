"""Whole turns: from a customer's webhook to the reply at the provider."""

import http.client
import json
import threading
import time
from urllib.parse import urlsplit

from .bench import Bench
from .crowd import Crowded
from .figures import Figure, Rounds, check
from .processes import cpu_by_name, memory_mb
from .webhooks import commits

INSTANT, SECOND, SLOW = "gpt-4o-mini", "gpt-4.1-mini", "gpt-4.1"
FLIGHT_GOAL = 200


def measure(bench: Bench) -> list[Figure]:
    rounds = Rounds()
    parts: set[str] = set()
    for _ in range(bench.plan.rounds):
        measure_instant(bench, rounds)
        parts |= measure_second(bench, rounds)
    measure_flight(bench, rounds)
    return [
        rounds.figure("instant20", "replies, instant model, 20 chats", "1/s", 80),
        rounds.figure("added20", "added p50, instant model, 20 chats", "ms"),
        rounds.figure("added1", "added p50, instant model, 1 chat", "ms", 25, "most"),
        rounds.figure("second100", "replies, model of 1 s, 100 chats", "1/s", 60),
        rounds.figure("added100", "added p50, model of 1 s, 100 chats", "ms", 500, "most"),
        rounds.figure("second300", "replies, model of 1 s, 300 chats", "1/s", 100),
        rounds.figure("added300", "added p50, model of 1 s, 300 chats", "ms"),
        rounds.figure("cpu", "CPU a reply, model of 1 s, 100 chats", "ms", 14, "most"),
        *(rounds.figure(name, f"CPU a reply: {name}", "ms") for name in sorted(parts)),
        rounds.figure("cpu20", "CPU a reply, instant model, 20 chats", "ms"),
        rounds.figure("commits", "commits a reply", "count"),
        rounds.figure("flight", "model calls in flight, one worker process", "count", FLIGHT_GOAL),
        rounds.figure("rss", "that worker's memory at its most (RSS)", "MiB", 400, "most"),
        rounds.figure("pss", "that worker's memory at its most (PSS)", "MiB"),
    ]


def measure_instant(bench: Bench, rounds: Rounds) -> None:
    many, spent = costed(bench, INSTANT, 20)
    one = bench.crowd(INSTANT, 1, bench.plan.seconds * 0.6)
    rounds.note(instant20=many.rate, added20=many.added_ms(), added1=one.added_ms())
    rounds.note(cpu20=1000 * sum(spent.values()) / many.asked)


def measure_second(bench: Bench, rounds: Rounds) -> set[str]:
    before = commits(bench)
    hundred, spent = costed(bench, SECOND, 100)
    rounds.note(second100=hundred.rate, added100=hundred.added_ms(), cpu=1000 * sum(spent.values()) / hundred.asked)
    rounds.note(**{name: 1000 * seconds / hundred.asked for name, seconds in spent.items()})
    rounds.note(commits=(commits(bench) - before) / hundred.asked)
    crowd = bench.crowd(SECOND, 300)
    rounds.note(second300=crowd.rate, added300=crowd.added_ms())
    return set(spent)


def costed(bench: Bench, model: str, chats: int) -> tuple[Crowded, dict[str, float]]:
    """A crowd, and the CPU time that each process spent on it."""
    before = cpu_by_name(bench.site.pids())
    result = bench.crowd(model, chats)
    after = cpu_by_name(bench.site.pids())
    spent = {name: after[name] - before[name] for name in before}
    check(all(spent[name] > 0 for name in ("web", "worker-1", "postgres")), f"somebody used no CPU: {spent}")
    return result, spent


def measure_flight(bench: Bench, rounds: Rounds) -> None:
    """More chats than a worker has threads, one question each, while the model takes its time."""
    worker = [bench.site.pid("worker-1")]
    peak = {"Rss": 0.0, "Pss": 0.0}
    crowd = bench.crowd(SLOW, bench.plan.flight, 0.5, lambda: watch(worker, peak))
    check(crowd.asked >= bench.plan.flight, "not everybody asked")
    rounds.note(flight=model_stats(bench)["most_in_flight"], rss=peak["Rss"], pss=peak["Pss"])


def watch(pids: list[int], peak: dict[str, float]) -> None:
    """Note the memory of processes at their most, during the next five seconds; called on the crowd's own thread, which
    has nothing to do meanwhile but to answer."""

    def look() -> None:
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            for kind in peak:
                peak[kind] = max(peak[kind], memory_mb(pids, kind))
            time.sleep(0.1)

    threading.Thread(target=look, daemon=True).start()


def model_stats(bench: Bench) -> dict[str, int]:
    server = urlsplit(bench.site.environment["OPENAI_API_BASE"])
    connection = http.client.HTTPConnection(server.hostname or "", server.port, timeout=10)
    connection.request("GET", "/stats")
    stats: dict[str, int] = json.loads(connection.getresponse().read())
    connection.close()
    return stats
