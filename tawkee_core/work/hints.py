"""RQ's worker, in whose process the threads live. A hint may be lost, so RQ's book-keeping, which keeps jobs from that,
is left out: it costs a third of the CPU of a turn."""

import time
from types import FrameType
from typing import Any

import structlog
from rq import Queue, SimpleWorker
from rq.job import Job
from rq.timeouts import BaseDeathPenalty
from rq.worker import WorkerStatus

BEAT_SECONDS = 15.0
log = structlog.get_logger()


class NoDeathPenalty(BaseDeathPenalty):
    """A hint takes milliseconds; the work it starts has its own watch (`Pool`)."""

    def setup_death_penalty(self) -> None:
        """Nothing to arm."""

    def cancel_death_penalty(self) -> None:
        """Nothing to disarm."""


class HintWorker(SimpleWorker):
    """Takes hints and forgets them. It is listed, suspended and stopped as any worker of RQ's."""

    death_penalty_class = NoDeathPenalty
    max_connection_wait_time = 1.0  # RQ's own minute would leave hints lying after Redis is back
    stopping = False
    _beaten = _asked = 0.0

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        HintWorker.stopping = True
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]  # rq's own gap

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Do what the hint says and delete it. One that fails is told again by the dispatcher."""
        self._state = WorkerStatus.BUSY  # a signal waits for the end of this, and does not leave what is claimed behind
        try:
            job.perform()
        except Exception:  # the loop goes on, whatever a hint brought
            log.exception("hint_failed", job_id=job.id)
        finally:
            self._state = WorkerStatus.IDLE
        with self.connection.pipeline() as pipeline:
            pipeline.lrem(queue.intermediate_queue_key, 1, job.id)
            pipeline.delete(job.key)
            pipeline.execute()

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """Three commands; RQ sends them three times a job."""
        if pipeline is not None or time.monotonic() > self._beaten + BEAT_SECONDS:
            self._beaten = time.monotonic()
            super().heartbeat(timeout, pipeline)

    def set_state(self, state: str, pipeline: Any = None) -> None:
        if pipeline is not None or state != self._state:
            super().set_state(state, pipeline)

    def check_for_suspension(self, burst: bool) -> None:
        """`rq suspend` is heard within a second."""
        if time.monotonic() > self._asked + 1.0:
            self._asked = time.monotonic()
            super().check_for_suspension(burst)
