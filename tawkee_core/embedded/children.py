"""One child process: started through the shim, watched, its output kept in a file, ended in order."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from . import processes, shim
from .processes import Owner

TAIL_LINES = 20
LOG_BYTES = 100 * 2**20


class StartError(Exception):
    """Something cannot be started; the text says what, why, and what to do."""


@dataclass(frozen=True)
class Program:
    """What to run and how to end it.

    `env` is the whole environment of the child; `death_signal` is what it gets when the launcher is killed.
    """

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    is_ready: Callable[[], bool] = lambda: True
    prepare: Callable[[], None] = lambda: None
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10
    owner: Owner | None = None


@dataclass
class Child:
    """A program of one data folder, running or not."""

    program: Program
    data: Path
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def log(self) -> Path:
        return self.data / "logs" / f"{self.program.name}.log"

    @property
    def record(self) -> Path:
        return self.data / "run" / f"{self.program.name}.json"

    def start(self, stdout: int | None = None) -> None:
        """Start it, from a thread that outlives it: the child dies with the thread. `wait_ready` awaits its answer."""
        self.program.prepare()
        for folder in (self.log.parent, self.record.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = f"{self.program.owner.uid}:{self.program.owner.gid}" if self.program.owner else "-"
        arguments = [str(int(self.program.death_signal)), str(os.getpid()), owner]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-S", shim.__file__, *arguments, *self.program.command],
                env=dict(self.program.env),
                stdin=subprocess.DEVNULL,
                stdout=log if stdout is None else stdout,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches the launcher alone, which then ends them in order
            )
        processes.record_process(self.record, self.data, self.process.pid, self.program.death_signal)

    def finish(self, seconds: float, go_on: Callable[[], bool]) -> tuple[str, int | None]:
        """Wait for a child started with `stdout=PIPE` to end by itself: what it printed, and its exit code."""
        deadline = time.monotonic() + seconds
        while self.process is not None and go_on() and time.monotonic() < deadline:
            with contextlib.suppress(subprocess.TimeoutExpired):
                printed, _ = self.process.communicate(timeout=0.1)
                code = self.process.returncode
                self.sweep()
                return printed.decode(errors="replace").rstrip(), code
        return "", None

    def is_dead(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def ask_stop(self) -> None:
        if self.process is not None and not self.is_dead():
            self.process.send_signal(self.program.stop_signal)

    def wait_stopped(self, hurry: Callable[[], bool] = lambda: False) -> None:
        """Wait until it is gone, at most its `stop_seconds`, then kill what is left of it."""
        deadline = time.monotonic() + self.program.stop_seconds
        while self.process is not None and not self.is_dead() and time.monotonic() < deadline and not hurry():
            time.sleep(0.02)
        self.sweep()

    @property
    def exit_code(self) -> int | None:
        return self.process.poll() if self.process is not None else None

    def sweep(self) -> None:
        """Kill what is left of its session, reap it, forget it."""
        if self.process is None:
            return
        processes.signal_group(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.process = None
        self.record.unlink(missing_ok=True)

    def tail(self) -> str:
        with contextlib.suppress(FileNotFoundError):
            lines = self.log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
            return "\n".join(f"  {line}" for line in lines)
        return ""


def stop_group(children: Sequence[Child], hurry: Callable[[], bool] = lambda: False) -> None:
    """Ask all of them to stop, then wait for each."""
    for child in children:
        child.ask_stop()
    for child in children:
        child.wait_stopped(hurry)


def turn_logs(data: Path) -> None:
    """Begin new log files; those of the start before are kept as `<name>.log.1`."""
    for path in (data / "logs").glob("*.log"):
        path.replace(path.with_suffix(".log.1"))


def limit_logs(data: Path, most: int = LOG_BYTES) -> None:
    """Keep each log file small: what is in a large one becomes `<name>.log.1`. Its writers go on at the new end, since
    they append; what they write at that very moment may be missing."""
    for path in (data / "logs").glob("*.log"):
        if path.stat().st_size > most:
            shutil.copyfile(path, path.with_suffix(".log.1"))
            os.truncate(path, 0)


def wait_ready(children: Iterable[Child], seconds: float, go_on: Callable[[], bool] = lambda: True) -> None:
    """Wait until every child answers. Raises StartError, with the end of its log, when one dies or is too slow."""
    deadline = time.monotonic() + seconds
    waiting = list(children)
    while waiting and go_on():
        for child in waiting:
            if child.is_dead() or time.monotonic() > deadline:
                what = "stopped" if child.is_dead() else f"did not answer within {seconds:.0f} s"
                raise StartError(f"{child.program.name} {what}. The end of {child.log}:\n{child.tail()}")
        waiting = [child for child in waiting if not child.program.is_ready()]
        time.sleep(0.02)
