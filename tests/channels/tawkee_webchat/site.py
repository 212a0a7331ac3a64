"""A web chat as visitors meet it: gunicorn as in production, on a port of its own, and threads that answer."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tawkee_core import Channel
from tawkee_core.embedded import shim
from tawkee_core.testing.echo_model import ECHO, EchoModel
from tawkee_core.testing.running import Company, Running, make_running

ROOT = Path(__file__).parents[3]
SERVER = ("gunicorn", "--config", "python:tawkee_core.embedded.gunicorn_conf", "--log-level", "warning")
PATIENCE = 30.0


@dataclass
class Site:
    """A server at `url`. It can be stopped and started again; answers are written as long as `answering`."""

    running: Running
    model: EchoModel
    environment: Mapping[str, str]
    port: int
    company: Company
    process: subprocess.Popen[bytes] | None = None
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def add_chat(self, **config: Any) -> Channel:
        """A web chat channel with a configuration of its own."""
        return self.running.add_channel(self.company, "webchat", config)

    def chat_url(self, channel: Channel) -> str:
        return f"{self.url}/chat/{channel.id}"

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        with_us = [sys.executable, "-I", "-S", shim.__file__, str(int(signal.SIGTERM)), str(os.getpid()), "-"]
        command = [sys.executable, "-m", *SERVER, "--bind", f"127.0.0.1:{self.port}", "wsgi:app"]
        self.process = subprocess.Popen([*with_us, *command], cwd=ROOT, env=dict(self.environment))
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                requests.get(f"{self.url}/chat/nothing", timeout=5)
                return
            except (requests.ConnectionError, requests.Timeout):
                assert self.process.poll() is None, "gunicorn ended instead of answering"
                time.sleep(0.1)
        raise AssertionError(f"gunicorn did not answer in {PATIENCE} seconds")

    def stop(self, kill: bool = False) -> None:
        """Stop the server: politely, or with SIGKILL."""
        if self.process is None:
            return
        if kill:
            self.process.kill()
        else:
            self.process.terminate()
        self.process.wait(PATIENCE)
        self.process = None

    def answer(self) -> None:
        """Do what is due, until told to stop. The loop of a thread."""
        while not self.stopping.wait(0.03):
            self.running.pool.drain_all()


class Visitor:
    """Somebody who speaks to a chat over plain HTTP."""

    def __init__(self, chat: str) -> None:
        self.chat = chat
        self.headers = {"Authorization": f"Bearer {start_session(chat)}"}

    def say(self, text: Any, client_id: str = "1") -> requests.Response:
        return self.post(json={"client_id": client_id, "text": text})

    def post(self, content_type: str = "", **options: Any) -> requests.Response:
        headers = {**self.headers, **({"Content-Type": content_type} if content_type else {})}
        return requests.post(f"{self.chat}/messages", headers=headers, timeout=PATIENCE, **options)

    def read(self, **query: str) -> Any:
        answer = requests.get(f"{self.chat}/messages", headers=self.headers, params=query, timeout=PATIENCE)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def texts(self) -> list[str]:
        return [message["text"] for message in self.read()["messages"]]

    def watch(self, after: int | None = None) -> "Events":
        headers = self.headers | ({} if after is None else {"Last-Event-ID": str(after)})
        return Events(requests.get(f"{self.chat}/events", headers=headers, stream=True, timeout=PATIENCE))


class Events:
    """An open event stream."""

    def __init__(self, answer: requests.Response) -> None:
        self.answer = answer
        self.lines = answer.iter_lines(chunk_size=1, decode_unicode=True)

    def take(self, name: str) -> tuple[str, Any]:
        """The next event of a name: its id and its data."""
        fields: dict[str, str] = {}
        for line in self.lines:
            if line:
                key, _, value = line.partition(": ")
                fields[key] = value
            elif fields.get("event") == name:
                return fields.get("id", ""), json.loads(fields["data"])
            else:
                fields = {}
        raise AssertionError(f"the stream ended before {name!r}")

    def close(self) -> None:
        self.answer.close()


def start_session(chat: str) -> str:
    answer = requests.post(f"{chat}/sessions", json={}, timeout=PATIENCE)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["visitor_token"])


def wait_until(done: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Look again and again. Raises AssertionError when it never becomes true."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.05)


@contextmanager
def serve_site(config: Mapping[str, Any], workers: int = 2) -> Iterator[Site]:
    """A site on the given servers, answering with the echo model."""
    model = EchoModel()
    port = free_port()
    config = {**config, "model": ECHO, "log_level": "WARNING", "public_url": f"http://127.0.0.1:{port}"}
    running = make_running(config, [("echo_model", model)])
    settings = {f"TAWKEE_{name.upper()}": str(value) for name, value in config.items()}
    environment = {**os.environ, **settings, "WEB_CONCURRENCY": str(workers)}
    site = Site(running, model, environment, port, running.add_company())
    worker = threading.Thread(target=site.answer)
    try:
        site.start()
        worker.start()
        yield site
    finally:
        site.stopping.set()
        site.stop()
        if worker.is_alive():
            worker.join()
        running.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
