"""What one turn costs: statements, commits, round trips to Redis, and CPU time by process.

PostgreSQL counts its statements by pg_stat_statements, which costs a little itself: this scenario has an installation
of its own, and its rates are not told."""

from collections import Counter
from pathlib import Path

import redis

from tawkee_core.embedded.servers import open_folder, start_servers

from .bench import Bench, Plan, running_bench
from .figures import Figure, Rounds, check
from .processes import cpu_by_name
from .provider import Provider
from .site import run_sql
from .turns import INSTANT
from .webhooks import commits

COUNT = "alter system set shared_preload_libraries = 'pg_stat_statements'"
STATEMENTS = """
select coalesce(sum(calls), 0)::int from pg_stat_statements
where toplevel and query !~* '^(begin|start|commit|rollback|set|reset|deallocate)' and query not like '%pg_stat_%'
"""
CHATS = (1, 20)
WORTH_TELLING = 0.05  # calls a reply


def measure(folder: Path, plan: Plan, provider: Provider) -> list[Figure]:
    with start_servers(open_folder(folder), fast=False) as urls:
        run_sql(urls["TAWKEE_DATABASE_URL"], COUNT)
    with running_bench(folder, plan, provider) as bench:
        bench.site.sql("create extension pg_stat_statements")
        return [figure for chats in CHATS for figure in count_crowd(bench, chats)]


def count_crowd(bench: Bench, chats: int) -> list[Figure]:
    rounds, names = Rounds(), set[str]()
    for _ in range(bench.plan.rounds):
        values = count_once(bench, chats)
        names |= set(values)
        rounds.note(**{name: values[name] for name in values})
    return [
        rounds.figure(name, f"{name} a reply, {chats} chats", "ms" if "CPU" in name else "count")
        for name in sorted(names)
    ]


def count_once(bench: Bench, chats: int) -> dict[str, float]:
    """One crowd of an instant model; what was counted while it talked, a reply."""
    before, spent, called = commits(bench), cpu_by_name(bench.site.pids()), redis_calls(bench)
    bench.site.sql("select pg_stat_statements_reset()")
    crowd = bench.crowd(INSTANT, chats)
    statements = int(bench.site.sql(STATEMENTS)[0][0])
    check(statements > 0, "PostgreSQL counted no statements")
    cpu = {f"CPU {name}": 1000 * (after - spent[name]) for name, after in cpu_by_name(bench.site.pids()).items()}
    calls = redis_calls(bench) - called
    totals: dict[str, float] = {"statements": statements, "commits": commits(bench) - before}
    totals |= {"Redis commands": calls.total()} | {f"Redis {name}": count for name, count in calls.items()} | cpu
    return {name: total / crowd.asked for name, total in totals.items() if total / crowd.asked >= WORTH_TELLING}


def redis_calls(bench: Bench) -> Counter[str]:
    """How often each command was called since Redis started."""
    with redis.Redis.from_url(bench.site.environment["TAWKEE_REDIS_URL"]) as server:
        told = server.info("commandstats")
    return Counter({name.removeprefix("cmdstat_"): int(stats["calls"]) for name, stats in told.items()})
