"""`tawkee up --demo` as a stranger uses it: start, chat, kill -9, start again."""

import json
import signal
import sys
import urllib.request
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.embedded.launches import Launch, all_gone, launching, wait_until

QUESTION = "Qual o horário de funcionamento aos sábados?"


def up(data: Path, port: int) -> AbstractContextManager[Launch]:
    command = [sys.executable, "-m", "tawkee_core.cli", "up", "--demo", "--port", str(port), "--data", str(data)]
    return launching(command, data, port)


class Visitor:
    """Somebody on the demo's chat page."""

    def __init__(self, chat_page: str) -> None:
        self.url = chat_page
        self.token = ""
        self.token = self.call("/sessions", {})["visitor_token"]

    def call(self, path: str, body: dict[str, str] | None = None) -> Any:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, content, headers if self.token else headers | UNKNOWN)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def texts(self) -> list[str]:
        return [message["text"] for message in self.call("/messages")["messages"]]

    def ask(self, client_id: str) -> None:
        """Ask about Saturday's opening hours until the answer is there."""
        self.call("/messages", {"client_id": client_id, "text": QUESTION})
        before = len(self.texts())
        assert wait_until(lambda: len(self.texts()) > before), self.texts()
        assert "9h às 14h" in self.texts()[-1]


UNKNOWN = {"Authorization": ""}


@pytest.mark.timeout(300)
def test_a_stranger_chats_and_a_killed_launcher_loses_nothing(empty: Path, port: int) -> None:
    with up(empty, port) as launch:
        assert launch.lines[-1] == f"ready: http://127.0.0.1:{port}", launch.lines
        told = [line for line in launch.lines if line.startswith("demo ")]
        visitor = Visitor(told[0].removeprefix("demo chat: "))
        visitor.ask("first-question")
        children, before = launch.children(), visitor.texts()
        launch.finish(signal.SIGKILL)
        assert wait_until(lambda: all_gone(children)), children
    with up(empty, port) as launch:
        assert [line for line in launch.lines if line.startswith("demo ")] == told
        assert visitor.texts() == before
        visitor.ask("second-question")
        children = launch.children()
        assert launch.finish(signal.SIGTERM).splitlines()[-1] == "stopped"
    assert all_gone(children)
