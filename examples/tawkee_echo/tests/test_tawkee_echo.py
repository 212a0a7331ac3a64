"""The echo channel keeps what every channel of Tawkee promises, and signs what it sends."""

import json
from collections.abc import Iterator, Sequence
from importlib.metadata import entry_points
from typing import Any

import pytest
import tawkee_echo
from answer_server import AnswerServer, sign

from tawkee_core import Channel
from tawkee_core.testing import ChannelConformance
from tawkee_core.testing.conformance import Delivery, Failure, Line, Said, Webhook


def signed(channel: Channel, payload: dict[str, Any]) -> Webhook:
    body = json.dumps(payload).encode()
    return Webhook({tawkee_echo.SIGNATURE: sign(channel.webhook_secret, body)}, body)


class TestEcho(ChannelConformance):
    """What is inherited are the cases; what stands here says how this channel's other side speaks."""

    kind = "http_echo"
    server: AnswerServer

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def answers(cls) -> Iterator[None]:
        with AnswerServer() as cls.server:
            yield

    def config(self) -> dict[str, Any]:
        return {"answer_url": self.server.url}

    def sender(self, number: int) -> str:
        return f"person-{number}"

    def webhooks(self, channel: Channel, said: Sequence[Said]) -> list[Webhook]:
        return [signed(channel, {"messages": [{"id": s.id, "from": s.sender, "text": s.text} for s in said]})]

    def unknown_webhook(self, channel: Channel) -> Webhook:
        return signed(channel, {"event": "weather"})

    def deliveries(self) -> list[Delivery]:
        return [Delivery(each["to"], each["text"]) for each in self.server.taken.values()]

    def fail_next(self, failure: Failure) -> None:
        self.server.failures.append(failure)

    def garble_next(self) -> bool:
        self.server.failures.append("garbled")
        return True

    def test_answer_is_signed(self, line: Line) -> None:
        self.say(line, "oi")
        line.running.settle()
        signature, body = self.server.signatures[-1]
        assert signature == sign(line.channel.webhook_secret, body)


def test_plugin_is_installed() -> None:
    assert [entry.value for entry in entry_points(group="tawkee", name="http_echo")] == ["tawkee_echo"]
