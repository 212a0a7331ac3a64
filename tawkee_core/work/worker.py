"""The worker process: RQ's own loop takes the hints, a pool of threads does the work, and a Redis that is away stops
neither."""

import logging
import os
import signal
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import structlog
from flask import Flask
from redis import RedisError
from rq.exceptions import StopRequested
from rq.serializers import JSONSerializer

from ..context import Tawkee
from ..knowledge.train import is_knowledge
from .dispatch import QUEUE, Dispatcher
from .exposition import serve_metrics
from .hints import HintWorker
from .jobs import use_pool
from .pool import Pool

log = structlog.get_logger()


def work(app: Flask) -> None:
    """Work until SIGTERM or SIGINT; then finish what is in flight, or give it back."""
    tawkee: Tawkee = app.extensions["tawkee"]
    arm_signals()
    threading.Thread(target=load_slowly, args=(app,), name="preload", daemon=True).start()
    serve_metrics(tawkee.settings)
    pool = Pool(app, tawkee.settings.worker_threads)
    use_pool(pool)
    dispatcher = Dispatcher(pool)
    dispatcher.start()
    tell_ready()
    log.info("worker_started", worker=pool.name, threads=pool.threads)
    while not HintWorker.stopping:
        take_hints(app, pool)
    pool.stopping.set()
    dispatcher.join(5)
    log.info("worker_draining", in_flight=pool.threads - pool.free)  # from here on it claims nothing
    given_back = pool.stop(tawkee.settings.stop_seconds)
    log.info("worker_stopped", given_back=given_back)
    if pool.free < pool.threads:
        leave_threads()


def tell_ready() -> None:
    """The launcher waits for this file before it says that Tawkee is ready."""
    if path := os.environ.get("TAWKEE_READY_FILE"):
        Path(path).touch()


def load_slowly(app: Flask) -> None:
    """Let plugins load what is slow to load, while the first turns are claimed already; one in need of it waits."""
    tawkee: Tawkee = app.extensions["tawkee"]
    with app.app_context():
        tawkee.plugins.call_all("worker_started", settings=tawkee.settings, trained=is_knowledge())
    log.info("worker_loaded")


def leave_threads() -> NoReturn:
    """End now: threads that wait for a provider would keep the process for as long, and their work is given back."""
    logging.shutdown()
    os._exit(0)


def take_hints(app: Flask, pool: Pool) -> None:
    """RQ's loop, until it ends: because of a signal, or because Redis went away, and then it is tried again soon."""
    logging.getLogger("rq.worker").setLevel(logging.WARNING)
    try:
        worker: Any = HintWorker(
            [QUEUE],
            name=f"{pool.name}-{time.time_ns()}",
            connection=hint_connection(app),
            serializer=JSONSerializer,
            log_job_description=False,
        )
        worker.work(logging_level="WARNING")
    except RedisError as error:
        log.warning("redis_unreachable", error=str(error))
    except StopRequested:
        HintWorker.stopping = True
    if not HintWorker.stopping:
        arm_signals()
        time.sleep(1)


def hint_connection(app: Flask) -> Any:
    from redis import Redis

    return Redis.from_url(app.extensions["tawkee"].settings.redis_url or "redis://127.0.0.1:1/0")


def arm_signals() -> None:
    """While RQ's loop is not running, a signal ends ours."""

    def stop(signum: int, frame: FrameType | None) -> None:
        HintWorker.stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
