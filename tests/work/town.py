"""A whole installation that may be broken at will: servers of its own, real worker processes, real HTTP around them."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from redis import Redis

from tawkee_core.db import run
from tawkee_core.embedded.children import Child, wait_ready
from tawkee_core.embedded.keys import load_keys
from tawkee_core.embedded.servers import open_folder, plan_servers
from tawkee_core.models import new_id
from tawkee_core.testing.echo_channel import SECRET_HEADER
from tawkee_core.testing.running import Company, Running, make_running
from tawkee_core.types import Channel
from tests.work.wire import ENTRY_POINTS, MODEL, PLUGINS, Other, start_other

ROOT = Path(__file__).parents[2]
QUICK = {
    "lease_seconds": 3.0,
    "leader_seconds": 2.0,
    "redispatch_seconds": 1.0,
    "reconcile_seconds": 0.2,
    "stop_seconds": 3.0,
    "worker_threads": 8,
    "blocked_plugins": "litellm,offline,qdrant,webchat,evolution",
    "qdrant_url": "http://127.0.0.1:1",
    "model": MODEL,
    "log_level": "WARNING",
}


@dataclass
class Town:
    """The servers by name, the application in this process, and the workers of their own."""

    children: dict[str, Child]
    environ: dict[str, str]
    running: Running
    other: Other
    log: Path
    workers: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def start_worker(self) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "tawkee_core.cli", "work"], env=self.environ, cwd="/", stdout=log, stderr=log
            )
        self.workers.append(worker)
        self.wait_for(lambda: worker.pid in self.alive())
        return worker

    def alive(self) -> set[int]:
        """The pids of workers that gave a sign of life lately."""
        rows = run("select name from heartbeat where kind = 'worker' and beaten_at > now() - interval '1.5 s'")
        return {int(row.name.rsplit("-", 2)[-2]) for row in rows} - {os.getpid()}

    def leader(self) -> int | None:
        """The pid of the worker that leads."""
        rows = run("select holder from leader where expires_at > now()")
        return int(rows[0].holder.rsplit("-", 2)[-2]) if rows else None

    def restart(self, name: str, number: signal.Signals) -> None:
        """End a server and start it again."""
        self.stop_server(name, number)
        self.start_server(name)

    def stop_server(self, name: str, number: signal.Signals) -> None:
        child = self.children[name]
        assert child.process is not None
        child.process.send_signal(number)
        child.process.wait(30)
        child.sweep()

    def start_server(self, name: str) -> None:
        self.children[name].start()
        wait_ready([self.children[name]], 60)

    def flush_redis(self) -> None:
        with Redis.from_url(self.running.tawkee.settings.redis_url) as client:
            client.flushall()

    def end_workers(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                worker.kill()
                worker.wait(10)
        self.workers.clear()
        for table in ("heartbeat", "leader"):
            run(f"delete from {table}")
        run("update turn set state = 'cancelled' where state in ('collecting', 'running', 'replying')")
        run("update outbound set state = 'cancelled' where state in ('pending', 'sending', 'reconciling')")

    def wait_for(self, holds: Any, seconds: float = 30.0) -> None:
        """Wait for a condition. Raises AssertionError, with what the workers logged, when it does not come true."""
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                turns = run("select state, reason, fence, attempts, recoveries, lease_until > now() as held from turn")
                said = self.log.read_text()[-3000:]
                raise AssertionError(f"it did not come true; the turns: {turns}; the workers said:\n{said}")
            time.sleep(0.02)


@dataclass(frozen=True)
class Street:
    """One channel of the town."""

    town: Town
    company: Company
    channel: Channel

    def say(self, text: str = "oi", sender: str = "ana") -> int:
        """Deliver a customer's message as its provider would; the HTTP status."""
        event = {"type": "message", "id": new_id(), "from": sender, "text": text}
        body = json.dumps({"events": [event], "nonce": new_id()}).encode()
        return self.town.running.post(self.channel, body, {SECRET_HEADER: self.channel.webhook_secret})

    def messages(self) -> list[Any]:
        return [m for m in self.town.running.messages_of(self.channel) if m.direction == "out"]

    def await_statuses(self, *statuses: str, seconds: float = 30.0) -> None:
        self.town.wait_for(lambda: sorted(m.status for m in self.messages()) == sorted(statuses), seconds)

    def turns(self) -> list[Any]:
        sql = "select t.* from turn t join chat c on c.id = t.chat_id where c.channel_id = %s order by t.id"
        return run(sql, (self.channel.id,))


def open_street(town: Town, kind: str = "wire_opaque") -> Street:
    company = town.running.add_company()
    return Street(town, company, town.running.add_channel(company, kind))


@contextmanager
def build_town() -> Iterator[Town]:
    """A town whose PostgreSQL keeps what it was told, also when it is killed."""
    folder = Path(tempfile.mkdtemp(prefix="tawkee-town-"))
    folder.chmod(0o755)
    data = open_folder(folder / "data")
    programs, urls = plan_servers(data, load_keys(data, {}), {"TAWKEE_QDRANT_URL": str(QUICK["qdrant_url"])})
    children = {program.name: Child(program, data) for program in programs}
    other = Other()
    other.reset()
    server = start_other(other)
    try:
        for child in children.values():
            child.start()
        wait_ready(children.values(), 120)
        config = QUICK | {name.removeprefix("TAWKEE_").lower(): url for name, url in urls.items()}
        config |= {"secret_key": Fernet.generate_key().decode(), "keys": Fernet.generate_key().decode()}
        config |= {"data": str(folder / "files"), "worker_threads": 8}
        running = make_running(config, PLUGINS.items())
        environ = {"TAWKEE_" + name.upper(): str(value) for name, value in config.items()}
        environ |= {"PATH": os.defpath, "WIRE_URL": f"http://127.0.0.1:{server.server_port}"}
        environ["PYTHONPATH"] = f"{install_wire(folder)}:{ROOT}"
        town = Town(children, environ, running, other, folder / "workers.log")
        town.log.touch()
        try:
            yield town
        finally:
            other.reset()
            town.end_workers()
            running.close()
    finally:
        server.shutdown()
        server.server_close()
        for child in children.values():
            child.ask_stop()
            child.wait_stopped()
        shutil.rmtree(folder)


def install_wire(folder: Path) -> Path:
    """What pip would leave of the tests' plugins; the folder to put on the path."""
    place = folder / "site"
    info = place / "tawkee_wire-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tawkee-wire\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    return place
