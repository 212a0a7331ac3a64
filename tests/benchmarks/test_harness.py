"""The harness notices what makes a figure worthless: replies lost or doubled, webhooks refused."""

import asyncio
import json
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks.bench import running_provider
from benchmarks.crowd import Crowd, Crowded, Door
from benchmarks.figures import BenchError
from benchmarks.payload import raw_request
from benchmarks.pounder import pounding
from benchmarks.provider import Provider
from benchmarks.webhooks import checked


@contextmanager
def answering(replies: int, provider: Provider | None = None, status: int = 200) -> Iterator[int]:
    """A stand-in for Tawkee that answers each webhook with so many replies; its port."""

    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            event = self.rfile.read(int(self.headers["content-length"]))
            for _ in range(replies):
                send_reply(provider, json.loads(event)["data"]["key"]["remoteJid"])
            self.send_response(status)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *arguments: object) -> None:
            """Quietly."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def send_reply(provider: Provider | None, number: str) -> None:
    assert provider is not None
    url = f"http://127.0.0.1:{provider.port}/message/sendText/bench"
    body = json.dumps({"number": number, "text": "Sim!"}).encode()
    with urllib.request.urlopen(urllib.request.Request(url, body), timeout=10) as answer:
        assert answer.status == 201


def chat(provider: Provider, port: int) -> Crowded:
    door = Door(port, "/webhooks/1/2", "2", 0.0)
    crowd = Crowd(provider, door, chats=3, seconds=0.3, first=1, patience=1.0)
    return asyncio.run_coroutine_threadsafe(crowd.run(), provider.loop).result(30)


def test_a_crowd_whose_replies_all_come_is_timed() -> None:
    with running_provider() as provider, answering(1, provider) as port:
        result = chat(provider, port)
    assert result.asked == len(result.added) >= 3
    assert result.rate > 0
    assert 0 < result.added_ms() < 1000


def test_a_doubled_reply_breaks_the_run() -> None:
    with running_provider() as provider, answering(2, provider) as port, pytest.raises(BenchError, match="doubled"):
        chat(provider, port)


def test_a_lost_reply_breaks_the_run() -> None:
    with running_provider() as provider, answering(0, provider) as port, pytest.raises(BenchError, match="lost"):
        chat(provider, port)


def test_requests_are_counted_and_timed_as_fast_as_they_are_answered() -> None:
    with answering(0) as port, pounding(port, connections=4) as pounder:
        result = checked(pounder.pound(lambda: raw_request("POST", "/", {}, b"{}"), 0.3))
        assert result.rate == pytest.approx(len(result.latencies) / result.seconds)
        limited = checked(pounder.pound(lambda: raw_request("POST", "/", {}, b"{}"), 30, limit=10))
        assert len(limited.latencies) == 10


def test_paced_requests_keep_their_rate() -> None:
    with answering(0) as port, pounding(port, connections=4) as pounder:
        result = checked(pounder.pace(lambda: raw_request("POST", "/", {}, b"{}"), 0.5, rate=40))
    assert len(result.latencies) == 20
    assert result.seconds >= 0.45


def test_refused_requests_break_the_run() -> None:
    with answering(0, status=401) as port, pounding(port, connections=4) as pounder:
        refused = pounder.pound(lambda: raw_request("POST", "/", {}, b"{}"), 30, limit=8)
        with pytest.raises(BenchError, match="8 requests were refused"):
            checked(refused)
