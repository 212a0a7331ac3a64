"""Starting a launcher as its user would, and looking at what it left."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from tawkee_core.embedded.keys import load_keys
from tawkee_core.embedded.places import sockets_of
from tawkee_core.embedded.postgres import postgres_url
from tawkee_core.embedded.processes import start_mark

SMALL_UP = Path(__file__).with_name("small_up.py")
WITHOUT_URLS = {name: value for name, value in os.environ.items() if not name.startswith("TAWKEE_")}
NO_URLS: Mapping[str, str] = {}
SECONDS = 60


@dataclass
class Launch:
    """A launcher under way and the lines that it printed until it was ready or ended."""

    process: subprocess.Popen[str]
    data: Path
    port: int
    lines: list[str]

    def child(self, name: str) -> int:
        return int(json.loads((self.data / "run" / f"{name}.json").read_text())["pid"])

    def children(self) -> dict[int, str]:
        """The pids of all children that run now, with the mark that tells them from later ones."""
        notes = [json.loads(path.read_text()) for path in (self.data / "run").glob("*.json")]
        return {note["pid"]: note["mark"] for note in notes}

    def finish(self, number: signal.Signals) -> str:
        """Send the signal, wait for the end, return what it printed since."""
        self.process.send_signal(number)
        return self.process.communicate(timeout=SECONDS)[0]


def heed_signals() -> None:
    """The launcher leaves ignored what its parent ignored, and the suite may itself run in a shell's background."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@contextmanager
def launching(
    command: list[str], data: Path, port: int, user: int | None = None, urls: Mapping[str, str] = NO_URLS
) -> Iterator[Launch]:
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=WITHOUT_URLS | dict(urls),
        cwd="/",
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        preexec_fn=heed_signals,
    )
    assert process.stdout is not None
    lines = []
    with process:
        try:
            for line in process.stdout:
                lines.append(line.rstrip())
                if line.startswith("ready:"):
                    break
            yield Launch(process, data, port, lines)
        finally:
            if process.poll() is None:
                process.terminate()
                process.communicate(timeout=SECONDS)


def small_launch(
    data: Path, port: int, *mode: str, user: int | None = None, urls: Mapping[str, str] = NO_URLS
) -> AbstractContextManager[Launch]:
    return launching([sys.executable, str(SMALL_UP), str(port), str(data), *mode], data, port, user, urls)


def wait_until(holds: Callable[[], bool], seconds: float = SECONDS) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def all_gone(children: dict[int, str]) -> bool:
    return bool(children) and all(start_mark(pid) != mark for pid, mark in children.items())


def run_sql(data: Path, statement: str) -> list[tuple[object, ...]]:
    """Run one statement in the launcher's database and commit it."""
    url = postgres_url(sockets_of(data) / "postgres", load_keys(data, {}).postgres)
    connection = psycopg2.connect(url, connect_timeout=5)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()
