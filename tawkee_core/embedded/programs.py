"""Tawkee's own processes, as the launcher runs them."""

import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .children import Program
from .ports import answers_ok

DRAIN_SECONDS = 60
# glibc gives each of hundreds of threads an arena of its own, and none of them gives back what it once held
ALLOCATION = {"MALLOC_ARENA_MAX": "2"}
CLI = (sys.executable, "-m", "tawkee_core.cli")
GUNICORN = (sys.executable, "-m", "gunicorn", "--config", "python:tawkee_core.embedded.gunicorn_conf")


@dataclass(frozen=True)
class Commands:
    """What is run beside the servers; `web` gets `--bind` and an address behind it."""

    migrate: Sequence[str] = (*CLI, "migrate")
    demo: Sequence[str] = (*CLI, "demo", "--wait", "30")
    work: Sequence[str] = (*CLI, "work")
    web: Sequence[str] = (*GUNICORN, "tawkee_core.app:create_app()")


@dataclass(frozen=True)
class Address:
    """Where the web processes listen."""

    host: str
    port: int

    @property
    def bind(self) -> str:
        return f"{bracketed(self.host)}:{self.port}"

    @property
    def local_host(self) -> str:
        """The name under which this machine itself reaches `host`."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(self.host, self.host)

    @property
    def url(self) -> str:
        return f"http://{bracketed(self.local_host)}:{self.port}"


def bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def web_program(commands: Commands, address: Address, environment: Mapping[str, str]) -> Program:
    return Program(
        name="web",
        command=[*commands.web, "--bind", address.bind],
        env=environment,
        is_ready=lambda: answers_ok(address.local_host, address.port, "/readyz"),
        death_signal=signal.SIGKILL,
        stop_seconds=30,
    )


def work_program(commands: Commands, number: int, environment: Mapping[str, str]) -> Program:
    """A worker; it makes a file beside its log when it takes work."""
    name = f"worker-{number}"
    ready = Path(environment["TAWKEE_DATA"], "logs", f"{name}.ready")
    return Program(
        name=name,
        command=commands.work,
        env={**ALLOCATION, **environment, "TAWKEE_READY_FILE": str(ready)},
        is_ready=ready.exists,
        prepare=lambda: ready.unlink(missing_ok=True),
        death_signal=signal.SIGKILL,
        stop_seconds=DRAIN_SECONDS,
    )


def step_program(name: str, command: Sequence[str], environment: Mapping[str, str]) -> Program:
    """A command of ours that does one thing and ends."""
    return Program(name=name, command=command, env=environment, death_signal=signal.SIGKILL)
