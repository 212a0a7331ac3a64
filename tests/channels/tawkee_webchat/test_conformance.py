"""The web chat under the same kit as every channel. Its visitors' API is its provider's wire: a delivery is a visitor's
POST with their token, and what was delivered is what a visitor reads. Nothing leaves over a network, so sending fails
by a wrapper around it, which raises before or after the message was handed out."""

import json
from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tawkee_core import Ambiguous, Channel, NotSent, Refused, hookimpl
from tawkee_core.testing import ChannelConformance
from tawkee_core.testing.conformance import Delivery, Failure, Line, Said, Webhook
from tawkee_core.testing.running import Running
from tawkee_webchat.access import Visitor, sign_visitor


class Faults:
    """Lets the next sends of any channel fail."""

    def __init__(self) -> None:
        self.next: deque[Failure] = deque()

    @hookimpl(wrapper=True)
    def channel_send(self) -> Generator[None, str, str]:
        failure = self.next.popleft() if self.next else None
        if failure == "retryable":
            raise NotSent("not now")
        if failure == "permanent":
            raise Refused("never")
        sent = yield
        if failure == "lost":
            raise Ambiguous("the answer was lost")
        return sent


class TestWebChat(ChannelConformance):
    kind = "webchat"
    keeps_events = False
    taken = 201
    faults: Faults
    lines: list[Line]

    @pytest.fixture(scope="class")
    @classmethod
    def tawkee_plugins(cls, echo_model: Any) -> list[tuple[str, Any]]:
        cls.faults, cls.lines = Faults(), []
        return [("echo_model", echo_model), ("faults", cls.faults)]

    def open_line(self, tawkee: Running, **settings: Any) -> Line:
        line = super().open_line(tawkee, **settings)
        self.lines.append(line)
        return line

    def sender(self, number: int) -> str:
        return f"visitor-number-{number:07}"

    def token(self, channel: Channel, visitor: str) -> dict[str, str]:
        with self.lines[-1].running.app.app_context():
            return {"Authorization": f"Bearer {sign_visitor(channel, Visitor(visitor))}"}

    def webhooks(self, channel: Channel, said: Sequence[Said]) -> list[Webhook]:
        return [
            Webhook(self.token(channel, each.sender), json.dumps({"client_id": each.id, "text": each.text}).encode())
            for each in said
        ]

    def forger(self, channel: Channel) -> Channel:
        """Who holds a token of ours, for another chat."""
        return replace(channel, id=channel.workspace_id)

    def unknown_webhook(self, channel: Channel) -> Webhook:
        return Webhook(self.token(channel, self.sender(1)), b'{"client_id": "1", "poke": true}')

    def post(self, line: Line, webhook: Webhook) -> int:
        path, headers = f"/chat/{line.channel.id}/messages", dict(webhook.headers)
        answer = line.running.client.post(path, data=webhook.body, headers=headers, content_type="application/json")
        return answer.status_code

    def deliveries(self) -> list[Delivery]:
        return [told for line in self.lines for number in (1, 2) for told in self.read(line, self.sender(number))]

    def read(self, line: Line, visitor: str) -> list[Delivery]:
        """What a visitor is shown of our words."""
        page = line.running.client.get(f"/chat/{line.channel.id}/messages", headers=self.token(line.channel, visitor))
        assert page.status_code == 200, page.text
        told: Any = page.json
        return [Delivery(visitor, each["text"]) for each in told["messages"] if each["direction"] == "out"]

    def fail_next(self, failure: Failure) -> None:
        self.faults.next.append(failure)
