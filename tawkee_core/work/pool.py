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
from ..errors import Unavailable
from .kinds import KINDS, Kind

GRACE_SECONDS = 30.0
SEND_SECONDS = 15.0  # a chat's row of sends, and the call that it is in
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


def end_thread(ident: int) -> None:
    """Raise WorkTimeout in another thread, as soon as it runs Python again."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), ctypes.py_object(WorkTimeout))


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
        self._start_threads()
        self._beat = threading.Thread(target=self._keep_leases, name="leases", daemon=True)
        self._beat.start()

    def _start_threads(self) -> None:
        """All of them now: what is claimed must not wait for a thread that the machine does not give."""
        ready = threading.Event()
        try:
            for _ in range(self.threads):
                self._executor.submit(ready.wait)
        except RuntimeError as error:
            self._executor.shutdown(wait=False)
            reason = (
                f"This machine gives no {self.threads} threads: set TAWKEE_WORKER_THREADS lower, or its limit higher."
            )
            raise Unavailable(reason) from error
        finally:
            ready.set()

    @property
    def free(self) -> int:
        return self.threads - len(self._work) - self._reserved

    @property
    def idle(self) -> bool:
        """Whether no thread is at work, and none will look for more by itself."""
        with self._lock:
            return self.free == self.threads and not self._hungry

    def drain(self, name: str, count: int) -> int:
        """Claim up to `count` items of a kind and start them; how many. With no thread free, the next one to be free
        looks again."""
        started, vain = self._take(name, count)
        if vain and self._turned_away:
            self._feed()  # whoever asked meanwhile found threads kept in vain
        return started

    def _take(self, name: str, count: int, returning: bool = False) -> tuple[int, bool]:
        """How many items of a kind were claimed and started, and whether more threads were kept than they need."""
        slots = self._reserve(name, count, returning)
        if slots == 0:
            return 0, False
        items: Sequence[Any] = ()
        try:
            items = self._claim(KINDS[name], slots)
        finally:
            with self._lock:
                self._reserved -= slots - len(items)
        for item in items:
            self._start(KINDS[name], item)
        return len(items), len(items) < slots

    def _reserve(self, name: str, count: int, returning: bool) -> int:
        """Keep up to so many threads for a claim; how many. Who is `returning` by itself needs not be served later."""
        with self._lock:
            free = self.free
            if free < count:
                self._hungry.add(name)
                self._turned_away = self._turned_away or (self._reserved > 0 and not returning)
            slots = 0 if self.stopping.is_set() else max(0, min(count, free))
            self._reserved += slots
        return slots

    def drain_all(self) -> int:
        """Look for work of every kind, when nobody else can tell of it; to be done again and again."""
        with self._lock:
            self._hungry.clear()  # this is the looking that they waited for; who finds no thread is added again
        return sum(self._take(name, self.threads, returning=True)[0] for name in KINDS)

    def _claim(self, kind: Kind, count: int) -> Sequence[Any]:
        try:
            return kind.claim(self.tawkee, self.name, count)
        except LOST as error:
            log.warning("claim_failed", kind=kind.name, error=str(error).strip().split("\n")[0])
        except Exception:  # a fault of one kind must not keep the others from their threads
            log.exception("claim_failed", kind=kind.name)
        return []

    def _start(self, kind: Kind, item: Any) -> None:
        flight = InFlight(kind.name, item, started=time.monotonic())
        with self._lock:
            self._work[id(flight)] = flight
            self._reserved -= 1
        self._executor.submit(self._run, kind, flight)

    def _run(self, kind: Kind, flight: InFlight) -> None:
        try:
            self._do(kind, flight)
        except WorkTimeout:
            log.error("work_timed_out", kind=kind.name, id=getattr(flight.item, "id", None))
        except Exception:  # whatever went wrong, the row's lease ends and it is tried again or shown as dead
            log.exception("work_failed", kind=kind.name, id=getattr(flight.item, "id", None))
        finally:
            with self._lock:
                self._work.pop(id(flight), None)
            self._feed()

    def _do(self, kind: Kind, flight: InFlight) -> None:
        flight.thread = threading.get_ident()
        try:
            with self.app.app_context():
                kind.do(self.tawkee, flight.item)
        finally:
            with self._lock:
                flight.thread = 0  # who found it over its time at this moment must not end what the thread does next

    def _feed(self) -> None:
        """After a thread became free, or was kept in vain: take what had to wait for one."""
        again = True
        while again and self._hungry and not self.stopping.is_set():
            with self._lock:
                names, self._hungry, self._turned_away = self._hungry, set(), False
            again = any([self._take_more(name) for name in names])  # a list: each of them takes

    def _take_more(self, name: str) -> bool:
        """Whether to look again: for more of this kind, or for who found threads kept here in vain."""
        asked = max(self.free, 1)
        started, vain = self._take(name, asked)
        if started >= asked:  # with no thread free by now, looking again leaves it to whoever is free next
            with self._lock:
                self._hungry.add(name)
            return True
        return vain and self._turned_away

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
            for flight in self._work.values():
                if not flight.ended and flight.thread and time.monotonic() - flight.started > seconds:
                    flight.ended = True
                    metrics.RECOVERIES.labels("timeout").inc()
                    end_thread(flight.thread)

    def stop(self, seconds: float) -> int:
        """Claim no more, and let what is in flight finish for so many seconds. Towards their end the turns that still
        think are given back, so that none of them begins to send as the process ends; how many were."""
        self.stopping.set()
        deadline = time.monotonic() + seconds
        self._rest(deadline - min(SEND_SECONDS, seconds / 2))
        thinking = give_back(self._turns())
        self._rest(deadline, thinking)
        self._ended.set()
        self._beat.join(5)
        try:
            run("delete from heartbeat where name = %s", (self.name,))
        except LOST as error:
            log.warning("farewell_failed", error=str(error).strip().split("\n")[0])
        return len(thinking)

    def _rest(self, deadline: float, but: Sequence[ClaimedTurn] = ()) -> None:
        """Wait until nothing is in flight but these turns, whose answers are dropped."""
        dropped = {turn.id for turn in but}
        while time.monotonic() < deadline and self._holds_others(dropped):
            time.sleep(0.05)

    def _holds_others(self, dropped: set[str]) -> bool:
        with self._lock:
            return any(getattr(flight.item, "id", None) not in dropped for flight in self._work.values())
