"""The embedded vector service: a subset of Qdrant's REST API for one machine, over `qdrant-edge-py`.

`TAWKEE_QDRANT_API_KEY=… python -m tawkee_core.embedded.vectors --data DIR --port N` serves until SIGTERM, which
flushes and exits. Clients are plain `QdrantClient(url=…, api_key=…)`: a production Qdrant takes its place by URL.
"""

import argparse
import hmac
import json
import logging
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from tawkee_core.embedded.vectors_api import find_route
from tawkee_core.embedded.vectors_store import Store
from tawkee_core.embedded.vectors_wire import Rejected

MAX_BODY = 32 * 1024 * 1024
IDLE_SECONDS = 75
STOP_SIGNALS = {signal.SIGTERM, signal.SIGINT}
VERSION = {"title": "Tawkee's embedded vector service (a subset of Qdrant's REST API)", "version": "1.20.0"}

log = logging.getLogger("tawkee.vectors")


class VectorServer(ThreadingHTTPServer):
    """One thread a connection. The threads are daemons: a stop waits for updates (`Store.close`), not for them."""

    request_queue_size = 128

    def __init__(self, address: tuple[str, int], store: Store, api_key: str) -> None:
        self.store, self.api_key = store, api_key.encode()
        super().__init__(address, VectorRequest)

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.info("connection of %s ended: %s", client_address, sys.exception())


class VectorRequest(BaseHTTPRequestHandler):
    server: VectorServer
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    wbufsize = -1

    def answer_request(self) -> None:
        started = time.monotonic()
        try:
            status, result = 200, self.find_result()
        except Rejected as rejected:
            status, result = rejected.status, {"status": {"error": str(rejected)}}
        except (TypeError, ValueError, OverflowError, RecursionError) as wrong:
            status, result = 400, {"status": {"error": f"Format error in JSON body: {str(wrong)[:300]}"}}
        except Exception as failed:  # qdrant_edge raises plain Exception for what its Rust core reports
            log.exception("%s %s failed", self.command, self.path)
            status, result = 500, {"status": {"error": str(failed)[:300]}}
        if "status" in result:
            result["time"] = time.monotonic() - started
        self.send_json(status, result)

    do_GET = do_PUT = do_POST = do_DELETE = do_PATCH = answer_request

    def find_result(self) -> dict[str, Any]:
        """The whole answer; the body is read first, so that a refusal leaves the connection usable."""
        raw = self.read_body()
        path = urlsplit(self.path).path
        if (self.command, path) == ("GET", "/readyz"):
            return {"title": "all shards are ready"}
        self.check_key()
        if (self.command, path) == ("GET", "/"):
            return VERSION
        answer, parameters = find_route(self.command, path.rstrip("/"))
        body = json.loads(raw, parse_constant=refuse_constant) if raw else {}
        return {"result": answer(self.server.store, body, *map(unquote, parameters)), "status": "ok"}

    def read_body(self) -> bytes:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdigit()):
            self.close_connection = True
            raise Rejected("Content-Length is needed", 411)
        if int(length) > MAX_BODY:
            self.close_connection = True
            raise Rejected(f"Payload too large: the limit is {MAX_BODY} bytes", 413)
        return self.rfile.read(int(length))

    def check_key(self) -> None:
        given = self.headers.get("api-key") or self.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode("utf-8", "replace"), self.server.api_key):
            raise Rejected("Must provide an API key or an Authorization bearer token", 401)

    def send_json(self, status: int, result: Any) -> None:
        body = json.dumps(result).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        log.debug(format, *args)


def refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def serve_vectors(data: Path, host: str, port: int, api_key: str) -> None:
    """Serve until SIGTERM or SIGINT, then flush. Port 0 takes a free one, which the first line printed tells."""
    # Blocked before any thread starts and then waited for: with a handler and an Event, a signal that the kernel gives
    # to another thread left the main one asleep (seen once in 30 stops).
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    store = Store(data)
    server = VectorServer((host, port), store, api_key)
    threading.Thread(target=server.serve_forever, name="accept", daemon=True).start()
    print(f"vectors: http://{host}:{server.server_address[1]} ({len(store.collections)} collections)", flush=True)
    signal.sigwait(STOP_SIGNALS)
    server.shutdown()
    server.socket.close()
    store.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tawkee_core.embedded.vectors", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    api_key = os.environ.get("TAWKEE_QDRANT_API_KEY", "")
    if not api_key:
        parser.error("TAWKEE_QDRANT_API_KEY is not set; the service does not start without a key")
    try:
        serve_vectors(options.data, options.host, options.port, api_key)
    except BlockingIOError:
        parser.error(f"{options.data} is in use by another vector service")
    except OSError as failed:
        parser.error(f"cannot serve on {options.host}:{options.port}: {failed}")


if __name__ == "__main__":
    main()
