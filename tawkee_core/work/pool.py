"""The threads of one worker process: they hold hundreds of turns while models think. Leases are kept by one heartbeat
for all.

A turn over its time is ended: its thread gets an exception, its lease is kept no longer, and another worker may take
it."""

import ctypes
import os
import secrets
import socket
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import structlog
from flask import Flask
from psycopg2.extras import Json

from .. import metrics
from ..context import Tawkee
from ..conversation.turns import ClaimedTurn, extend_leases, give_back
from ..db import LOST, run
from .kinds import KINDS, Kind

GRACE_SECONDS = 30.0
log = structlog.get_logger()


class WorkTimeout(BaseException):
    """Raised in a thread whose work took longer than a turn may; no `except Exception` holds it up."""


@dataclass
class InFlight:
    """One piece of work in a thread."""

    kind: str
    item: Any
    thread: int = 0
    started: float = 0.0
    ended: bool = False


class Pool:
    """This process's slots: claims what is due, never more than it has threads free for."""

    def __init__(self, app: Flask, threads: int) -> None:
        self.app = app
        self.tawkee: Tawkee = app.extensions["tawkee"]
        self.name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}"
        self.threads = threads
        self.stopping = threading.Event()
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._work: dict[int, InFlight] = {}
        self._reserved = 0  # threads kept for what is being claimed: hints, the dispatcher and ended work claim at once
        self._hungry: set[str] = set()
        self._turned_away = False
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="turn")
        self._beat = threading.Thread(target=self._keep_leases, name="leases", daemon=True)
        self._beat.start()

    @property
    def free(self) -> int:
        return self.threads - len(self._work) - self._reserved

    def drain(self, name: str, count: int) -> int:
        """Claim up to `count` items of a kind and start them; how many. With no thread free, the next one to be free
        looks again."""
        slots = self._reserve(name, count)
        if slots == 0:
            return 0
        items: Sequence[Any] = ()
        try:
            items = self._claim(KINDS[name], slots)
        finally:
            with self._lock:
                self._reserved -= slots - len(items)
        for item in items:
            self._start(KINDS[name], item)
        if len(items) < slots and self._turned_away:
            self._feed()  # whoever asked meanwhile found threads kept in vain
        return len(items)

    def _reserve(self, name: str, count: int) -> int:
        """Keep up to so many threads for a claim; how many."""
        with self._lock:
            free = self.free
            if free < count:
                self._hungry.add(name)
                self._turned_away = self._turned_away or self._reserved > 0
            slots = 0 if self.stopping.is_set() else max(0, min(count, free))
            self._reserved += slots
        return slots

    def drain_all(self) -> int:
        """Look for work of every kind, when nobody else can tell of it."""
        return sum(self.drain(name, self.threads) for name in KINDS)

    def _claim(self, kind: Kind, count: int) -> Sequence[Any]:
        try:
            return kind.claim(self.tawkee, self.name, count)
        except LOST as error:
            log.warning("claim_failed", kind=kind.name, error=str(error).strip().split("\n")[0])
            return []

    def _start(self, kind: Kind, item: Any) -> None:
        flight = InFlight(kind.name, item, started=time.monotonic())
        with self._lock:
            self._work[id(flight)] = flight
            self._reserved -= 1
        self._executor.submit(self._run, kind, flight)

    def _run(self, kind: Kind, flight: InFlight) -> None:
        flight.thread = threading.get_ident()
        try:
            with self.app.app_context():
                kind.do(self.tawkee, flight.item)
        except WorkTimeout:
            log.error("work_timed_out", kind=kind.name, id=getattr(flight.item, "id", None))
        except Exception:  # whatever went wrong, the row's lease ends and it is tried again or shown as dead
            log.exception("work_failed", kind=kind.name, id=getattr(flight.item, "id", None))
        finally:
            with self._lock:
                self._work.pop(id(flight), None)
            self._feed()

    def _feed(self) -> None:
        """After a thread became free, or was kept in vain: take what had to wait for one."""
        if not self._hungry or self.stopping.is_set():
            return
        with self._lock:
            names, self._hungry, self._turned_away = self._hungry, set(), False
        for name in names:
            asked = max(self.free, 1)
            if self.drain(name, asked) >= asked:
                self._hungry.add(name)

    def _turns(self) -> list[ClaimedTurn]:
        with self._lock:
            return [f.item for f in self._work.values() if isinstance(f.item, ClaimedTurn) and not f.ended]

    def _keep_leases(self) -> None:
        """Until all is done or given back, also while the process drains."""
        settings = self.tawkee.settings
        while True:
            try:
                self._end_overdue(settings.turn_seconds + GRACE_SECONDS)
                extend_leases(settings, self.name, [turn.id for turn in self._turns()])
                self._report()
            except LOST as error:
                log.warning("heartbeat_failed", error=str(error).strip().split("\n")[0])
            except Exception:  # a thread that must not die: without it every lease ends
                log.exception("heartbeat_failed")
            if self._ended.wait(settings.lease_seconds / 3):
                return

    def _report(self) -> None:
        run(
            "insert into heartbeat (name, kind, beaten_at, data) values (%s, 'worker', now(), %s)"
            " on conflict (name) do update set beaten_at = now(), data = excluded.data",
            (self.name, Json({"in_flight": len(self._work), "threads": self.threads})),
        )

    def _end_overdue(self, seconds: float) -> None:
        with self._lock:
            overdue = [
                f for f in self._work.values() if not f.ended and f.thread and time.monotonic() - f.started > seconds
            ]
        for flight in overdue:
            flight.ended = True
            metrics.RECOVERIES.labels("timeout").inc()
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(flight.thread), ctypes.py_object(WorkTimeout))

    def stop(self, seconds: float) -> int:
        """Claim no more, let what is in flight finish for so many seconds, give the rest back; how many were given
        back."""
        self.stopping.set()
        deadline = time.monotonic() + seconds
        while self.free < self.threads and time.monotonic() < deadline:
            time.sleep(0.05)
        left = self._turns()
        give_back(left)
        self._ended.set()
        self._beat.join(5)
        try:
            run("delete from heartbeat where name = %s", (self.name,))
        except LOST as error:
            log.warning("farewell_failed", error=str(error).strip().split("\n")[0])
        return len(left)
