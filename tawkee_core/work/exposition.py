"""A worker's own counts over HTTP, for the machines on which no web process tells them. Where several workers share a
port, one serves; another takes over within seconds when it ends."""

import threading
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import structlog
from prometheus_client import CONTENT_TYPE_LATEST

from ..scrape import may_read, tell_counts
from ..settings import Settings

RETRY_SECONDS = 5.0
log = structlog.get_logger()


class Server(ThreadingMixIn, WSGIServer):
    """One thread a request: a scraper that hangs keeps no other waiting."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that went away in the middle is none of our errors."""
        log.info("metrics_call_failed", exc_info=True)


class Call(WSGIRequestHandler):
    """A call that may not take long, and is not logged."""

    timeout = 10

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


def make_answer(settings: Settings) -> Callable[[dict[str, Any], Any], Iterable[bytes]]:
    """The WSGI application: /metrics, for who has the token."""

    def answer(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/metrics" or environ["REQUEST_METHOD"] != "GET":
            start("404 Not Found", [("Content-Type", "text/plain")])
            return [b"Only GET /metrics is here.\n"]
        if not may_read(settings, environ.get("HTTP_AUTHORIZATION", "")):
            start("401 Unauthorized", [("Content-Type", "text/plain"), ("WWW-Authenticate", "Bearer")])
            return ["Send the metrics token: Authorization: Bearer …\n".encode()]
        start("200 OK", [("Content-Type", CONTENT_TYPE_LATEST)])
        return [tell_counts()]

    return answer


def serve_metrics(settings: Settings) -> None:
    """Tell this worker's counts, in a thread, where TAWKEE_METRICS_PORT says so."""
    if settings.metrics_port:
        threading.Thread(target=serve_forever, args=(settings,), name="metrics", daemon=True).start()


def serve_forever(settings: Settings) -> None:
    waits, place = threading.Event(), (settings.metrics_host, settings.metrics_port)
    told = False
    while True:
        try:
            server = make_server(*place, make_answer(settings), Server, Call)
        except OSError as error:
            if not told:  # once: another worker of this machine has it most of the time
                log.warning("metrics_port_taken", host=place[0], port=place[1], error=str(error))
            told = True
            waits.wait(RETRY_SECONDS)
            continue
        log.info("metrics_served", host=place[0], port=place[1])
        server.serve_forever()
