"""WhatsApp through Z-API: the kit, its errors one by one, its set-up; on a real HTTP fake."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from tawkee_core import (
    Address,
    Ambiguous,
    AuthLost,
    BadInput,
    Button,
    Channel,
    Connection,
    Contact,
    Media,
    Message,
    NotSent,
    RateLimited,
    Refused,
    SendError,
    safe_http,
)
from tawkee_core.testing import ChannelConformance
from tawkee_core.testing.conformance import Delivery, Failure, Said, Webhook
from tawkee_zapi import send, setup
from tests.fakes.zapi_server import QR, ZapiServer, make_callback

PERSON = Contact("p", "Rita", Address("phone", "5531988887777"))


@pytest.fixture
def server() -> Iterator[ZapiServer]:
    safe_http.allow_hosts("127.0.0.0/8")
    with ZapiServer() as server:
        yield server
    safe_http.allow_hosts("")


def make_channel(server: ZapiServer | None = None, **config: Any) -> Channel:
    reach: dict[str, Any] = {"instance_id": "INSTANCE1", "token": "INSTANCETOKEN1"}
    if server:
        reach |= {"instance_id": server.add_instance(), "client_token": server.client_token, "api_url": server.url}
    values = reach | config
    return Channel("c", "w", "a", "zapi", "Zap", values, "https://example.com/webhooks/c/t", "secret")


class TestZapi(ChannelConformance):
    kind = "zapi"
    fake: ZapiServer

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def zapi(cls) -> Iterator[None]:
        with ZapiServer() as cls.fake:
            yield

    def config(self) -> dict[str, Any]:
        return {"api_url": self.fake.url, "instance_id": self.fake.add_instance(), "read_receipts": False}

    def secrets(self) -> dict[str, Any]:
        return {"token": self.fake.token, "client_token": self.fake.client_token}

    def sender(self, number: int) -> str:
        return f"55319888877{number:02}"

    def webhook(self, channel: Channel, **more: Any) -> Webhook:
        now = {"momment": int(time.time() * 1000), "instanceId": channel.config["instance_id"]}
        return Webhook({}, json.dumps(make_callback(**now, **more)).encode())

    def webhooks(self, channel: Channel, said: Sequence[Said]) -> list[Webhook]:
        return [
            self.webhook(channel, messageId=each.id, phone=each.sender, text={"message": each.text}) for each in said
        ]

    def unknown_webhook(self, channel: Channel) -> Webhook:
        return self.webhook(channel, type="SomethingNewCallback")

    def echo_webhook(self, channel: Channel, to: str, text: str) -> Webhook:
        return self.webhook(channel, messageId="3EB0TYPED", phone=to, fromMe=True, text={"message": text})

    def status_webhook(self, channel: Channel, message_id: str, client_id: str, state: str) -> Webhook:
        name = {"sent": "SENT", "delivered": "RECEIVED", "read": "READ"}[state]
        return self.webhook(channel, type="MessageStatusCallback", status=name, ids=[message_id])

    def file_webhook(self, channel: Channel, sender: str) -> Webhook:
        self.fake.files["/voice.ogg"] = b"OggS"
        self.fake.stumbling.add("/voice.ogg")
        audio = {"audioUrl": self.fake.url + "/voice.ogg", "mimeType": "audio/ogg; codecs=opus"}
        return self.webhook(channel, phone=sender, audio=audio)

    def confirmations(self, channel: Channel) -> list[Webhook]:
        """Our own message comes back, under the id that the lost answer named."""
        last = self.fake.sent[-1]
        own = {"fromMe": True, "fromApi": True, "messageId": last.message_id, "phone": last.body["phone"]}
        return [self.webhook(channel, text={"message": last.body["message"]}, **own)]

    def payloads(self, channel: Channel) -> list[Webhook]:
        told: list[dict[str, Any]] = [
            {"text": None, "image": {"imageUrl": "https://x/1", "mimeType": "image/jpeg", "caption": "veja"}},
            {"text": None, "location": {"latitude": -19.9, "longitude": -43.9, "name": "Loja"}},
            {"text": None, "contact": {"displayName": "Bia", "vCard": "BEGIN:VCARD\nFN:Bia\nEND:VCARD"}},
            {"text": None, "buttonsResponseMessage": {"buttonId": "s", "message": "Sim"}},
            {"text": None, "reaction": {"value": "👍", "referencedMessage": {"messageId": "3EB0"}}},
            {"type": "DisconnectedCallback", "error": "logged out", "disconnected": True},
        ]
        return [self.webhook(channel, **each) for each in told]

    def deliveries(self) -> list[Delivery]:
        return [self.delivery(each.body) for each in self.fake.sent]

    def delivery(self, body: dict[str, Any]) -> Delivery:
        words = body.get("message", body.get("caption", ""))
        return Delivery(body["phone"], words, file=not {"image", "document", "audio", "video"}.isdisjoint(body))

    def garble_next(self) -> bool:
        self.fake.drop_next(502)
        return True

    def fail_next(self, failure: Failure) -> None:
        match failure:
            case "retryable":
                self.fake.fail_next(400, "You are not connected.")
            case "permanent":
                self.fake.fail_next(400, "Phone number does not exist")
            case "lost":
                self.fake.drop_next()

    def test_wrong_signature_is_refused_and_nothing_kept(self, line: Any) -> None:
        """Z-API signs nothing: the proof is the token in the address, our instance's name, and its token if sent."""
        (good,) = self.webhooks(line.channel, [Said("m1", self.sender(1), "oi")])
        address = urlsplit(line.channel.webhook_url).path
        assert line.running.client.post(address[:-4] + "nope", data=good.body).status_code == 401
        assert self.post(line, Webhook({"z-api-token": "another"}, good.body)) == 401
        assert self.post(line, Webhook({}, good.body.replace(b"INSTANCE", b"ELSEWHERE"))) == 401
        assert line.running.messages_of(line.channel) == []

    def test_a_lost_answer_is_confirmed_by_our_own_message_come_back(self, line: Any) -> None:
        self.fail_next("lost")
        self.say(line, "oi")
        line.running.settle()
        assert self.sent_states(line) == [("unconfirmed", None)]
        for webhook in self.confirmations(line.channel):
            assert self.post(line, webhook) == 200
        assert self.sent_states(line) == [("sent", self.fake.sent[-1].message_id)]

    def sent_states(self, line: Any) -> list[tuple[str, str | None]]:
        messages = line.running.messages_of(line.channel)
        return [(m.status, m.provider_message_id) for m in messages if m.direction == "out" and m.kind != "note"]


