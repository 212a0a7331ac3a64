"""Which process is this, and is it still the one we started: a pid is used again, a pid with its start time is not."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Owner(NamedTuple):
    """The operating system's user that a process runs as."""

    uid: int
    gid: int


def start_mark(pid: int) -> str | None:
    """What tells this process from a later one of the same pid; None when it does not run (a zombie does not)."""
    return linux_mark(pid) if sys.platform.startswith("linux") else portable_mark(pid)


def linux_mark(pid: int) -> str | None:
    try:
        line = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    state, *rest = line.rpartition(")")[2].split()
    return None if state in "ZX" else f"{BOOT_ID.read_text().strip()} {rest[18]}"


def portable_mark(pid: int) -> str | None:
    run = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, timeout=10)
    state, _, started = run.stdout.strip().partition(" ")
    return started.strip() if started and not state.startswith("Z") else None


def signal_group(pid: int, number: int) -> None:
    """Signal the session that this process leads; one that ended meanwhile is fine."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
        os.killpg(pid, number)


def record_process(path: Path, data: Path, pid: int, stop_signal: int) -> None:
    """Note a child, so that the next start can end it should we die without doing so."""
    note = {"pid": pid, "mark": start_mark(pid), "data": str(data), "signal": stop_signal}
    new = path.with_suffix(".new")
    new.write_text(json.dumps(note))
    new.replace(path)


def end_strays(folder: Path, data: Path, seconds: float = 10) -> list[str]:
    """End the children that an earlier launcher of this data folder left running. Returns their names."""
    ended = [path.stem for path in sorted(folder.glob("*.json")) if end_stray(path, data, seconds)]
    for path in folder.glob("*.json"):
        path.unlink()
    return ended


def end_stray(path: Path, data: Path, seconds: float) -> bool:
    try:
        note = json.loads(path.read_text())
        pid, mark, noted, number = int(note["pid"]), str(note["mark"]), note["data"], int(note["signal"])
    except (ValueError, KeyError, TypeError):
        return False  # half-written by a launcher that was killed: nothing is proven, nothing is ended
    if noted != str(data) or start_mark(pid) != mark:
        return False
    os.kill(pid, number)
    if not wait_gone(pid, mark, seconds):
        signal_group(pid, signal.SIGKILL)
        wait_gone(pid, mark, seconds)
    return True


def wait_gone(pid: int, mark: str, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while start_mark(pid) == mark:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
