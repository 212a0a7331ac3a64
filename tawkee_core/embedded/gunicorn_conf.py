"""How gunicorn serves Tawkee; `gunicorn.conf.py` of the checkout takes it from here."""

import os
import shutil
import signal
import tempfile
from typing import Any

from tawkee_core.embedded import shim

worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 8
worker_connections = 4000  # the default of 1000 lets 1000 idle event streams keep every webhook waiting
limit_request_field_size = 32 * 1024  # an oversized token is answered by the application, in its one shape
limit_request_line = 8190  # what browsers and proxies take, too
forwarder_headers = ""  # a caller's SCRIPT_NAME would lead past what a proxy on this machine closes, /metrics say
graceful_timeout = 20
timeout = 60
preload_app = False
control_socket_disable = True  # its default path is one per user: two installations would take it from each other


# where the processes add up what they count; it has to be there before any of them counts
METRICS = "PROMETHEUS_MULTIPROC_DIR"
own_metrics = "" if os.environ.get(METRICS) else tempfile.mkdtemp(prefix="tawkee-metrics-")
os.environ[METRICS] = os.environ.get(METRICS) or own_metrics


def post_fork(server: Any, worker: Any) -> None:
    """A killed gunicorn takes its workers with it, so that the next one finds the port free."""
    shim.die_with_parent(worker.ppid, signal.SIGKILL)


def worker_exit(server: Any, worker: Any) -> None:
    """Let what watches for the application end with it."""
    tawkee = getattr(worker.app.callable, "extensions", {}).get("tawkee")
    if tawkee is not None:  # else it never came up
        tawkee.ended.set()


def child_exit(server: Any, worker: Any) -> None:
    """Tell the metrics, which all processes keep together, that this one counts no more."""
    from prometheus_client import multiprocess  # here, since most gunicorns never lose a worker

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]  # prometheus-client's own gap


def on_exit(server: Any) -> None:
    """Leave no folder behind that is ours."""
    if own_metrics:
        shutil.rmtree(own_metrics, ignore_errors=True)