@pytest.mark.parametrize(
    ("status", "text", "error"),
    [
        (400, "null not allowed", AuthLost),
        (400, "your client-token is not configured", AuthLost),
        (400, "Instance not found", AuthLost),
        (400, "To continue sending a message, you must subscribe to this instance again", AuthLost),
        (401, "Unauthorized", AuthLost),
        (403, "Forbidden", AuthLost),
        (404, "NOT_FOUND", AuthLost),
        (400, "You are not connected.", NotSent),
        (400, "Phone number does not exist", Refused),
        (405, "Method not allowed", Refused),
        (415, "Unsupported media type", Refused),
        (500, "Internal error", Ambiguous),
        (502, "Bad gateway", Ambiguous),
    ],
)
def test_errors_become_what_may_be_done(server: ZapiServer, status: int, text: str, error: type[SendError]) -> None:
    server.fail_next(status, text)
    with pytest.raises(error, match=text):
        send.send_message(make_channel(server), PERSON, Message("m", "text", "oi"))
    assert server.sent == []


def test_patience_is_told_in_seconds(server: ZapiServer) -> None:
    server.fail_next(429, "Too many requests", **{"Retry-After": "14"})
    with pytest.raises(RateLimited) as caught:
        send.send_message(make_channel(server), PERSON, Message("m", "text", "oi"))
    assert caught.value.retry_after == 14


def test_a_lost_answer_is_ambiguous_and_no_server_is_not_sent(server: ZapiServer) -> None:
    server.drop_next()
    with pytest.raises(Ambiguous):
        send.send_message(make_channel(server), PERSON, Message("m", "text", "oi"))
    assert [each.body["message"] for each in server.sent] == ["oi"]
    with pytest.raises(NotSent):
        send.send_message(make_channel(server, api_url="http://127.0.0.1:1"), PERSON, Message("m", "text", "oi"))
    with pytest.raises(AuthLost):
        send.send_message(make_channel(server, token="../../x"), PERSON, Message("m", "text", "oi"))
    with pytest.raises(AuthLost):
        send.send_message(make_channel(server, client_token="other"), PERSON, Message("m", "text", "oi"))


