"""What every channel must do, as tests. Subclass it, say how your provider speaks and how your fake of it behaves:

class TestMine(ChannelConformance):
    kind = "mine"
    def webhooks(self, channel, said): ...
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import pytest

from ...models import new_id
from ...types import Capabilities, Channel
from ..running import Company, Running

Failure = Literal["retryable", "permanent", "lost"]
KIT_SETTINGS = {"private_hosts": "127.0.0.0/8", "public_url": "https://tawkee.example"}


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
    """One message that your fake provider took. Where it tells what hung on the words, the kit looks at that too: the
    buttons' titles, and whether a file came along."""

    to: str
    text: str
    buttons: tuple[str, ...] | None = None
    file: bool | None = None


@dataclass(frozen=True)
class Line:
    """A channel under test, and who writes on it."""

    running: Running
    company: Company
    channel: Channel


class ChannelKit:
    """The kit. What raises NotImplementedError is yours to say; `plugin` is needed only while yours is not
    installed."""

    kind = ""
    plugin: Any = None
    #: False where contacts come by routes of the plugin's own, and no raw event is kept: then `post` is yours too
    keeps_events = True
    #: the status with which a delivery is taken
    taken = 200
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

    def forger(self, channel: Channel) -> Channel:
        """The same channel as somebody sees it who does not know its secret; yours to say where the proof is no
        `webhook_secret`."""
        return replace(channel, webhook_secret="not the secret")

    def deliveries(self) -> list[Delivery]:
        """What your fake provider took, in order."""
        raise NotImplementedError

    def fail_next(self, failure: Failure) -> None:
        """Let the next send fail: to be retried, for ever, or after it was taken (the answer is lost)."""
        raise NotImplementedError

    def garble_next(self) -> bool:
        """Let the next send be taken, and answered 502 with a page, as by a proxy whose patience ended; False where
        your fake cannot."""
        return False

    def echo_webhook(self, channel: Channel, to: str, text: str) -> Webhook | None:
        """A delivery that tells of a message typed by a person on our side; None where your provider tells none."""
        return None

    def status_webhook(self, channel: Channel, message_id: str, client_id: str, state: str) -> Webhook | None:
        """A delivery that tells how far a message of ours came (`sent`, `delivered`, `read`); None where none does."""
        return None

    def file_webhook(self, channel: Channel, sender: str) -> Webhook | None:
        """A delivery of a file that is fetched from your fake, which fails the first time; None where none is."""
        return None

    def confirmations(self, channel: Channel) -> list[Webhook]:
        """What your provider tells of the last message it took, where such webhooks are what confirms one."""
        return []

    def payloads(self, channel: Channel) -> list[Webhook]:
        """More of what your provider posts, one of each kind: the kit makes them wrong in many ways, beside those of
        the methods above."""
        return []

    @pytest.fixture(scope="class")
    @classmethod
    def tawkee_plugins(cls, echo_model: Any) -> list[tuple[str, Any]]:
        return [("echo_model", echo_model)] + ([(cls.kind, cls.plugin)] if cls.plugin is not None else [])

    @pytest.fixture(scope="class")
    @classmethod
    def tawkee(cls, tawkee_config: dict[str, Any], tawkee_plugins: list[tuple[str, Any]]) -> Any:
        from ..running import make_running

        running = make_running(tawkee_config | KIT_SETTINGS, tawkee_plugins)
        yield running
        running.close()

    @pytest.fixture
    def line(self, tawkee: Running, echo_model: Any) -> Line:
        echo_model.reset()
        return self.open_line(tawkee)

    def open_line(self, tawkee: Running, **settings: Any) -> "Line":
        """A channel of yours in a company of its own; `settings` are the agent's."""
        company = tawkee.add_company(**settings)
        config = {"contact_seconds": 0, **self.config()}
        return Line(tawkee, company, tawkee.add_channel(company, self.kind, config, self.secrets()))

    def say(self, line: Line, *texts: str) -> None:
        """Let the first contact say these, in one batch where the provider batches."""
        for webhook in self.webhooks(line.channel, [Said(new_id(), self.sender(1), text) for text in texts]):
            assert self.post(line, webhook) == self.taken

    def post(self, line: Line, webhook: Webhook) -> int:
        """Deliver it to this channel, as the provider does, or as a contact does over your own routes; the status."""
        return line.running.post(line.channel, webhook.body, webhook.headers)

    def ask(self, line: Line, text: str = "oi") -> list[Delivery]:
        """Let the first contact say this, and give what your fake took then."""
        before = len(self.deliveries())
        self.say(line, text)
        line.running.settle()
        return self.deliveries()[before:]

    def outgoing(self, line: Line) -> list[Any]:
        """The channel's messages that were ours to send, in order."""
        return [m for m in line.running.messages_of(line.channel) if m.direction == "out" and m.kind != "note"]

    def capabilities(self, line: Line) -> Capabilities:
        info = line.running.tawkee.plugins.channel(self.kind).channel_info()
        assert info is not None, "channel_info says nothing"
        return info.capabilities


def unsupported(what: str) -> None:
    """Say which optional case was not run."""
    pytest.skip(f"this channel has no {what}")
