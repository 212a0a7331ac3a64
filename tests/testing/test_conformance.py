"""The kit, run on its own echo channel, with each way that channels have of being sure."""

import json
from collections.abc import Sequence

import pytest

from tawkee_core.errors import NotSent, Refused
from tawkee_core.models import new_id
from tawkee_core.testing import ChannelConformance
from tawkee_core.testing.conformance import Delivery, Failure, Said, Webhook
from tawkee_core.testing.echo_channel import SECRET_HEADER, EchoChannel
from tawkee_core.types import Channel


class EchoConformance(ChannelConformance):
    kind = "echo"
    plugin: EchoChannel

    def sender(self, number: int) -> str:
        return f"contact-{number}"

    def webhooks(self, channel: Channel, said: Sequence[Said]) -> list[Webhook]:
        return [webhook(channel, *({"type": "message", "id": s.id, "from": s.sender, "text": s.text} for s in said))]

    def unknown_webhook(self, channel: Channel) -> Webhook:
        return webhook(channel, {"type": "weather"})

    def status_webhook(self, channel: Channel, message_id: str, client_id: str, state: str) -> Webhook:
        return webhook(channel, {"type": "status", "id": message_id, "state": state})

    def echo_webhook(self, channel: Channel, to: str, text: str) -> Webhook:
        return webhook(channel, {"type": "echo", "id": new_id(), "to": to, "text": text})

    def confirmations(self, channel: Channel) -> list[Webhook]:
        sent = self.plugin.provider.sent[-1]
        own = {"type": "echo", "id": sent.id, "to": sent.to, "text": sent.text, "client_id": sent.client_id}
        return [webhook(channel, own)]

    def deliveries(self) -> list[Delivery]:
        return [Delivery(sent.to, sent.text) for sent in self.plugin.provider.sent]

    def fail_next(self, failure: Failure) -> None:
        if failure == "lost":
            self.plugin.provider.lose_answer = 1
        else:
            self.plugin.provider.fail_with.append(NotSent() if failure == "retryable" else Refused("no such number"))


def webhook(channel: Channel, *events: dict[str, str]) -> Webhook:
    body = json.dumps({"events": events, "nonce": new_id()}).encode()
    return Webhook({SECRET_HEADER: channel.webhook_secret}, body)


class TestEchoOpaque(EchoConformance):
    plugin = EchoChannel("opaque")


class TestEchoReconcilable(EchoConformance):
    plugin = EchoChannel("reconcilable")


class TestEchoIdempotent(EchoConformance):
    plugin = EchoChannel("idempotent")


def test_kit_says_what_is_missing() -> None:
    with pytest.raises(NotImplementedError):
        ChannelConformance().deliveries()
