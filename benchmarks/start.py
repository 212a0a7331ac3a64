"""`tawkee up` on data that is there: how long until it answers, and what it holds when nobody writes."""

import asyncio
import http.client
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tawkee_core.embedded.ports import free_port
from tawkee_core.embedded.programs import CLI

from .bench import Bench
from .figures import BenchError, Figure, Rounds, check
from .payload import message_body, new_prefix, phone_of
from .processes import memory_mb, process_tree
from .site import ROOT, running_model

OURS = ("web", "worker-1", "vectors")
SERVERS = ("postgres", "redis")
SECONDS = 60.0
IDLE_SECONDS = 3.0
STOP_SECONDS = 150.0  # the launcher gives a worker 60, then the servers theirs


def measure(bench: Bench) -> list[Figure]:
    """The servers of the site have ended; the launcher starts its own on their data."""
    rounds = Rounds()
    with running_model(bench.site):
        for number in range(bench.plan.starts):
            measure_start(bench, 99_000_000 + number, rounds)
    return [
        rounds.figure("seconds", "`tawkee up` on existing data, to its first reply", "s", 6, "most"),
        rounds.figure("pss", "Tawkee's processes, idle (PSS)", "MiB", 600, "most"),
        rounds.figure("rss", "Tawkee's processes, idle (RSS, what is shared counted each time)", "MiB"),
        *(rounds.figure(name, f"idle: {name} (PSS)", "MiB") for name in ("launcher", *OURS, *SERVERS)),
    ]


def measure_start(bench: Bench, number: int, rounds: Rounds) -> None:
    site, phone, port = bench.site, phone_of(number), free_port()
    expected = asyncio.run_coroutine_threadsafe(awaited(bench, phone), bench.provider.loop)
    began = time.perf_counter()
    with launched(bench, port) as launcher:
        deliver(port, site.doors["gpt-4o-mini"].path, site.doors["gpt-4o-mini"].token, phone)
        try:
            rounds.note(seconds=expected.result(SECONDS) - began)
        except TimeoutError as late:
            raise BenchError(f"no reply after the start:\n{(site.data / 'up.log').read_text()[-2000:]}") from late
        time.sleep(IDLE_SECONDS)
        pids = {"launcher": [launcher], **{name: process_tree(site.pid(name)) for name in (*OURS, *SERVERS)}}
        tawkee = [pid for name in ("launcher", *OURS) for pid in pids[name]]
        rounds.note(pss=memory_mb(tawkee), rss=memory_mb(tawkee, "Rss"))
        rounds.note(**{name: memory_mb(group) for name, group in pids.items()})


async def awaited(bench: Bench, phone: str) -> float:
    return await asyncio.wait_for(bench.provider.expect(phone), SECONDS)


@contextmanager
def launched(bench: Bench, port: int) -> Iterator[int]:
    """`tawkee up` with the site's model and keys but servers of its own; its pid."""
    site = bench.site
    kept = {name: value for name, value in site.environment.items() if not name.startswith("TAWKEE_")}
    environment = kept | {"TAWKEE_PRIVATE_HOSTS": site.environment["TAWKEE_PRIVATE_HOSTS"]}
    environment.pop("PROMETHEUS_MULTIPROC_DIR")
    command = [*CLI, "up", "--port", str(port), "--data", str(site.data)]
    log = (site.data / "up.log").open("ab")
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=log, stderr=log)
    try:
        yield process.pid
        check(process.poll() is None, "`tawkee up` ended by itself")
    finally:
        log.close()
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired as late:
            process.kill()
            raise BenchError(f"`tawkee up` did not stop within {STOP_SECONDS:.0f} s") from late


def deliver(port: int, path: str, token: str, phone: str) -> None:
    """Post a webhook as a provider would: until it is taken."""
    body = message_body(phone, new_prefix(), "Oi, vocês abrem hoje?")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("POST", path, body, headers)
            if connection.getresponse().status == 200:
                return
        except (OSError, http.client.HTTPException):
            time.sleep(0.02)
        finally:
            connection.close()
    check(False, "`tawkee up` takes no webhook")
