"""What every channel must do, as tests. Subclass it, say how your provider speaks and how your fake of it behaves:

class TestMine(ChannelConformance):
    kind = "mine"
    def webhooks(self, channel, said): ...
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import pytest

from ..db import run
from ..models import new_id
from ..types import Channel
from .running import Running

Failure = Literal["retryable", "permanent", "lost"]


class Said(NamedTuple):
    """One message of a contact."""

    id: str
    sender: str
    text: str


class Webhook(NamedTuple):
    """One delivery as the provider posts it."""

    headers: Mapping[str, str]
    body: bytes


class Delivery(NamedTuple):
    """One message that your fake provider took."""

    to: str
    text: str


@dataclass(frozen=True)
class Line:
    """A channel under test, and who writes on it."""

    running: Running
    channel: Channel


class ChannelConformance:
    """The kit. What raises NotImplementedError is yours to say; `plugin` is needed only while yours is not
    installed."""

    kind = ""
    plugin: Any = None
    #: False where a webhook only says where to look, so that messages are fetched in no certain order
    keeps_order = True

    def config(self) -> dict[str, Any]:
        """The channel's configuration."""
        return {}

    def secrets(self) -> dict[str, Any]:
        """Its secret fields."""
        return {}

    def sender(self, number: int) -> str:
        """A contact's address, as your provider writes it."""
        raise NotImplementedError

    def webhooks(self, channel: Channel, said: Sequence[Said]) -> list[Webhook]:
        """Authentic deliveries that carry these messages: one where your provider batches, else several."""
        raise NotImplementedError

    def unknown_webhook(self, channel: Channel) -> Webhook:
        """An authentic delivery of an event that your channel does not know."""
        raise NotImplementedError

    def deliveries(self) -> list[Delivery]:
        """What your fake provider took, in order."""
        raise NotImplementedError

    def fail_next(self, failure: Failure) -> None:
        """Let the next send fail: to be retried, for ever, or after it was taken (the answer is lost)."""
        raise NotImplementedError

    def confirmations(self, channel: Channel) -> list[Webhook]:
        """What your provider tells of the last message it took, where such webhooks are what confirms one."""
        return []

    @pytest.fixture(scope="class")
    @classmethod
    def tawkee_plugins(cls, echo_model: Any) -> list[tuple[str, Any]]:
        return [("echo_model", echo_model)] + ([(cls.kind, cls.plugin)] if cls.plugin is not None else [])

    @pytest.fixture(scope="class")
    @classmethod
    def tawkee(cls, tawkee_config: dict[str, Any], tawkee_plugins: list[tuple[str, Any]]) -> Any:
        from .running import make_running

        running = make_running(tawkee_config | {"private_hosts": "127.0.0.0/8"}, tawkee_plugins)
        yield running
        running.close()

    @pytest.fixture
    def line(self, tawkee: Running, echo_model: Any) -> Line:
        echo_model.reset()
        channel = tawkee.add_channel(tawkee.add_company(), self.kind, self.config(), self.secrets())
        return Line(tawkee, channel)

    # ---- the cases

    def test_message_is_answered_once(self, line: Line) -> None:
        before = len(self.deliveries())
        self.say(line, "oi")
        line.running.settle()
        (answer,) = self.deliveries()[before:]
        assert answer == Delivery(self.sender(1), "echo: oi")

    def test_duplicate_delivery_changes_nothing(self, line: Line) -> None:
        before = len(self.deliveries())
        deliveries = self.webhooks(line.channel, [Said(new_id(), self.sender(1), "oi")])
        for webhook in deliveries * 3:
            assert self.post(line, webhook) == 200
        line.running.settle()
        assert [d.text for d in self.deliveries()[before:]] == ["echo: oi"]

    def test_batch_keeps_every_message_in_order(self, line: Line) -> None:
        texts = [f"message {number}" for number in range(5)]
        self.say(line, *texts)
        line.running.settle()
        kept = [m.text for m in line.running.messages_of(line.channel) if m.direction == "in"]
        assert (kept if self.keeps_order else sorted(kept)) == texts

    def test_two_contacts_have_two_chats(self, line: Line) -> None:
        said = [Said(new_id(), self.sender(number), f"from {number}") for number in (1, 2)]
        for webhook in self.webhooks(line.channel, said):
            assert self.post(line, webhook) == 200
        line.running.settle()
        assert len({m.chat_id for m in line.running.messages_of(line.channel)}) == 2

    def test_answers_leave_in_the_order_of_the_questions(self, line: Line) -> None:
        before = len(self.deliveries())
        for number in range(3):
            self.say(line, f"question {number}")
            line.running.settle()
        assert [d.text for d in self.deliveries()[before:]] == [f"echo: question {number}" for number in range(3)]

    def test_wrong_signature_is_refused_and_nothing_kept(self, line: Line) -> None:
        forger = dataclasses.replace(line.channel, webhook_secret="not the secret")
        for webhook in self.webhooks(forger, [Said(new_id(), self.sender(1), "oi")]):
            assert self.post(line, webhook) == 401
        assert line.running.messages_of(line.channel) == []
        assert run("select 1 as one from inbound_event where channel_id = %s", (line.channel.id,)) == []

    def test_other_channels_secret_is_refused(self, line: Line, tawkee: Running) -> None:
        other = tawkee.add_channel(tawkee.add_company(), self.kind, self.config(), self.secrets())
        for webhook in self.webhooks(other, [Said(new_id(), self.sender(1), "oi")]):
            assert self.post(line, webhook) == 401

    def test_unknown_event_is_kept_as_ignored(self, line: Line) -> None:
        assert self.post(line, self.unknown_webhook(line.channel)) == 200
        (event,) = run("select state, reason from inbound_event where channel_id = %s", (line.channel.id,))
        assert event.state == "ignored"
        assert event.reason

    def test_retryable_error_is_retried_and_delivers_once(self, line: Line) -> None:
        before = len(self.deliveries())
        self.fail_next("retryable")
        self.say(line, "oi")
        line.running.settle()
        assert [d.text for d in self.deliveries()[before:]] == ["echo: oi"]

    def test_permanent_error_is_shown_with_its_reason(self, line: Line) -> None:
        before = len(self.deliveries())
        self.fail_next("permanent")
        self.say(line, "oi")
        line.running.settle()
        (message,) = [m for m in line.running.messages_of(line.channel) if m.direction == "out"]
        assert (message.status, self.deliveries()[before:]) == ("failed", [])
        assert message.error

    def test_lost_answer_never_doubles_the_message(self, line: Line) -> None:
        before = len(self.deliveries())
        self.fail_next("lost")
        self.say(line, "oi")
        line.running.drain_until(lambda: len(self.deliveries()) > before)
        for webhook in self.confirmations(line.channel):
            assert self.post(line, webhook) == 200
        line.running.settle()
        (message,) = [m for m in line.running.messages_of(line.channel) if m.direction == "out"]
        assert len(self.deliveries()[before:]) == 1
        assert message.status in ("sent", "delivered", "read", "unconfirmed")

    def test_broken_body_is_no_server_error(self, line: Line) -> None:
        (webhook, *_) = self.webhooks(line.channel, [Said(new_id(), self.sender(1), "oi")])
        for body in (b"", b"{", b"[" * 100_000, b'"\\ud800\\u0000"', b"\xff\xfe", b'{"a":1e999}'):
            assert self.post(line, Webhook(webhook.headers, body)) < 500

    def test_starting_and_stopping_three_times_answers_once(
        self, line: Line, tawkee_config: dict[str, Any], tawkee_plugins: list[tuple[str, Any]]
    ) -> None:
        from .running import make_running

        before = len(self.deliveries())
        for _ in range(3):
            again = make_running(tawkee_config | {"private_hosts": "127.0.0.0/8"}, tawkee_plugins)
            again.close()
        self.say(line, "oi")
        line.running.settle()
        assert [d.text for d in self.deliveries()[before:]] == ["echo: oi"]

    # ---- how the cases speak

    def say(self, line: Line, *texts: str) -> None:
        """Let the first contact say these, in one batch where the provider batches."""
        for webhook in self.webhooks(line.channel, [Said(new_id(), self.sender(1), text) for text in texts]):
            assert self.post(line, webhook) == 200

    def post(self, line: Line, webhook: Webhook) -> int:
        return line.running.post(line.channel, webhook.body, webhook.headers)
