"""`tawkee up`: starts what the environment does not name, then Tawkee itself; keeps it running; ends it in order."""

import argparse
import contextlib
import errno
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from . import places
from .children import Child, Program, StartError, limit_logs, stop_group, turn_logs, wait_ready
from .keeper import Keeper
from .keys import STARTED, load_keys, note_started
from .ports import try_listening
from .processes import end_strays
from .programs import Address, Commands, step_program, web_program, work_program
from .servers import PUBLIC, READY_SECONDS, open_folder, plan_servers

POLL_SECONDS = 0.1
STEP_SECONDS = 300
FEW_ARENAS = {"MALLOC_ARENA_MAX": "2"}  # glibc otherwise keeps one heap a thread: 60 MB more in an idle worker


@dataclass
class Launcher:
    """One run of `tawkee up`: its children in groups, and how many signals to stop came."""

    data: Path
    address: Address
    workers: int
    demo: bool
    commands: Commands
    signals: int = 0
    servers: list[Child] = field(default_factory=list)
    steps: list[Child] = field(default_factory=list)
    web: list[Child] = field(default_factory=list)
    working: list[Child] = field(default_factory=list)

    def run(self) -> None:
        """Start everything, keep it until a signal comes, end it. Raises StartError."""
        catch_signals(self)
        for name in end_strays(self.data / "run", self.data):
            say(f"ended {name}, left running by a launcher that was killed")
        check_port(self.address)
        turn_logs(self.data)
        say(f"data in {self.data}, logs in {self.data / 'logs'}")
        try:
            self.start_all()
            self.keep_all()
        finally:
            self.stop_all()

    def is_wanted(self) -> bool:
        return self.signals == 0

    def start_all(self) -> None:
        environment = self.start_servers()
        told = self.finish_step(
            self.start_child(self.steps, step_program("migrate", self.commands.migrate, environment))
        )
        for line in told.splitlines():
            if line.startswith("warning: "):
                say(line)
        say("starting web and workers")
        for number in range(1, self.workers + 1):
            self.start_child(self.working, work_program(self.commands, number, environment))
        self.start_child(self.web, web_program(self.commands, self.address, environment))
        if self.demo:
            say(self.finish_step(self.start_child(self.steps, step_program("demo", self.commands.demo, environment))))
        wait_ready([*self.web, *self.working], READY_SECONDS, self.is_wanted)
        if self.is_wanted():
            say(f"ready: {self.address.url}")

    def start_servers(self) -> dict[str, str]:
        """Start those servers that the environment does not name. Returns the environment of everything else."""
        keys = load_keys(self.data, os.environ)
        note_started(self.data, keys.keys)
        programs, urls = plan_servers(self.data, keys, os.environ)
        if programs:
            say(f"starting {', '.join(program.name for program in programs)}")
        for program in programs:
            self.start_child(self.servers, program)
        wait_ready(self.servers, READY_SECONDS, self.is_wanted)
        own = {
            "TAWKEE_DATA": str(self.data),
            "TAWKEE_SECRET_KEY": keys.secret_key,
            "TAWKEE_KEYS": keys.keys,
            "PROMETHEUS_MULTIPROC_DIR": str(places.empty_folder(self.data / "metrics")),
        }
        environment = {"TAWKEE_PUBLIC_URL": self.address.url, **FEW_ARENAS} | os.environ | urls | own
        (self.data / PUBLIC).write_text(environment["TAWKEE_PUBLIC_URL"])
        return environment

    def start_child(self, group: list[Child], program: Program) -> Child:
        child = Child(program, self.data)
        group.append(child)
        if self.is_wanted():
            child.start(stdout=subprocess.PIPE if group is self.steps else None)
        return child

    def finish_step(self, step: Child) -> str:
        """Wait for a step's end and return what it printed. Raises StartError when it failed."""
        printed, code = step.finish(STEP_SECONDS, self.is_wanted)
        if code != 0 and self.is_wanted():
            raise StartError(f"`tawkee {step.program.name}` failed. The end of {step.log}:\n{step.tail()}\n{printed}")
        return printed

    def keep_all(self) -> None:
        keepers = [Keeper(child, say) for child in (*self.servers, *self.web, *self.working)]
        while self.is_wanted():
            for keeper in keepers:
                keeper.tend()
            limit_logs(self.data)
            time.sleep(POLL_SECONDS)

    def stop_all(self) -> None:
        """End web first, the workers when their replies are written, then the servers. Another signal hurries."""
        say("stopping; replies under way are finished first, Ctrl-C ends them at once")
        asked = self.signals
        for group in (self.steps, self.web, self.working):
            stop_group(group, hurry=lambda: self.signals > asked)
        stop_group(self.servers)
        places.remove_sockets(self.data)
        for note in (STARTED, PUBLIC):
            (self.data / note).unlink(missing_ok=True)
        say("stopped")


def up(
    port: int = 8000,
    host: str = "127.0.0.1",
    data: Path = Path(".tawkee"),
    demo: bool = False,
    workers: int = 1,
    commands: Commands | None = None,
) -> int:
    """Run Tawkee until a signal ends it. Returns the exit code; what went wrong is printed."""
    try:
        folder = open_folder(data)
        with hold_folder(folder):
            Launcher(folder, Address(host, port), workers, demo, commands or Commands()).run()
    except (StartError, OSError) as error:
        print(f"tawkee: {error}", file=sys.stderr, flush=True)
        return 1
    return 0


@contextlib.contextmanager
def hold_folder(data: Path) -> Iterator[None]:
    """Be the only launcher of this folder; the lock goes with the process, however it ends. Raises StartError."""
    with (data / "launcher.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise StartError(
                f"Tawkee already runs on {data} (process {file.read().strip()}). "
                f"Stop it, or start another copy with --data and --port of its own."
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def check_port(address: Address) -> None:
    if not 0 < address.port < 65536:
        raise StartError(f"{address.port} is no port; they go from 1 to 65535.")
    error = try_listening(address.host, address.port)
    if error is not None and error.errno == errno.EADDRINUSE:
        raise StartError(f"Port {address.port} is busy on {address.host}. Choose another with --port.")
    if error is not None:
        raise StartError(f"Cannot listen on {address.bind}: {error.strerror}.")


def catch_signals(launcher: Launcher) -> None:
    """Count what asks us to stop; SIGHUP and SIGINT stay ignored where our parent ignored them (nohup)."""

    def count(number: int, frame: object) -> None:
        launcher.signals += 1

    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if each == signal.SIGTERM or signal.getsignal(each) != signal.SIG_IGN:
            signal.signal(each, count)


def say(text: str) -> None:
    """Print to whoever watches; nobody watching any more is no reason to stop."""
    try:
        print(text, flush=True)
    except OSError:
        sys.stdout = open(os.devnull, "w")


def main() -> int:
    parser = argparse.ArgumentParser(prog="tawkee up", description="Run Tawkee and the servers it needs.")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("TAWKEE_DATA") or ".tawkee"))
    parser.add_argument("--demo", action="store_true", help="with a small shop's agent to chat with")
    parser.add_argument("--workers", type=int, default=1, help="worker processes")
    return up(**vars(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
