"""Instagram and Messenger, which share their envelope: the kit for each, their kinds of events, their windows."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tawkee_core import (
    Address,
    Ambiguous,
    BadPayload,
    Button,
    Channel,
    Contact,
    Deleted,
    Echo,
    Ignored,
    Incoming,
    Media,
    Message,
    RateLimited,
    Refused,
    SendError,
    Status,
    safe_http,
)
from tawkee_core.testing import ChannelConformance
from tawkee_core.testing.conformance import Delivery, Failure, Said, Webhook
from tawkee_meta import instagram, messenger, proof
from tawkee_meta.direct import parse, send, setup
from tests.fakes.graph_server import GraphServer

PAYLOADS = Path(__file__).parents[3] / "shared" / "payloads"
APP_SECRET = "app-secret-2"
PERSON = Contact("p", "Rita", Address("psid", "3383290475000708"))


@pytest.fixture
def server() -> Iterator[GraphServer]:
    safe_http.allow_hosts("127.0.0.0/8")
    with GraphServer() as server:
        yield server
    safe_http.allow_hosts("")


def make_channel(server: GraphServer | None = None, kind: str = "messenger", **config: Any) -> Channel:
    reach = {"token": server.token, "api_url": server.url} if server else {}
    values = {"app_secret": APP_SECRET, "app_id": "15", "account_id": "2040", **reach, **config}
    return Channel("c", "w", "a", kind, "Página", values, "https://example.com/webhooks/c/t", "verify-me")


def envelope(*items: dict[str, Any], name: str = "page", account: str = "2040") -> bytes:
    return json.dumps({"object": name, "entry": [{"id": account, "time": 1, "messaging": list(items)}]}).encode()


def sign(secret: str, body: bytes) -> dict[str, str]:
    return {proof.SIGNATURE: "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


def read(**item: Any) -> Any:
    base = {"sender": {"id": "77"}, "recipient": {"id": "2040"}, "timestamp": 1760000000000}
    (event,) = parse.parse_webhook(make_channel(), envelope(base | item), "page", "psid")
    return event


class DirectConformance(ChannelConformance):
    """What both kinds say to the kit."""

    object_name = ""
    fake: GraphServer

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def graph(cls) -> Iterator[None]:
        with GraphServer() as cls.fake:
            yield

    def config(self) -> dict[str, Any]:
        reach = {"api_url": self.fake.url, "account_id": "2040", "contact_seconds": 0}
        return reach | {"typing": False, "read_receipts": False}

    def secrets(self) -> dict[str, Any]:
        return {"token": self.fake.token, "app_secret": APP_SECRET}

    def sender(self, number: int) -> str:
        return f"338329047500070{number}"

    def webhooks(self, channel: Channel, said: Sequence[Said]) -> list[Webhook]:
        secret = channel.webhook_secret if channel.webhook_secret == "not the secret" else APP_SECRET
        items = [
            {"sender": {"id": each.sender}, "recipient": {"id": "2040"}, "message": {"mid": each.id, "text": each.text}}
            for each in said
        ]
        return [self.signed(envelope(*items, name=self.object_name), secret)]

    def signed(self, body: bytes, secret: str = APP_SECRET) -> Webhook:
        return Webhook(sign(secret, body), body)

    def unknown_webhook(self, channel: Channel) -> Webhook:
        return self.signed(envelope({"sender": {"id": "1"}, "game_play": {}}, name=self.object_name))

    def deliveries(self) -> list[Delivery]:
        return [Delivery(each["recipient"]["id"], each["message"]["text"]) for each in self.fake.sent]

    def fail_next(self, failure: Failure) -> None:
        match failure:
            case "retryable":
                self.fake.fail_next(400, 1200, "Temporary send message failure")
            case "permanent":
                self.fake.fail_next(400, 551, "This person isn't available right now")
            case "lost":
                self.fake.drop_next()

    def echo_webhook(self, channel: Channel, to: str, text: str) -> Webhook:
        echo = {"mid": f"m_echo-{to}", "text": text, "is_echo": True}
        item = {"sender": {"id": "2040"}, "recipient": {"id": to}, "message": echo}
        return self.signed(envelope(item, name=self.object_name))

    def status_webhook(self, channel: Channel, message_id: str, client_id: str, state: str) -> Webhook:
        told = {"delivery": {"mids": [message_id]}} if state == "delivered" else {"delivery": {"watermark": 1}}
        item = {"sender": {"id": self.sender(1)}, "recipient": {"id": "2040"}, **told}
        return self.signed(envelope(item, name=self.object_name))

    def confirmations(self, channel: Channel) -> list[Webhook]:
        sent = self.fake.sent[-1]
        echo = {"mid": f"m_out{len(self.fake.sent)}", "text": sent["message"]["text"], "is_echo": True}
        item = {"sender": {"id": "2040"}, "recipient": sent["recipient"], "message": echo}
        return [self.signed(envelope(item, name=self.object_name))]

    def test_other_channels_secret_is_refused(self) -> None:  # type: ignore[override]  # nothing of the kit's is needed
        """Accounts of one app share the app's secret; what tells them apart is the address and the account's id."""
        body = envelope({"sender": {"id": "1"}, "message": {"mid": "m", "text": "oi"}}, account="9999")
        events = parse.parse_webhook(make_channel(), body, "page", "psid")
        assert events == [Ignored("event of another account")]


class TestInstagram(DirectConformance):
    kind = "instagram"
    object_name = "instagram"


class TestMessenger(DirectConformance):
    kind = "messenger"
    object_name = "page"


def test_text_keeps_time_and_quote() -> None:
    event = read(message={"mid": "m1", "text": "oi", "reply_to": {"mid": "m0"}})
    assert isinstance(event, Incoming)
    assert (event.id, event.text, event.quoted_id, event.addresses) == ("m1", "oi", "m0", (Address("psid", "77"),))
    assert event.sent_at is not None and event.sent_at.timestamp() == 1760000000


def test_files_stories_shares_and_choices() -> None:
    links = [{"type": "image", "payload": {"url": f"https://cdn.example/{n}"}} for n in (1, 2)]
    image = read(message={"mid": "m", "attachments": links})
    assert (image.kind, image.media.ref["url"], len(image.data["links"])) == ("image", "https://cdn.example/1", 2)
    story = read(message={"mid": "m", "text": "amei", "reply_to": {"story": {"url": "https://cdn.example/s"}}})
    assert (story.text, story.data) == ("amei", {"story": "https://cdn.example/s"})
    share = read(message={"mid": "m", "attachments": [{"type": "ig_reel", "payload": {"url": "https://x.example/r"}}]})
    assert share.data == {"shared": "ig_reel", "link": "https://x.example/r"}
    quick = read(message={"mid": "m", "text": "Sim", "quick_reply": {"payload": "YES"}})
    assert (quick.kind, quick.data) == ("choice", {"id": "YES", "title": "Sim"})
    assert read(postback={"payload": "START"}).id == "postback:77:1760000000000"
    assert read(message={"mid": "m", "is_unsupported": True}).kind == "unsupported"


def test_echoes_receipts_reactions_and_deletions() -> None:
    echo = {"mid": "m", "text": "já vejo", "is_echo": True, "app_id": 15}
    ours = read(message=echo, sender={"id": "2040"}, recipient={"id": "77"})
    assert isinstance(ours, Echo) and ours.sent_by_api and ours.addresses == (Address("psid", "77"),)
    assert not read(message=echo | {"app_id": 99}, recipient={"id": "77"}).sent_by_api
    assert read(delivery={"mids": ["m1", "m2"], "watermark": 1}) == Status("delivered", "m2")
    assert read(read={"mid": "m1"}) == Status("read", "m1")
    assert isinstance(read(read={"watermark": 1}), Ignored)
    assert read(reaction={"mid": "m1", "action": "react", "emoji": "❤️"}).data == {"emoji": "❤️", "target": "m1"}
    assert read(message={"mid": "m1", "is_deleted": True}) == Deleted("m1")


@pytest.mark.parametrize("body", [b"[]", b'{"object":"user"}', b'{"object":"page","entry":[1]}', b'{"object":"page"}'])
def test_broken_webhooks_are_bad_payloads(body: bytes) -> None:
    with pytest.raises(BadPayload):
        parse.parse_webhook(make_channel(), body, "page", "psid")


KEYS = st.sampled_from(("mid", "text", "attachments", "reply_to", "quick_reply", "id", "payload", "type", "url", "x"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)


@given(st.sampled_from(("message", "postback", "reaction", "read", "delivery", "sender")), JSON)
def test_any_content_is_an_event_or_a_bad_payload(name: str, content: Any) -> None:
    try:
        event = read(**{name: content})
    except BadPayload:
        return
    assert isinstance(event, Incoming | Ignored | Status | Deleted | Echo)


@pytest.mark.skipif(not PAYLOADS.is_dir(), reason="the recorded payloads are not beside this checkout")
@pytest.mark.parametrize(("folder", "name"), [("instagram", "instagram"), ("messenger", "page")])
def test_recorded_webhooks_are_read_and_their_signatures_hold(folder: str, name: str) -> None:
    channel = make_channel(account_id="")
    for path in sorted((PAYLOADS / folder).glob("*.json")):
        if path.stem == "signatures":
            continue
        events = parse.parse_webhook(channel, path.read_bytes(), name, "psid")
        assert events, path.name
        if path.stem.startswith(("text", "image", "quick_reply", "postback", "two_entries")):
            assert all(isinstance(event, Incoming) for event in events), path.name
        if path.stem.startswith("echo"):
            assert isinstance(events[0], Echo), path.name
    for file, case in json.loads((PAYLOADS / folder / "signatures.json").read_text())["cases"].items():
        headers = {key.lower(): value for key, value in case["headers"].items()}
        body = (PAYLOADS / folder / file).read_bytes()
        assert proof.verify_signature(make_channel(app_secret=case["secret"]), headers, body)


@pytest.mark.parametrize(
    ("code", "subcode", "error"),
    [(10, 2018278, Refused), (10, 2534022, Refused), (100, 0, Refused), (613, 0, RateLimited), (131000, 0, Ambiguous)],
)
def test_errors_become_what_may_be_done(server: GraphServer, code: int, subcode: int, error: type[SendError]) -> None:
    server.fail_next(400, code, "as Meta says it", subcode)
    with pytest.raises(error, match="as Meta says it"):
        send.send_message(make_channel(server), PERSON, Message("m", "text", "oi"))


def test_people_answer_with_their_tag_and_choices_are_quick_replies(server: GraphServer) -> None:
    channel, buttons = make_channel(server), (Button("s", "Sim"), Button("n", "Não"))
    send.send_message(channel, PERSON, Message("m", "text", "Serve?", buttons=buttons))
    send.send_message(channel, PERSON, Message("m", "text", "Sou a Ana", author="person"))
    first, second = server.sent
    assert [r["payload"] for r in first["message"]["quick_replies"]] == ["s", "n"]
    assert (first["messaging_type"], second.get("tag")) == ("RESPONSE", "HUMAN_AGENT")
    send.show_action(channel, PERSON, "typing_on")
    assert server.actions == ["typing_on"]


def test_files_go_by_a_public_link_only(server: GraphServer) -> None:
    photo = Media(mimetype="image/png", url="https://tawkee.example/media/1/sig", data=b"x")
    send.send_message(make_channel(server), PERSON, Message("m", "image", "", photo))
    attachment = server.sent[0]["message"]["attachment"]
    assert attachment == {"type": "image", "payload": {"url": photo.url, "is_reusable": False}}
    with pytest.raises(Refused, match="TAWKEE_PUBLIC_URL"):
        local = Media(mimetype="image/png", url="http://127.0.0.1/x", data=b"x")
        send.send_message(make_channel(server), PERSON, Message("m", "image", "", local))


def test_connecting_learns_the_account_and_subscribes(server: GraphServer) -> None:
    connected = setup.connect(make_channel(server), messenger.SUBSCRIBED)
    assert (connected.state, connected.config, server.subscribed) == ("connected", {"account_id": "2040"}, True)
    assert setup.disconnect(make_channel(server)).state == "disconnected"
    assert instagram.channel_info().capabilities.person_window_hours == 168
