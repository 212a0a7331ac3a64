"""WhatsApp through the Cloud API: the kit, its kinds of messages, its errors, its set-up; on a real HTTP fake."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from tawkee_core import (
    Address,
    BadPayload,
    Channel,
    Deleted,
    Echo,
    Edited,
    Ignored,
    Incoming,
    InvalidWebhook,
    Moved,
    Status,
    Template,
    TemplatePart,
)
from tawkee_core.testing import ChannelConformance
from tawkee_core.testing.conformance import Delivery, Failure, Line, Said, Webhook
from tawkee_meta import proof
from tawkee_meta.whatsapp import parse
from tests.fakes.graph_server import GraphServer

RECORDED = Path(__file__).parents[3] / "shared" / "payloads" / "meta_whatsapp"
APP_SECRET = "app-secret-1"


def make_channel(server: GraphServer | None = None, **config: Any) -> Channel:
    reach = {"token": server.token, "api_url": server.url, "business_account_id": server.account} if server else {}
    values = {"phone_number_id": "1060", "app_secret": APP_SECRET, **reach, **config}
    return Channel("c", "w", "a", "whatsapp_cloud", "Zap", values, "https://example.com/webhooks/c/t", "verify-me")


def envelope(**value: Any) -> bytes:
    metadata = {"display_phone_number": "5531999990000", "phone_number_id": "1060"}
    change = {"field": "messages", "value": {"messaging_product": "whatsapp", "metadata": metadata, **value}}
    return json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "2040", "changes": [change]}]}).encode()


def sign(secret: str, body: bytes) -> dict[str, str]:
    return {proof.SIGNATURE: "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


def read(**message: Any) -> Any:
    base = {"id": "wamid.in1", "from": "5531988887777", "timestamp": "1760000000"}
    people = [{"profile": {"name": "Rita"}, "wa_id": "5531988887777", "user_id": "BR.1"}]
    (event,) = parse.parse_webhook(make_channel(), envelope(contacts=people, messages=[base | message]))
    return event


FILE_KINDS = ("image", "audio", "video", "document", "sticker")


def words_of(sent: dict[str, Any]) -> str:
    if "template" in sent:
        return str(sent["template"]["name"])
    if sent["type"] in FILE_KINDS:
        return str(sent[sent["type"]].get("caption", ""))
    part = sent.get("text") or sent["interactive"]["body"]
    return str(part.get("body") or part.get("text"))


def titles_of(sent: dict[str, Any]) -> tuple[str, ...]:
    buttons = sent.get("interactive", {}).get("action", {}).get("buttons", ())
    return tuple(each["reply"]["title"] for each in buttons)


class TestWhatsAppCloud(ChannelConformance):
    kind = "whatsapp_cloud"
    fake: GraphServer

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def graph(cls) -> Iterator[None]:
        with GraphServer() as cls.fake:
            yield

    def config(self) -> dict[str, Any]:
        return {"api_url": self.fake.url, "phone_number_id": self.fake.number, "read_receipts": False}

    def secrets(self) -> dict[str, Any]:
        return {"token": self.fake.token, "app_secret": APP_SECRET}

    def sender(self, number: int) -> str:
        return f"55319888877{number:02}"

    def webhooks(self, channel: Channel, said: Sequence[Said]) -> list[Webhook]:
        secret = channel.webhook_secret if channel.webhook_secret == "not the secret" else channel.config["app_secret"]
        messages = [
            {"id": f"wamid.{each.id}", "from": each.sender, "type": "text", "text": {"body": each.text}}
            for each in said
        ]
        body = envelope(messages=messages)
        return [Webhook(sign(secret, body), body)]

    def unknown_webhook(self, channel: Channel) -> Webhook:
        body = json.dumps(
            {"object": "whatsapp_business_account", "entry": [{"changes": [{"field": "flows", "value": {}}]}]}
        ).encode()
        return Webhook(sign(APP_SECRET, body), body)

    def payloads(self, channel: Channel) -> list[Webhook]:
        base = {"id": "wamid.1", "from": "5531988887777", "timestamp": "1760000000", "context": {"id": "wamid.0"}}
        people = [{"profile": {"name": "Rita"}, "wa_id": "5531988887777", "user_id": "BR.1"}]
        parts: list[dict[str, Any]] = [
            {"type": "image", "image": {"id": "7", "mime_type": "image/jpeg", "caption": "veja"}},
            {"type": "contacts", "contacts": [{"name": {"formatted_name": "Bia"}, "phones": [{"phone": "+55 31"}]}]},
            {"type": "interactive", "interactive": {"type": "button_reply", "button_reply": {"id": "s"}}},
        ]
        told = [envelope(contacts=people, messages=[base | part]) for part in parts]
        told.append(
            envelope(statuses=[{"id": "wamid.2", "status": "failed", "errors": [{"code": 131026, "title": "No"}]}])
        )
        return [Webhook(sign(APP_SECRET, body), body) for body in told]

    def deliveries(self) -> list[Delivery]:
        return [
            Delivery(each["to"], words_of(each), titles_of(each), each["type"] in FILE_KINDS) for each in self.fake.sent
        ]

    def garble_next(self) -> bool:
        self.fake.drop_next(502)
        return True

    def fail_next(self, failure: Failure) -> None:
        match failure:
            case "retryable":
                self.fake.fail_next(400, 131016, "Service overloaded")
            case "permanent":
                self.fake.fail_next(400, 131026, "Message undeliverable")
            case "lost":
                self.fake.drop_next()

    def signed(self, body: bytes) -> Webhook:
        return Webhook(sign(APP_SECRET, body), body)

    def echo_webhook(self, channel: Channel, to: str, text: str) -> Webhook:
        echo = {"id": f"wamid.echo-{to}", "to": to, "type": "text", "text": {"body": text}}
        return self.signed(envelope(message_echoes=[echo]).replace(b'"messages"', b'"smb_message_echoes"'))

    def status_webhook(self, channel: Channel, message_id: str, client_id: str, state: str) -> Webhook:
        status = {"id": message_id, "status": state, "biz_opaque_callback_data": client_id}
        return self.signed(envelope(statuses=[status]))

    def file_webhook(self, channel: Channel, sender: str) -> Webhook:
        self.fake.files["late"] = b"voice"
        self.fake.failing_files.add("late")
        audio = {"id": "late", "mime_type": "audio/ogg"}
        message = {"id": "wamid.file", "from": sender, "type": "audio", "audio": audio}
        return self.signed(envelope(messages=[message]))

    def confirmations(self, channel: Channel) -> list[Webhook]:
        sent = self.fake.sent[-1]
        status = {"id": f"wamid.out{len(self.fake.sent)}", "status": "sent"}
        return [
            self.signed(envelope(statuses=[status | {"biz_opaque_callback_data": sent["biz_opaque_callback_data"]}]))
        ]

    def test_other_channels_secret_is_refused(self) -> None:  # type: ignore[override]  # nothing of the kit's is needed
        """Two numbers of one app share the app's secret; what tells them apart is the address and the number's id."""
        with pytest.raises(InvalidWebhook):
            proof.verify_signature(make_channel(app_secret="another app"), sign(APP_SECRET, b"{}"), b"{}")
        other = json.loads(envelope(messages=[{"id": "x", "from": "1", "type": "text", "text": {"body": "oi"}}]))
        other["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = "9999"
        assert parse.parse_webhook(make_channel(), json.dumps(other).encode()) == [Ignored("event of another number")]

    def test_a_template_leaves_with_its_header_and_buttons(self, line: Line) -> None:
        self.ask(line)
        parts = (
            TemplatePart("header", "image", value="https://loja.example/a.png"),
            TemplatePart("button", "url", 1, value="pedido/7"),
            TemplatePart("button", "code", 2, value="SOL10"),
        )
        self.write(line, "", template=Template("oferta", "pt_BR", ("Rita",), (), parts))
        line.running.settle()
        template = self.fake.sent[-1]["template"]
        assert [part["type"] for part in template["components"]] == ["header", "button", "button", "body"]
        assert self.outgoing(line)[-1].status == "sent"


def test_text_keeps_both_addresses_name_time_and_quote() -> None:
    event = read(type="text", text={"body": "oi"}, from_user_id="BR.1", context={"id": "wamid.q"})
    assert event.addresses == (Address("phone", "5531988887777"), Address("bsuid", "BR.1"))
    assert (event.text, event.name, event.quoted_id, event.sent_at.timestamp()) == ("oi", "Rita", "wamid.q", 1760000000)


def test_a_customer_without_a_phone_is_known_by_bsuid() -> None:
    body = envelope(messages=[{"id": "m", "from_user_id": "BR.7", "type": "text", "text": {"body": "oi"}}])
    (event,) = parse.parse_webhook(make_channel(), body)
    assert isinstance(event, Incoming) and event.addresses == (Address("bsuid", "BR.7"),)


@pytest.mark.parametrize(
    ("message", "kind", "text"),
    [
        ({"type": "image", "image": {"id": "f", "mime_type": "image/jpeg", "caption": "veja"}}, "image", "veja"),
        ({"type": "audio", "audio": {"id": "f", "mime_type": "audio/ogg; codecs=opus", "voice": True}}, "audio", ""),
        ({"type": "document", "document": {"id": "f", "filename": "a.pdf"}}, "document", ""),
        ({"type": "location", "location": {"latitude": 1, "longitude": 2, "name": "Casa"}}, "location", "Casa"),
        ({"type": "contacts", "contacts": [{"name": {"formatted_name": "Ana"}}]}, "contact", "Ana"),
        ({"type": "button", "button": {"payload": "p", "text": "Sim"}}, "choice", "Sim"),
        ({"type": "interactive", "interactive": {"list_reply": {"id": "l", "title": "Grande"}}}, "choice", "Grande"),
        ({"type": "interactive"}, "unsupported", ""),
        ({"type": "unsupported", "errors": [{"code": 131051}]}, "unsupported", ""),
    ],
)
def test_every_kind_is_read(message: dict[str, Any], kind: str, text: str) -> None:
    event = read(**message)
    assert (event.kind, event.text) == (kind, text)


def test_flows_reactions_orders_edits_and_deletions() -> None:
    answers = {"nfm_reply": {"body": "Sent", "response_json": '{"size": "G", "flow_token": "secret"}'}}
    filled = read(type="interactive", interactive=answers)
    assert (filled.data, filled.text) == ({"flow": {"size": "G"}}, "Sent\nsize: G")
    hostile = {"nfm_reply": {"body": "Sent", "response_json": '{"size": "\\u0000\\ud800"}'}}
    assert read(type="interactive", interactive=hostile).data == {"flow": {"size": "?"}}
    reaction = read(type="reaction", reaction={"message_id": "wamid.1", "emoji": "👍"})
    assert reaction.data == {"emoji": "👍", "target": "wamid.1"}
    item = {"product_retailer_id": "BOLO", "quantity": 2, "item_price": 30, "currency": "BRL"}
    assert read(type="order", order={"product_items": [item]}).text == "2 × BOLO (30 BRL)"
    edit = {"original_message_id": "wamid.1", "message": {"type": "text", "text": {"body": "novo"}}}
    assert read(type="edit", edit=edit) == Edited("wamid.1", "novo")
    assert read(type="revoke", revoke={"original_message_id": "wamid.1"}) == Deleted("wamid.1")
    assert read(type="system", system={"type": "user_changed_number"}) == Ignored("system: user_changed_number")


def test_statuses_carry_our_id_and_why_they_failed() -> None:
    failed = {"id": "wamid.1", "status": "failed", "errors": [{"code": 131047, "error_data": {"details": "24 hours"}}]}
    sent = {"id": "wamid.2", "status": "sent", "biz_opaque_callback_data": "client-1"}
    events = parse.parse_webhook(make_channel(), envelope(statuses=[failed, sent]))
    assert events == [Status("failed", "wamid.1", None, "(131047) 24 hours"), Status("sent", "wamid.2", "client-1")]


def test_words_from_the_business_app_are_echoes() -> None:
    echo = {"id": "wamid.e", "to": "5531988887777", "type": "text", "text": {"body": "já respondo"}}
    body = envelope(message_echoes=[echo]).replace(b'"messages"', b'"smb_message_echoes"')
    (event,) = parse.parse_webhook(make_channel(), body)
    assert isinstance(event, Echo) and (event.text, event.sent_by_api) == ("já respondo", False)
    edit = {"original_message_id": "wamid.e", "message": {"type": "text", "text": {"body": "já vejo"}}}
    body = envelope(message_echoes=[echo | {"type": "edit", "edit": edit}]).replace(
        b'"messages"', b'"smb_message_echoes"'
    )
    assert parse.parse_webhook(make_channel(), body) == [Edited("wamid.e", "já vejo")]


def test_new_phones_and_new_ids_move_a_contact() -> None:
    phone, new = Address("phone", "5531988887777"), Address("phone", "5531900001111")
    told = {"type": "user_changed_number", "wa_id": "5531900001111", "user_id": "BR.9"}
    assert read(type="system", system=told) == Moved(phone, (new, Address("bsuid", "BR.9")))
    by_body = {"type": "user_changed_user_id", "user_id": "BR.9", "body": "User Rita changed from BR.7 to BR.9"}
    assert read(type="system", system=by_body) == Moved(Address("bsuid", "BR.7"), (Address("bsuid", "BR.9"),))
    update = {"user_id": {"previous": "BR.7", "current": "BR.9"}}
    body = envelope(user_id_update=[update]).replace(b'"messages"', b'"user_id_update"')
    assert parse.parse_webhook(make_channel(), body) == [Moved(Address("bsuid", "BR.7"), (Address("bsuid", "BR.9"),))]
    assert isinstance(read(type="system", system={"type": "customer_identity_changed"}), Ignored)


def test_one_broken_message_does_not_lose_the_others() -> None:
    good = {"id": "wamid.2", "from": "5531988887777", "type": "text", "text": {"body": "oi"}}
    events = parse.parse_webhook(make_channel(), envelope(messages=[{"id": "wamid.1", "type": "text"}, good]))
    assert [type(event) for event in events] == [Ignored, Incoming]


def test_the_advertisement_a_contact_came_by_is_kept() -> None:
    event = read(type="text", text={"body": "oi"}, referral={"source_type": "ad", "headline": "Bolos", "x": 1})
    assert event.data == {"referral": {"source_type": "ad", "headline": "Bolos"}}


def test_the_challenge_is_answered_only_for_our_token() -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": "verify-me", "hub.challenge": "1158201444"}
    assert proof.answer_challenge(make_channel(), query) == "1158201444"
    with pytest.raises(InvalidWebhook):
        proof.answer_challenge(make_channel(), query | {"hub.verify_token": "guess"})


@pytest.mark.parametrize("body", [b"[]", b'{"object":"page"}', b'{"object":"whatsapp_business_account","entry":[3]}'])
def test_broken_webhooks_are_bad_payloads(body: bytes) -> None:
    with pytest.raises(BadPayload):
        parse.parse_webhook(make_channel(), body)


KEYS = st.sampled_from(("id", "from", "type", "text", "image", "interactive", "contacts", "body", "errors", "x"))
LEAVES = st.none() | st.booleans() | st.integers() | st.sampled_from(("text", "image", "contacts", "edit", "a"))
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=12
)


@given(st.sampled_from(("messages", "statuses", "contacts")), JSON)
def test_any_content_is_events_or_a_bad_payload(name: str, content: Any) -> None:
    try:
        events = parse.parse_webhook(make_channel(), envelope(**{name: [content]}))
    except BadPayload:
        return
    assert all(isinstance(event, Incoming | Ignored | Status | Edited | Deleted | Moved) for event in events)


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded payloads are not beside this checkout")
def test_recorded_webhooks_are_read_and_their_signatures_hold() -> None:
    expected: dict[str, type] = {
        "message__text": Incoming, "bsuid_only_no_phone_text": Incoming, "message_status__read": Status,
        "deleted_message__revoke": Deleted, "edited_message__image": Edited, "outgoing_message__text": Echo,
        "template_status_update__approved": Ignored, "message__order": Incoming,
        "flow_completion__completion": Incoming, "system__phone_number_change": Moved,
        "outgoing_message__edit": Edited,
    }  # fmt: skip
    channel = make_channel(phone_number_id="")
    for path in sorted(RECORDED.glob("*__*.json")):
        events = parse.parse_webhook(channel, path.read_bytes())
        assert events, path.name
        if path.stem in expected:
            assert isinstance(events[0], expected[path.stem]), path.name
    cases = json.loads((RECORDED / "signatures.json").read_text())["cases"]
    for name, case in cases.items():
        headers = {key.lower(): value for key, value in case["headers"].items()}
        body = (RECORDED / name).read_bytes()
        assert proof.verify_signature(make_channel(app_secret=case["secret"]), headers, body)
