"""The Discord channel keeps what every channel promises, and speaks as Discord does."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.metadata import entry_points
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from discord_server import DiscordServer
from tawkee_discord import api, interactions

from tawkee_core import (
    Address,
    Ambiguous,
    AuthLost,
    BadInput,
    BadPayload,
    Button,
    Channel,
    Contact,
    Ignored,
    Incoming,
    Message,
    NotSent,
    RateLimited,
    Refused,
    SendError,
    safe_http,
)
from tawkee_core.testing import ChannelConformance
from tawkee_core.testing.conformance import Delivery, Failure, Line, Said, Webhook

KEYS: dict[str, Ed25519PrivateKey] = {}  # Discord's own, by the application's public key
IDS: dict[str, str] = {}  # the kit's ids → Discord's, which hold the time and grow
RITA = Contact("c", "Rita", Address("discord", "4242"))
FAILURES: dict[Failure, tuple[int, Any]] = {
    "retryable": (429, {"message": "You are being rate limited.", "retry_after": 0.05, "global": False}),
    "permanent": (403, {"message": "Cannot send messages to this user", "code": 50007}),
    "lost": (0, None),
}


def new_key() -> str:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw().hex()
    KEYS[public] = key
    return public


def snowflake(id: str) -> str:
    now = int(time.time() * 1000) - interactions.EPOCH_MS
    return IDS.setdefault(id, str((now << 22) + len(IDS)))


def posted(channel: Channel, interaction: dict[str, Any]) -> Webhook:
    body = json.dumps(interaction).encode()
    signature = KEYS[channel.config["public_key"]].sign(b"1700000000" + body).hex()
    return Webhook({"x-signature-ed25519": signature, "x-signature-timestamp": "1700000000"}, body)


def asked(text: str, id: str = "m", place: str = "4242", **more: Any) -> dict[str, Any]:
    command = {"id": "1", "name": "ask", "type": 1, "options": [{"name": "text", "type": 3, "value": text}]}
    user = {"id": "7", "username": "rita", "global_name": "Rita Lee"}
    return {"id": snowflake(id), "type": 2, "channel_id": place, "data": command, "user": user, **more}


def pressed(id: str = "s") -> dict[str, Any]:
    buttons = [{"type": 2, "label": "Sim", "custom_id": "s"}, {"type": 2, "label": "Nao", "custom_id": "n"}]
    message = {"id": "9", "components": [{"type": 1, "components": buttons}]}
    data = {"custom_id": id, "component_type": 2}
    return {"id": snowflake("p"), "type": 3, "channel_id": "4242", "data": data, "message": message}


class TestDiscord(ChannelConformance):
    """The kit's cases, and what Discord wants besides."""

    kind = "discord"
    server: DiscordServer

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def discord(cls) -> Iterator[None]:
        with DiscordServer() as cls.server:
            yield

    def config(self) -> dict[str, Any]:
        return {"api_url": self.server.url, "public_key": new_key()}

    def secrets(self) -> dict[str, Any]:
        return {"token": self.server.add_application(list(KEYS)[-1])}  # of the key that config made

    def sender(self, number: int) -> str:
        return f"4200{number}"

    def webhooks(self, channel: Channel, said: Sequence[Said]) -> list[Webhook]:
        return [posted(channel, asked(each.text, each.id, each.sender)) for each in said]

    def unknown_webhook(self, channel: Channel) -> Webhook:
        return posted(channel, {"id": snowflake("unknown"), "type": 99})

    def forger(self, channel: Channel) -> Channel:
        return replace(channel, config={**channel.config, "public_key": new_key()})

    def deliveries(self) -> list[Delivery]:
        return [Delivery(place, message["content"]) for place, message in self.server.sent]

    def fail_next(self, failure: Failure) -> None:
        self.server.failures.append(FAILURES[failure])

    @pytest.mark.parametrize(
        ("interaction", "answer"),
        [
            ({"id": "1", "type": 1}, {"type": 1}),
            (asked("qual\no preço?"), {"type": 4, "data": {"content": "> qual o preço?", **interactions.NO_MENTIONS}}),
            (pressed(), {"type": 6}),
            ({"id": "1", "type": 4}, {"type": 8, "data": {"choices": []}}),
        ],
    )  # fmt: skip
    def test_interaction_is_answered_at_once(self, line: Line, interaction: dict[str, Any], answer: Any) -> None:
        webhook = posted(line.channel, interaction)
        path = urlsplit(line.channel.webhook_url).path
        response = line.running.client.post(path, data=webhook.body, headers=dict(webhook.headers))
        assert (response.status_code, response.mimetype, response.get_json()) == (200, "application/json", answer)
        line.running.settle()


@pytest.fixture
def server() -> Iterator[DiscordServer]:
    safe_http.allow_hosts("127.0.0.0/8")  # the kit does so by itself
    with DiscordServer() as server:
        yield server