def test_words_buttons_and_quotes_are_sent(server: ZapiServer) -> None:
    channel = make_channel(server)
    quoted = Message("m", "text", "oi", quoted_id="3EB07")
    assert send.send_message(channel, PERSON, quoted) == "3EB0OUT000001"
    send.send_message(channel, PERSON, Message("m", "text", "Qual?", buttons=(Button("s", "Sim"), Button("n", "Não"))))
    send.send_message(channel, PERSON, Message("m", "text", "x" * 4000, author="person"))
    send.send_message(make_channel(server, typing=False), PERSON, Message("m", "text", "oi"))
    first, second, third, fourth = (each.body for each in server.sent)
    assert first == {"phone": "5531988887777", "message": "oi", "messageId": "3EB07", "delayTyping": 1}
    assert second["buttonList"] == {"buttons": [{"id": "s", "label": "Sim"}, {"id": "n", "label": "Não"}]}
    assert "delayTyping" not in third and "delayTyping" not in fourth
    assert [each.route for each in server.sent][:2] == ["/send-text", "/send-button-list"]


def test_files_are_sent_by_address_or_as_data_uri(server: ZapiServer) -> None:
    channel = make_channel(server)
    public = Media(mimetype="image/png", filename="a.png", url="https://example.com/media/1/s", data=b"\x89PNG")
    send.send_message(channel, PERSON, Message("m", "image", "veja", public))
    local = replace(public, url="http://127.0.0.1/media/1/s")
    send.send_message(channel, PERSON, Message("m", "audio", "", replace(local, mimetype="audio/ogg")))
    contract = replace(local, mimetype="application/pdf", filename="contrato.PDF")
    send.send_message(channel, PERSON, Message("m", "document", "segue", contract))
    image, audio, document = server.sent
    assert (image.route, image.body["image"], image.body["caption"]) == ("/send-image", public.url, "veja")
    assert (audio.route, audio.body["audio"]) == ("/send-audio", "data:audio/ogg;base64,iVBORw==")
    assert (document.route, document.body["fileName"]) == ("/send-document/pdf", "contrato.PDF")
    with pytest.raises(Refused):
        send.send_message(channel, PERSON, Message("m", "image", "", replace(local, data=None)))


def test_files_are_fetched_or_gone(server: ZapiServer) -> None:
    server.files["/f1.jpg"] = b"photo"
    fetched = send.fetch_file(Media(mimetype="image/jpeg", ref={"url": server.url + "/f1.jpg"}))
    assert (fetched.data, fetched.size) == (b"photo", 5)
    for url in (server.url + "/f2.jpg", "https://", "http://169.254.169.254/x", "file:///etc/passwd"):
        with pytest.raises(Refused):
            send.fetch_file(Media(ref={"url": url}))


def test_messages_are_marked_as_read(server: ZapiServer) -> None:
    assert send.mark_read(make_channel(server), PERSON, ["a", "b"])
    assert server.read == [{"phone": "5531988887777", "messageId": each} for each in ("a", "b")]


def test_connecting_points_the_webhooks_at_us_and_shows_a_code(server: ZapiServer) -> None:
    channel = make_channel(server)
    waiting = setup.connect(channel)
    assert waiting.state == "connecting" and waiting.qr is not None and waiting.qr.image == QR
    assert server.webhook == {"value": channel.webhook_url, "notifySentByMe": True}
    assert setup.get_status(channel).state == "disconnected"
    server.connected = True
    assert setup.connect(channel) == Connection("connected")
    assert setup.get_status(channel) == Connection("connected")
    assert setup.log_out(channel).state == "disconnected" and not server.connected
    assert setup.remove(channel) and server.webhook["value"] == ""


def test_connecting_explains_what_is_wrong(server: ZapiServer) -> None:
    with pytest.raises(AuthLost, match="Instance not found"):
        setup.connect(make_channel(server, instance_id="OTHER"))
    with pytest.raises(BadInput) as caught:
        setup.connect(replace(make_channel(server), webhook_url="http://127.0.0.1/x"))
    assert caught.value.slug == "public_url_needed"
