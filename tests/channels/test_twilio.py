"""SMS through Twilio: the kit, its signature, its forms, its errors one by one, its set-up; on a real HTTP fake."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from hypothesis import given, strategies as st

from tawkee_core import (
    Address,
    Ambiguous,
    AuthLost,
    BadInput,
    BadPayload,
    Channel,
    Contact,
    Ignored,
    Incoming,
    InvalidWebhook,
    Media,
    Message,
    NotSent,
    RateLimited,
    Refused,
    SendError,
    Status,
    safe_http,
)
from tawkee_core.testing import ChannelConformance
from tawkee_core.testing.conformance import Delivery, Failure, Said, Webhook
from tawkee_twilio import lookup, parse, proof, send, setup
from tests.fakes.twilio_server import NUMBER, SERVICE, TwilioServer, sign_form

RECORDED = Path(__file__).parents[3] / "shared" / "payloads" / "twilio_sms"
PERSON = Contact("p", "Rita", Address("phone", "+5531988887777"))
HOOK = "https://example.com/webhooks/c/t"


@pytest.fixture
def server() -> Iterator[TwilioServer]:
    safe_http.allow_hosts("127.0.0.0/8")
    with TwilioServer() as server:
        yield server
    safe_http.allow_hosts("")


def make_channel(server: TwilioServer | None = None, url: str = HOOK, **config: Any) -> Channel:
    values: dict[str, Any] = {"account_sid": "AC1", "auth_token": "token-1", "sender": NUMBER}
    if server:
        values |= {"account_sid": server.account, "auth_token": server.token, "api_url": server.url}
    return Channel("c", "w", "a", "twilio", "SMS", values | config, url, "secret")


def form_of(**more: str) -> dict[str, str]:
    base = {"MessageSid": "SM1", "AccountSid": "AC1", "From": "+5531988887777", "To": NUMBER, "NumMedia": "0"}
    return base | {"Body": "oi", "NumSegments": "1"} | more


def read_all(**more: str) -> list[Any]:
    return list(parse.parse_webhook(make_channel(), urlencode(form_of(**more)).encode()))


def read(**more: str) -> Any:
    (event,) = read_all(**more)
    return event


class TestTwilio(ChannelConformance):
    kind = "twilio"
    fake: TwilioServer

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def twilio(cls) -> Iterator[None]:
        with TwilioServer() as cls.fake:
            yield

    def config(self) -> dict[str, Any]:
        return {"api_url": self.fake.url, "account_sid": self.fake.account, "sender": NUMBER}

    def secrets(self) -> dict[str, Any]:
        return {"auth_token": self.fake.token}

    def sender(self, number: int) -> str:
        return f"+55319888877{number:02}"

    def sign(self, channel: Channel, form: dict[str, str]) -> Webhook:
        forged = channel.webhook_secret == "not the secret"
        return Webhook(*sign_form("another token" if forged else self.fake.token, channel.webhook_url, form))

    def webhooks(self, channel: Channel, said: Sequence[Said]) -> list[Webhook]:
        return [self.sign(channel, form_of(MessageSid=s.id, From=s.sender, Body=s.text)) for s in said]

    def unknown_webhook(self, channel: Channel) -> Webhook:
        return self.sign(channel, {"MessageSid": "SM9", "AccountSid": self.fake.account, "SomethingNew": "1"})

    def payloads(self, channel: Channel) -> list[Webhook]:
        told = [
            form_of(Body="PARAR", OptOutType="STOP"),
            form_of(NumMedia="2", MediaUrl0="https://x/1", MediaUrl1="https://x/2", MediaContentType1="image/png"),
            {"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": "30003"},
        ]
        return [self.sign(channel, form) for form in told]

    def status_webhook(self, channel: Channel, message_id: str, client_id: str, state: str) -> Webhook:
        return self.sign(channel, {"MessageSid": message_id, "MessageStatus": state, "SmsStatus": state})

    def file_webhook(self, channel: Channel, sender: str) -> Webhook:
        self.fake.files["ME1"] = b"\x89PNG"
        self.fake.stumbling.add("ME1")
        url = f"{self.fake.url}/2010-04-01/Accounts/{self.fake.account}/Messages/MM1/Media/ME1"
        return self.sign(channel, form_of(From=sender, NumMedia="1", MediaUrl0=url, MediaContentType0="image/png"))

    def deliveries(self) -> list[Delivery]:
        return [Delivery(each["To"], each.get("Body", "")) for each in self.fake.sent]

    def garble_next(self) -> bool:
        self.fake.drop_next(502)
        return True

    def fail_next(self, failure: Failure) -> None:
        match failure:
            case "retryable":
                self.fake.fail_next(429, 20429, "Too Many Requests", **{"Retry-After": "1"})
            case "permanent":
                self.fake.fail_next(400, 21610, "Attempt to send to unsubscribed recipient")
            case "lost":
                self.fake.drop_next()

    def post(self, line: Any, webhook: Webhook) -> int:
        return self.deliver(line, webhook).status_code  # type: ignore[no-any-return]  # Flask's test client is untyped

    def deliver(self, line: Any, webhook: Webhook) -> Any:
        """As Twilio posts: a form, and not the JSON that the kit takes for granted."""
        place = urlsplit(line.channel.webhook_url).path
        form = "application/x-www-form-urlencoded"
        return line.running.client.post(place, data=webhook.body, headers=dict(webhook.headers), content_type=form)

    def test_stop_is_kept_and_never_answered(self, line: Any) -> None:
        before = len(self.deliveries())
        self.say(line, " stop ")
        line.running.settle()
        (message,) = line.running.messages_of(line.channel)
        assert (message.text, message.data["opt_out"], self.deliveries()[before:]) == (" stop ", True, [])
        self.say(line, "quero sim")
        line.running.settle()
        assert len(self.deliveries()[before:]) == 1

    def test_twilio_reads_an_empty_answer(self, line: Any) -> None:
        """channel_acknowledge says nothing: a body would be taken for instructions."""
        (webhook,) = self.webhooks(line.channel, [Said("SM77", self.sender(1), "oi")])
        answer = self.deliver(line, webhook)
        assert (answer.status_code, answer.data, answer.mimetype) == (200, b"", "text/plain")
        line.running.settle()

    def test_lost_answer_is_found_at_twilio(self, line: Any) -> None:
        self.fail_next("lost")
        self.say(line, "oi")
        line.running.settle()
        (message,) = [m for m in line.running.messages_of(line.channel) if m.direction == "out"]
        assert (message.status, message.provider_message_id) == ("sent", f"SM{len(self.fake.sent):032}")


@pytest.mark.parametrize(
    ("ours", "signed"),
    [
        (HOOK, HOOK),
        (HOOK, "https://example.com:443/webhooks/c/t"),
        ("https://example.com:8443/webhooks/c/t", "https://example.com:8443/webhooks/c/t"),
        ("https://example.com:8443/webhooks/c/t", "https://example.com/webhooks/c/t"),
        ("http://example.com/webhooks/c/t", "http://example.com:80/webhooks/c/t"),
    ],
)
def test_signature_holds_with_and_without_port(ours: str, signed: str) -> None:
    headers, body = sign_form("token-1", signed, form_of(Body="Olá, tudo bem? +1 & 2=3", Nova=""))
    lower = {name.lower(): value for name, value in headers.items()}
    assert proof.verify_signature(make_channel(url=ours), lower, body)
    for channel, told, form in (
        (make_channel(url=ours, auth_token="other"), lower, body),
        (make_channel(url=ours, auth_token=""), lower, body),
        (make_channel(url=ours + "x"), lower, body),
        (make_channel(url=ours), {}, body),
        (make_channel(url=ours), {"x-twilio-signature": "é"}, body),
        (make_channel(url=ours), lower, body + b"&Body=more"),
        (make_channel(url=ours), lower, b"&".join(b"a%d=1" % n for n in range(600))),
    ):
        with pytest.raises(InvalidWebhook):
            proof.verify_signature(channel, told, form)


def test_values_of_one_name_are_signed_sorted_and_once() -> None:
    assert proof.sign("t", HOOK, {"b": ["2", "1", "2"], "a": [""]}) == proof.sign(
        "t", HOOK, {"a": [""], "b": ["1", "2"]}
    )


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded payloads are not beside this checkout")
def test_recorded_forms_are_verified_and_read() -> None:
    expected = {
        "inbound_sms": [Incoming], "inbound_minimal_messaging_service": [Incoming], "status_sent": [Status],
        "inbound_mms_two_media": [Incoming, Incoming], "inbound_stop_opt_out": [Incoming],
        "status_delivered": [Status], "status_undelivered": [Status],
    }  # fmt: skip
    for name, case in json.loads((RECORDED / "signatures.json").read_text())["cases"].items():
        body = urlencode(json.loads((RECORDED / name).read_text())).encode()
        headers = {key.lower(): value for key, value in case["headers"].items()}
        channel = make_channel(url=case["url"], auth_token=case["auth_token"])
        assert proof.verify_signature(channel, headers, body), name
        events = parse.parse_webhook(channel, body)
        assert [type(event) for event in events] == expected.pop(name.removesuffix(".json")), name
    assert expected == {}


def test_text_keeps_sender_words_and_segments() -> None:
    event = read(Body="Olá! ✓\0", NumSegments="2")
    assert (event.id, event.text, event.addresses) == ("SM1", "Olá! ✓", (Address("phone", "+5531988887777"),))
    assert (event.data, event.quiet) == ({"segments": 2}, False)


def test_every_file_of_an_mms_is_a_message() -> None:
    first, second, third = read_all(
        NumMedia="3",
        MediaUrl0="https://api.twilio.com/m/0", MediaContentType0="image/png",
        MediaUrl1="https://api.twilio.com/m/1", MediaContentType1="audio/amr",
        MediaUrl2="https://api.twilio.com/m/2", MediaContentType2="text/vcard; charset=utf-8",
    )  # fmt: skip
    assert [(e.id, e.kind, e.text) for e in (first, second, third)] == [
        ("SM1", "image", "oi"), ("SM1:1", "audio", ""), ("SM1:2", "document", ""),
    ]  # fmt: skip
    assert third.media == Media(mimetype="text/vcard", ref={"url": "https://api.twilio.com/m/2"})


@pytest.mark.parametrize(
    ("body", "told", "keyword"),
    [
        ("STOP", "", "STOP"), (" unsubscribe\n", "", "STOP"), ("sair", "STOP", "STOP"), ("Sair", "", "STOP"),
        ("PARAR", "", "STOP"),
        ("quero sair", "", ""), ("ajuda", "", ""), ("cancelar", "", ""), ("start", "", "START"),
        ("Help", "", "HELP"), ("yes", "", ""), ("yes", "START", "START"), ("stop it please", "", ""), ("oi", "ODD", ""),
    ],
)  # fmt: skip
def test_keywords_of_opting_out_are_quiet(body: str, told: str, keyword: str) -> None:
    event = read(Body=body, **({"OptOutType": told} if told else {}))
    assert (event.quiet, event.data.get("keyword", "")) == (bool(keyword), keyword)
    assert event.data.get("opt_out", False) is (keyword == "STOP")


@pytest.mark.parametrize("sender", ["whatsapp:+5531988887777", "messenger:1", "BANCO", "", "12"])
def test_nobody_is_answered_who_has_no_phone(sender: str) -> None:
    assert isinstance(read(From=sender), Ignored)


def test_statuses_tell_why() -> None:
    assert read(MessageStatus="delivered") == Status("delivered", id="SM1")
    assert read(MessageStatus="sent", ErrorCode="0") == Status("sent", id="SM1")
    failed = read(MessageStatus="undelivered", ErrorCode="30003")
    assert (failed.state, failed.error) == ("failed", "(30003) the phone is off or out of reach")
    assert "see twilio.com" in read(MessageStatus="failed", ErrorCode="39999").error
    assert read(MessageStatus="queued") == Ignored("status queued")


@pytest.mark.parametrize("body", [b"", b"{}", b"Body=oi", b"\xff\xfe", b"&&&", b"MessageSid="])
def test_forms_without_a_message_are_bad_payloads(body: bytes) -> None:
    with pytest.raises(BadPayload):
        parse.parse_webhook(make_channel(), body)


NAMES = st.sampled_from(("Body", "From", "NumMedia", "MediaUrl0", "MediaContentType0", "NumSegments", "OptOutType",
                         "MessageStatus", "ErrorCode", "ProfileName"))  # fmt: skip


@given(st.dictionaries(NAMES, st.text(max_size=20)), st.binary(max_size=40))
def test_any_form_is_events_or_a_bad_payload(form: dict[str, str], more: bytes) -> None:
    body = urlencode({"MessageSid": "SM1"} | form, errors="replace").encode() + b"&" + more
    try:
        events = parse.parse_webhook(make_channel(), body)
    except BadPayload:
        return
    assert events and all(isinstance(event, Incoming | Status | Ignored) for event in events)


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (401, 20003, AuthLost), (403, 20005, AuthLost), (404, 20404, AuthLost), (400, 30002, AuthLost),
        (400, 21211, Refused), (400, 21408, Refused), (400, 21610, Refused), (400, 21612, Refused),
        (400, 21614, Refused), (400, 21617, Refused), (400, 21606, Refused), (400, 12300, Refused),
        (429, 20429, RateLimited), (400, 21611, RateLimited), (429, 63038, RateLimited),
        (500, 20500, Ambiguous), (503, 20503, Ambiguous),
    ],
)  # fmt: skip
def test_errors_become_what_may_be_done(server: TwilioServer, status: int, code: int, error: type[SendError]) -> None:
    server.fail_next(status, code, "as they say it")
    with pytest.raises(error, match=f"{code}.*as they say it"):
        send.send_message(make_channel(server), PERSON, Message("m", "text", "oi"))
    assert server.sent == []


def test_patience_is_told_in_seconds(server: TwilioServer) -> None:
    for given_headers, seconds in (({"Retry-After": "14"}, 14.0), ({}, 30.0)):
        server.fail_next(429, 20429, "Too Many Requests", **given_headers)
        with pytest.raises(RateLimited) as caught:
            send.send_message(make_channel(server), PERSON, Message("m", "text", "oi"))
        assert caught.value.retry_after == seconds


def test_a_lost_answer_is_ambiguous_and_no_server_is_not_sent(server: TwilioServer) -> None:
    server.drop_next()
    with pytest.raises(Ambiguous):
        send.send_message(make_channel(server), PERSON, Message("m", "text", "oi"))
    assert [each["Body"] for each in server.sent] == ["oi"]
    with pytest.raises(NotSent):
        send.send_message(make_channel(server, api_url="http://127.0.0.1:1"), PERSON, Message("m", "text", "oi"))
    with pytest.raises(AuthLost):
        send.send_message(make_channel(server, account_sid="../x"), PERSON, Message("m", "text", "oi"))


def test_a_message_in_doubt_is_known_by_words_files_and_time(server: TwilioServer) -> None:
    channel, message = make_channel(server), Message("m", "text", "oi")
    now = time.time()
    assert lookup.look_up(channel, PERSON, message, now) is None
    assert lookup.look_up(channel, PERSON, message, now - 60) == ""
    sid = send.send_message(channel, PERSON, message)
    assert lookup.look_up(channel, PERSON, message, now) == sid
    assert lookup.look_up(channel, PERSON, replace(message, text="outra"), now - 60) == ""
    assert lookup.look_up(channel, PERSON, replace(message, media=Media()), now - 60) == ""
    assert lookup.look_up(channel, PERSON, message, now + 60) is None
    assert lookup.look_up(make_channel(server, auth_token="wrong"), PERSON, message, now - 60) is None


def test_words_and_files_are_sent_by_number_or_service(server: TwilioServer) -> None:
    photo = Media(mimetype="image/png", url="https://example.com/media/1/s", data=b"\x89PNG")
    send.send_message(make_channel(server), PERSON, Message("m", "text", "oi"))
    send.send_message(make_channel(server, sender=SERVICE), PERSON, Message("m", "image", "veja", photo))
    words, file = server.sent
    assert words == {"To": "+5531988887777", "From": NUMBER, "Body": "oi", "StatusCallback": HOOK}
    assert (file["MessagingServiceSid"], file["MediaUrl"], file["Body"]) == (SERVICE, photo.url, "veja")
    local = replace(photo, url="http://127.0.0.1/media/1/s")
    for message in (Message("m", "image", "veja", local), Message("m", "text", " ")):
        with pytest.raises(Refused):
            send.send_message(make_channel(server), PERSON, message)


def test_files_are_fetched_without_showing_the_store_our_credentials(server: TwilioServer) -> None:
    server.files["ME1"] = b"photo"
    root = f"{server.url}/2010-04-01/Accounts/{server.account}/Messages/MM1/Media/"
    fetched = send.fetch_file(make_channel(server), Media(mimetype="image/png", ref={"url": root + "ME1"}))
    assert (fetched.data, fetched.size) == (b"photo", 5)
    for url in (root + "ME2", "http://169.254.169.254/x", "file:///etc/passwd", ""):
        with pytest.raises(Refused):
            send.fetch_file(make_channel(server), Media(ref={"url": url}))


@pytest.mark.parametrize(("sender", "kept"), [(NUMBER, "sms_url"), (SERVICE, "inbound_request_url")])
def test_connecting_points_the_sender_at_us(server: TwilioServer, sender: str, kept: str) -> None:
    channel = make_channel(server, sender=sender)
    receiver = server.number if sender == NUMBER else server.service
    assert setup.get_status(channel).state == "disconnected"
    assert setup.connect(channel).state == "connected"
    assert (receiver[kept], setup.get_status(channel).state) == (HOOK, "connected")
    assert setup.disconnect(channel).state == "disconnected" and receiver[kept] == ""
    receiver[kept] = "https://someone.else/"
    setup.disconnect(channel)
    assert receiver[kept] == "https://someone.else/"


def test_connecting_explains_what_is_wrong(server: TwilioServer) -> None:
    with pytest.raises(AuthLost, match="20003"):
        setup.connect(make_channel(server, auth_token="wrong"))
    wrong = {
        "number_not_found": make_channel(server, sender="+14155550199"),
        "bad_input": make_channel(server, sender="ACME"),
        "public_url_needed": make_channel(server, url="http://127.0.0.1/x"),
    }
    for slug, channel in wrong.items():
        with pytest.raises(BadInput) as caught:
            setup.connect(channel)
        assert caught.value.slug == slug