@pytest.fixture
def channel(server: DiscordServer) -> Channel:
    key = new_key()
    config = {"token": server.add_application(key), "public_key": key, "api_url": server.url}
    return Channel("c", "w", "a", "discord", "D", config, "https://tawkee.example/webhooks/c/s", "s")


def read(interaction: Any) -> Any:
    return interactions.read_interaction(json.dumps(interaction).encode())


def test_private_question_is_read() -> None:
    event = read(asked("oi", "private"))
    assert isinstance(event, Incoming)
    assert (event.text, event.name, event.addresses) == ("oi", "Rita Lee", (Address("discord", "4242"),))
    assert event.sent_at is not None and abs(event.sent_at.timestamp() - time.time()) < 60


def test_question_in_a_server_belongs_to_its_channel() -> None:
    event = read(asked("oi", guild_id="5", member={"nick": "Rita", "user": {"id": "7", "username": "rita"}}))
    assert (event.group, event.mentioned, event.sender) == (True, True, "Rita")
    assert event.addresses == (Address("group", "4242"),)


def test_pressed_button_is_a_choice() -> None:
    event = read(pressed())
    assert (event.kind, event.text, event.data) == ("choice", "Sim", {"id": "s", "title": "Sim"})
    assert read(pressed("gone")).text == "gone"


def test_what_asks_nothing_is_ignored() -> None:
    assert read({"id": "1", "type": 1}) == Ignored("ping")
    assert read({"id": "1", "type": 2, "data": {"name": "other"}}) == Ignored("interaction of type 2")


@pytest.mark.parametrize(
    "given", [[], {}, {"type": "2"}, {**asked("oi"), "id": "x"}, {**asked("oi"), "channel_id": "../x"}]
)
def test_broken_interactions_are_bad_payloads(given: Any) -> None:
    with pytest.raises(BadPayload):
        read(given)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, {"message": "Invalid Form Body", "code": 50035}, Refused),
        (401, {"message": "401: Unauthorized"}, AuthLost),
        (403, {"message": "Missing Access", "code": 50001}, Refused),
        (404, {"message": "Unknown Channel", "code": 10003}, Refused),
        (429, {"message": "You are being rate limited.", "retry_after": 1.5}, RateLimited),
        (500, {"message": "500: Internal Server Error"}, Ambiguous),
        (502, None, Ambiguous),
    ],
)
def test_errors_become_what_may_be_done(
    server: DiscordServer, channel: Channel, status: int, body: Any, error: type[SendError]
) -> None:
    server.failures.append((status, body))
    with pytest.raises(error, match=body["message"] if body else "status 502") as caught:
        api.send_message(channel, RITA, Message("m", "text", "oi"), "id-1")
    assert not isinstance(caught.value, RateLimited) or caught.value.retry_after == 1.5
    assert server.sent == []


def test_message_sent_twice_arrives_once(server: DiscordServer, channel: Channel) -> None:
    server.failures.append((0, None))
    message = Message("m", "text", "Qual?", buttons=(Button("s", "Sim"),))
    with pytest.raises(Ambiguous):
        api.send_message(channel, RITA, message, "id-1")
    assert api.send_message(channel, RITA, message, "id-1") == "901"
    assert api.send_message(channel, RITA, message, "id-2") == "902"
    (place, sent), _ = server.sent
    assert (place, sent["content"], sent["allowed_mentions"]) == ("4242", "Qual?", {"parse": []})
    assert sent["components"][0]["components"] == [{"type": 2, "style": 2, "label": "Sim", "custom_id": "s"}]
    assert server.calls[0][2]["user-agent"].startswith("DiscordBot (")


def test_no_server_is_not_sent(channel: Channel) -> None:
    closed = replace(channel, config={**channel.config, "api_url": "http://127.0.0.1:1"})
    with pytest.raises(NotSent):
        api.send_message(closed, RITA, Message("m", "text", "oi"), "id-1")


def test_connecting_makes_the_command_and_points_the_interactions_at_us(
    server: DiscordServer, channel: Channel
) -> None:
    assert api.connect(channel).state == "connected"
    assert [command["name"] for command in server.commands] == ["ask"]
    assert server.applications[channel.config["token"]]["interactions_endpoint_url"] == channel.webhook_url
    assert api.get_status(channel).state == "connected"
    assert api.disconnect(channel).state == "disconnected"
    assert api.get_status(channel).state == "disconnected"


def test_connecting_explains_what_is_wrong(server: DiscordServer, channel: Channel) -> None:
    with pytest.raises(AuthLost):
        api.connect(replace(channel, config={**channel.config, "token": "wrong"}))
    server.reachable = False
    with pytest.raises(BadInput, match="could not be verified"):
        api.connect(channel)
    with pytest.raises(BadInput, match="another application"):
        api.connect(replace(channel, config={**channel.config, "public_key": new_key()}))


def test_plugin_is_installed() -> None:
    assert [entry.value for entry in entry_points(group="tawkee", name="discord")] == ["tawkee_discord"]
