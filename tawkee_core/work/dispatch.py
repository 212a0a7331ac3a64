"""The dispatcher: a thread in every worker process, of which one leads. It finds what is due, begins its own
process's share of it, and tells the other workers of theirs through RQ.

It is woken by the doorbell, and looks by itself a few times a second. Without Redis every worker takes due work
directly."""

import threading
import time
from collections import Counter
from typing import Any

import structlog
from redis import Redis, RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from ..db import LOST
from ..doorbell import BELL, connect_redis
from ..settings import Settings
from .kinds import find_due
from .leader import Leadership
from .pool import Pool
from .share import Share
from .sweeps import all_sweeps, run_sweeps

QUEUE = "tawkee"
JOB = "tawkee_core.work.jobs.drain"
REDIS_SECONDS = 2.0
ROUND_SECONDS = 0.02
LEFT_SECONDS = 1.0  # other workers that hear of something take it within milliseconds
log = structlog.get_logger()


def redis_for_work(settings: Settings) -> Redis:
    """A client for queue and bell: patient, unlike the web's."""
    return connect_redis(settings, REDIS_SECONDS)


class Dispatcher(threading.Thread):
    """Finds due work for a pool's process, and for all of them while it leads."""

    def __init__(self, pool: Pool) -> None:
        super().__init__(name="dispatcher", daemon=True)
        self.pool = pool
        self.settings = pool.tawkee.settings
        self.leadership = Leadership("dispatcher", pool.name, self.settings.leader_seconds)
        self.sweeps = all_sweeps()
        self.share = Share(self.settings.lease_seconds)
        self._told: dict[tuple[str, Any], float] = {}
        self._bell: Any = None

    def run(self) -> None:
        with self.pool.app.app_context():
            self._dispatch_until_stopped()
        self.leave()

    def _dispatch_until_stopped(self) -> None:
        while not self.pool.stopping.is_set():
            try:
                self.dispatch()
            except LOST as error:
                log.warning("dispatch_waits", error=str(error).strip().split("\n")[0])
                time.sleep(0.5)
            except RedisError as error:
                log.warning("dispatching_directly", error=str(error))
                self._bell = None
            except Exception:  # the one thread that must not die
                log.exception("dispatch_failed")
                time.sleep(1)

    def dispatch(self) -> None:
        """One round: tell what is due when leading, take it directly while Redis is away, then wait for the bell.
        Rounds are at least 20 ms apart, so that under load one hint stands for several turns."""
        began = time.monotonic()
        leads = self.leadership.held()
        if leads:
            run_sweeps(self.sweeps)
        if self._bell is None and not self._listen():
            self.pool.drain_all()
            time.sleep(self.settings.poll_seconds)
            return
        if leads:
            self.tell_due()
        self._wait()
        time.sleep(max(0.0, began + ROUND_SECONDS - time.monotonic()))
        while self._bell.get_message(timeout=0) is not None:
            continue

    def _listen(self) -> bool:
        try:
            client: Any = redis_for_work(self.settings)
            bell = client.pubsub(ignore_subscribe_messages=True)
            bell.subscribe(BELL)
        except RedisError:
            return False
        self._bell = bell
        return True

    def _wait(self) -> None:
        """Until the bell rings or it is time to look again; many rings are one."""
        deadline = time.monotonic() + self.settings.poll_seconds
        while (left := deadline - time.monotonic()) > 0:
            if self._bell.get_message(timeout=left) is not None:
                break

    def tell_due(self) -> None:
        """Hand out what is due and was not handed out lately, and take what was and is left: a claim takes the oldest,
        which may be one that nobody saw yet, in place of one that was seen."""
        moment = time.monotonic()
        horizon = moment - self.settings.redispatch_seconds
        due = find_due()
        late = moment - (LEFT_SECONDS if self.share.workers > 1 else 0.0)
        left = Counter(row.kind for row in due if self._told.get((row.id, row.since), moment) < late)
        self._told = {told: at for told, at in self._told.items() if at > horizon}
        fresh = [row for row in due if (row.id, row.since) not in self._told]
        for kind, count in Counter(row.kind for row in fresh).items():
            self.hand_out(kind, count)
        self._told |= dict.fromkeys(((row.id, row.since) for row in fresh), time.monotonic())
        for kind, count in left.items():
            self.pool.drain(kind, count)

    def hand_out(self, kind: str, count: int) -> None:
        """Begin this process's share at once; the other workers are told of theirs, which is a way through Redis."""
        own = self.share.take(count, self.pool.free)
        if own:
            self.pool.drain(kind, own)
        if count > own:
            queue = Queue(QUEUE, connection=redis_for_work(self.settings), serializer=JSONSerializer)
            queue.enqueue(JOB, kind, count - own, job_timeout=60, result_ttl=0, failure_ttl=60, ttl=30)

    def leave(self) -> None:
        try:
            self.leadership.resign()
        except LOST as error:
            log.warning("resign_failed", error=str(error).strip().split("\n")[0])
