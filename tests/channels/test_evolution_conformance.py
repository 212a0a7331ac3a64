"""The Evolution channel does what every channel must do."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tawkee_core.models import new_id
from tawkee_core.testing import ChannelConformance
from tawkee_core.testing.conformance import Delivery, Failure, Said, Webhook
from tawkee_core.types import Channel
from tests.fakes.evolution_server import EvolutionServer
from tests.fakes.evolution_world import Fault, record

OWN = Path(__file__).parents[1] / "payloads" / "evolution"
FAULTS = {"retryable": "error", "permanent": "refused", "lost": "drop"}


class TestEvolution(ChannelConformance):
    kind = "evolution"
    server: EvolutionServer

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def evolution(cls) -> Iterator[None]:
        with EvolutionServer() as cls.server:
            cls.server.make_instance("loja", state="open")
            yield

    def config(self) -> dict[str, Any]:
        return {"base_url": self.server.url, "instance": "loja", "typing": False}

    def secrets(self) -> dict[str, Any]:
        return {"api_key": self.server.key}

    def sender(self, number: int) -> str:
        return f"55319{number:08d}@s.whatsapp.net"

    def webhooks(self, channel: Channel, said: Sequence[Said]) -> list[Webhook]:
        return [
            self.webhook(
                channel, "messages.upsert", record(each.sender, each.id, {"conversation": each.text}, False, "C")
            )
            for each in said
        ]

    def echo_webhook(self, channel: Channel, to: str, text: str) -> Webhook:
        return self.webhook(channel, "messages.upsert", record(to, new_id(), {"conversation": text}, True, "Você"))

    def status_webhook(self, channel: Channel, message_id: str, client_id: str, state: str) -> Webhook:
        names = {"sent": "SERVER_ACK", "delivered": "DELIVERY_ACK", "read": "READ"}
        data = {"keyId": message_id, "remoteJid": self.sender(1), "fromMe": True, "status": names[state]}
        return self.webhook(channel, "messages.update", data)

    def unknown_webhook(self, channel: Channel) -> Webhook:
        return self.webhook(channel, "chats.archived", {"id": new_id()})

    def webhook(self, channel: Channel, event: str, data: Any) -> Webhook:
        body = {"event": event, "instance": "loja", "data": data, "sender": "5531900000000@s.whatsapp.net"}
        return Webhook({"authorization": f"Bearer {channel.webhook_secret}"}, json.dumps(body).encode())

    def payloads(self, channel: Channel) -> list[Webhook]:
        headers = {"authorization": f"Bearer {channel.webhook_secret}"}
        return [Webhook(headers, file.read_bytes()) for file in sorted(OWN.glob("*.json"))]

    def deliveries(self) -> list[Delivery]:
        return [Delivery(each.number, each.text) for each in self.server.deliveries]

    def fail_next(self, failure: Failure) -> None:
        self.server.faults.append(Fault(FAULTS[failure]))
