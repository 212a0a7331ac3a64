"""What processes cost: CPU time and memory, read from /proc."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def read_stat(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat from the state on; empty when the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def process_tree(pid: int) -> list[int]:
    """A process and all its descendants that run now."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (stat := read_stat(int(entry.name))):
            parents.setdefault(int(stat[1]), []).append(int(entry.name))
    found = [pid]
    for each in found:
        found += parents.get(each, [])
    return found


def cpu_seconds(pid: int) -> float:
    """CPU time of a process, its descendants, and those of them that have ended."""
    return cpu_seconds_of(process_tree(pid))


def cpu_seconds_of(pids: Iterable[int]) -> float:
    """CPU time of these processes, and of their children that have ended."""
    return sum(sum(int(ticks) for ticks in stat[11:15]) for each in pids if (stat := read_stat(each))) / TICK


def cpu_by_name(pids: Mapping[str, int]) -> dict[str, float]:
    return {name: cpu_seconds(pid) for name, pid in pids.items()}


def memory_mb(pids: Iterable[int], kind: str = "Pss") -> float:
    """Memory of processes in MiB: `Rss`, or `Pss`, in which what several share counts once."""
    return sum(read_memory(pid, kind) for pid in pids) / 1024


def read_memory(pid: int, kind: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{kind}:"))


def machine() -> dict[str, str | int]:
    """What the figures were measured on."""
    text = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in text if line.startswith("model name")), "unknown")
    return {"cpus": len(os.sched_getaffinity(0)), "cpu": model, "load_1m": f"{os.getloadavg()[0]:.2f}"}
