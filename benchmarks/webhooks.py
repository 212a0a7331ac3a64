"""How fast webhooks are taken, compared with what the same web server does without keeping them."""

from collections.abc import Callable

from .bench import Bench
from .figures import Figure, Rounds, check, percentile
from .payload import message_body, phone_of, webhook_request
from .pounder import Pounded, Pounder, pounding
from .processes import cpu_seconds

PACE = 100


def measure(bench: Bench) -> list[Figure]:
    rounds = Rounds()
    with pounding(bench.site.port) as pounder:
        rounds.note(new=add_contacts(bench, pounder))
        for _ in range(bench.plan.rounds):
            measure_round(bench, pounder, rounds)
    return [
        rounds.figure("ratio", "webhooks kept, to verify-and-200 alone", "ratio", 0.2),
        rounds.figure("kept", "webhooks kept", "1/s", 500),
        rounds.figure("p99", f"webhook kept at {PACE}/s, p99", "ms", 100, "most"),
        rounds.figure("p50", f"webhook kept at {PACE}/s, p50", "ms"),
        rounds.figure("verified", "verify-and-200 alone", "1/s"),
        rounds.figure("bare", "200 alone, not even verified", "1/s"),
        rounds.figure("new", "webhooks kept, each of a new contact", "1/s"),
        rounds.figure("cpu", "CPU a webhook kept, web and PostgreSQL and Redis", "ms"),
        rounds.figure("commits", "commits a webhook", "count"),
    ]


def add_contacts(bench: Bench, pounder: Pounder) -> float:
    """The first message of every contact; how many a second."""
    _, make = bench.kept_webhooks(iter(range(bench.plan.contacts)))
    result = checked(pounder.pound(make, 600, bench.plan.contacts))
    bench.site.drop_kept()
    return result.rate


def measure_round(bench: Bench, pounder: Pounder, rounds: Rounds) -> None:
    seconds = bench.plan.seconds * 0.8
    bare = checked(pounder.pound(lambda: request_of(bench, "/bench/bare"), seconds / 2))
    door = bench.site.doors["kept"]
    path = door.path.replace("/webhooks/", "/bench/verify/")
    verified = checked(pounder.pound(lambda: request_of(bench, path), seconds))
    before, cpu = commits(bench), cpu_spent(bench)
    kept = keep(bench, lambda make: pounder.pound(make, seconds))
    count = len(kept.latencies)
    rounds.note(cpu=1000 * (cpu_spent(bench) - cpu) / count, commits=(commits(bench) - before) / count)
    paced = keep(bench, lambda make: pounder.pace(make, seconds, PACE))
    rounds.note(bare=bare.rate, verified=verified.rate, kept=kept.rate, ratio=kept.rate / verified.rate)
    rounds.note(p50=1000 * percentile(paced.latencies, 0.5), p99=1000 * percentile(paced.latencies, 0.99))


def request_of(bench: Bench, path: str) -> bytes:
    door = bench.site.doors["kept"]
    return webhook_request(path, door.token, message_body(phone_of(1), "BENCH", "Bom dia"))


def keep(bench: Bench, load: Callable[[Callable[[], bytes]], Pounded]) -> Pounded:
    """Send webhooks that are to be kept, and see that each one accepted has its row."""
    prefix, make = bench.kept_webhooks()
    result = checked(load(make))
    rows = bench.count_messages(prefix)
    check(rows == len(result.latencies), f"{len(result.latencies)} webhooks accepted, {rows} messages kept")
    bench.site.drop_kept()
    return result


def checked(result: Pounded) -> Pounded:
    check(not result.refused, f"{len(result.refused)} requests were refused: {result.refused[:1]}")
    check(bool(result.latencies), "nothing was answered")
    return result


def cpu_spent(bench: Bench) -> float:
    spent = sum(cpu_seconds(bench.site.pid(name)) for name in ("web", "postgres", "redis"))
    check(spent > 0, "the installation used no CPU: something else answered")
    return spent


def commits(bench: Bench) -> int:
    """Transactions committed since PostgreSQL started, as far as it counted them yet."""
    return int(bench.site.sql("select sum(xact_commit) from pg_stat_database")[0][0])
