"""What is looked at again and again while the load goes on: processes, PostgreSQL, Redis, files, as numbers by name."""

import os
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from redis import Redis

from ..processes import TICK, cpu_seconds, process_tree, read_stat
from ..site import Site

PEAKS = ("connections/stuck", "dead/")  # of these a window keeps the most, of all others the median
STUCK_SECONDS = 5
MEMORY = {"Rss": "rss", "Pss": "pss", "Pss_Anon": "anon", "Pss_File": "file", "Pss_Shmem": "shared"}
CONNECTIONS = f"""
select coalesce(state, 'background') as state, count(*), count(*) filter (where state like 'idle in transaction%%' and
    now() - state_change > interval '{STUCK_SECONDS} s')
from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid() group by 1
"""
TABLES = """
select relname, n_live_tup, n_dead_tup, pg_total_relation_size(relid), autovacuum_count from pg_stat_user_tables
"""
SERVER = """
select (select count(*) from pg_ls_waldir()), (select coalesce(sum(size), 0) from pg_ls_waldir()),
    (select wal_bytes::float from pg_stat_wal), temp_files, temp_bytes, deadlocks, xact_rollback,
    (select count(*) from pg_prepared_xacts)
from pg_stat_database where datname = current_database()
"""
SERVER_NAMES = (
    "wal/files",
    "wal/bytes",
    "wal/written",
    "temp/files",
    "temp/bytes",
    "deadlocks",
    "rollbacks",
    "prepared",
)
REGISTRIES = ("wip", "finished", "failed", "deferred", "scheduled", "canceled")


def observe(site: Site) -> dict[str, float]:
    """One look at everything."""
    return {
        **{f"{what}/{role}": value for role, pids in roles_of(site).items() for what, value in costs_of(pids).items()},
        **look_database(site),
        **look_redis(site),
        **look_files(site.data),
        "scrape/bytes": float(len(urlopen(f"http://127.0.0.1:{site.port}/metrics", timeout=30).read())),
    }


def roles_of(site: Site) -> dict[str, list[int]]:
    pids = site.pids() | {"qdrant": site.pid("vectors")}
    return {name.partition("-")[0]: [] for name in pids} | {
        role: [each for name, pid in pids.items() if name.partition("-")[0] == role for each in process_tree(pid)]
        for role in {name.partition("-")[0] for name in pids}
    }


def spent_cpu(site: Site) -> dict[str, float]:
    """CPU seconds until now: of each role, and of everybody on this machine who is not of this run."""
    named = site.pids() | {"qdrant": site.pid("vectors")}
    spent: dict[str, float] = dict.fromkeys((f"cpu/{name.partition('-')[0]}" for name in named), 0.0)
    for name, pid in named.items():
        spent[f"cpu/{name.partition('-')[0]}"] += cpu_seconds(pid)
    user, nice, system, _, _, irq, soft = map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:8])
    return spent | {"cpu/others": (user + nice + system + irq + soft) / TICK - cpu_seconds(os.getpid())}


def costs_of(pids: list[int]) -> dict[str, float]:
    """Memory in MiB, file descriptors, threads and processes of a role."""
    found = [describe_process(pid) for pid in pids]
    whole = [each for each in found if each]
    return {what: sum(each[what] for each in whole) for what in (*MEMORY.values(), "fds", "threads", "processes")}


def describe_process(pid: int) -> dict[str, float]:
    """Empty when it is gone."""
    stat = read_stat(pid)
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        fds = len(os.listdir(f"/proc/{pid}/fd"))
    except (FileNotFoundError, ProcessLookupError):
        return {}
    sizes = {name: float(rest.split()[0]) / 1024 for name, _, rest in (line.partition(":") for line in lines[1:])}
    memory = {what: sizes.get(name, 0.0) for name, what in MEMORY.items()}
    return memory | {"fds": float(fds), "threads": float(stat[17] if stat else 0), "processes": 1.0}


def look_database(site: Site) -> dict[str, float]:
    seen = {"connections/idle": 0.0, "connections/idle in transaction": 0.0, "connections/stuck": 0.0}
    for state, count, stuck in site.sql(CONNECTIONS):
        seen |= {f"connections/{state}": float(count), "connections/stuck": seen["connections/stuck"] + stuck}
    seen["connections"] = sum(value for name, value in seen.items() if name != "connections/stuck")
    for table, live, dead, size, vacuums in site.sql(TABLES):
        seen |= {f"live/{table}": live, f"dead/{table}": dead, f"size/{table}": size, f"vacuums/{table}": vacuums}
    return seen | dict(zip(SERVER_NAMES, map(float, site.sql(SERVER)[0]), strict=True))


def look_redis(site: Site) -> dict[str, float]:
    client: Any = Redis.from_url(site.environment["TAWKEE_REDIS_URL"])
    with client:
        info = client.info()
        keys = [key.decode() for key in client.scan_iter(count=1000)]
        kinds = Counter(":".join(key.split(":")[:2]) for key in keys)
        return {
            "redis/memory": info["used_memory"] / 2**20,
            "redis/clients": float(info["connected_clients"]),
            "redis/keys": float(len(keys)),
            "redis/queue": float(client.llen("rq:queue:tawkee")),
            **{f"redis/keys/{kind}": float(number) for kind, number in kinds.items()},
            **{f"registry/{name}": float(client.zcard(f"rq:{name}:tawkee")) for name in REGISTRIES},
        }


def look_files(data: Path) -> dict[str, float]:
    """Files and bytes in each folder of the data folder."""
    seen: dict[str, float] = {}
    for folder in (each for each in data.iterdir() if each.is_dir()):
        sizes = [size for path in folder.resolve().rglob("*") if (size := size_of(path)) is not None]
        seen |= {f"files/{folder.name}": float(len(sizes)), f"bytes/{folder.name}": float(sum(sizes))}
    return seen


def size_of(path: Path) -> int | None:
    """None for what is no file, or not any more."""
    try:
        return path.stat().st_size if path.is_file() else None
    except FileNotFoundError:
        return None


def merge_looks(looks: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """A window's looks as one: medians, and of what must never be, the most."""
    names = {name: None for look in looks for name in look}
    return {
        name: (max if name.startswith(PEAKS) else statistics.median)([look.get(name, 0.0) for look in looks])
        for name in names
    }


def list_processes(site: Site) -> list[dict[str, Any]]:
    """Every process by itself, for the document."""
    return [
        {"role": role, "pid": pid} | {what: round(value, 1) for what, value in found.items() if what != "processes"}
        for role, pids in roles_of(site).items()
        for pid in pids
        if (found := describe_process(pid))
    ]
