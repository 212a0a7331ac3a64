"""Instagram and Messenger, which share their envelope: the kit for each, their kinds of events, their windows."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from tawkee_core import (
    Address,
    Ambiguous,
    AuthLost,
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
    NotSent,
    RateLimited,
    Refused,
    SendError,
    Status,
    Watermark,
    safe_http,
)
from tawkee_core.db import run
from tawkee_core.testing import ChannelConformance
from tawkee_core.testing.conformance import Delivery, Failure, Line, Said, Webhook
from tawkee_meta import instagram, messenger, proof
from tawkee_meta.direct import parse, send, setup
from tests.fakes.graph_server import GraphServer
from tests.lines import wait_until

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
    (event,) = read_all(**item)
    return event


def read_all(**item: Any) -> list[Any]:
    base = {"sender": {"id": "77"}, "recipient": {"id": "2040"}, "timestamp": 1760000000000}
    return list(parse.parse_webhook(make_channel(), envelope(base | item), "page", "psid"))


def contacts(line: Line) -> list[Any]:
    return run(
        "select p.name from contact p join chat c on c.contact_id = p.id where c.channel_id = %s", (line.channel.id,)
    )


def delivery_of(to: str, said: dict[str, Any]) -> Delivery:
    titles = tuple(each["title"] for each in said.get("quick_replies", ()))
    return Delivery(to, said.get("text", ""), titles, "attachment" in said)


class DirectConformance(ChannelConformance):
    """What both kinds say to the kit."""

    object_name = ""
    profile: Mapping[str, str] = {}
    fake: GraphServer

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def graph(cls) -> Iterator[None]:
        with GraphServer() as cls.fake:
            yield

    def config(self) -> dict[str, Any]:
        return {"api_url": self.fake.url, "account_id": "2040", "typing": False, "read_receipts": False}

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

    def payloads(self, channel: Channel) -> list[Webhook]:
        base = {"sender": {"id": "77"}, "recipient": {"id": "2040"}, "timestamp": 1760000000000}
        image = {"type": "image", "payload": {"url": "https://cdn.example/1"}}
        told: list[dict[str, Any]] = [
            {"message": {"mid": "m1", "text": "veja", "attachments": [image], "reply_to": {"mid": "m0"}}},
            {"message": {"mid": "m2", "text": "Sim", "quick_reply": {"payload": "s"}}},
            {"postback": {"mid": "m3", "title": "Sim", "payload": "s"}},
            {"reaction": {"mid": "m0", "action": "react", "emoji": "👍", "reaction": "like"}},
            {"read": {"mid": "m0", "watermark": 1760000000000}},
            {"message": {"mid": "m4", "is_deleted": True}},
        ]
        return [self.signed(envelope(base | item, name=self.object_name)) for item in told]

    def deliveries(self) -> list[Delivery]:
        return [delivery_of(each["recipient"]["id"], each["message"]) for each in self.fake.sent]

    def garble_next(self) -> bool:
        self.fake.drop_next(502)
        return True

    def fail_next(self, failure: Failure) -> None:
        if failure == "lost":
            return self.fake.drop_next()
        temporary = (1200, "Temporary send message failure")
        self.fake.fail_next(400, *(temporary if failure == "retryable" else (551, "This person isn't available now")))

    def echo_webhook(self, channel: Channel, to: str, text: str) -> Webhook:
        echo = {"mid": f"m_echo-{to}", "text": text, "is_echo": True}
        item = {"sender": {"id": "2040"}, "recipient": {"id": to}, "message": echo}
        return self.signed(envelope(item, name=self.object_name))

    def status_webhook(self, channel: Channel, message_id: str, client_id: str, state: str) -> Webhook:
        seen = {"mid": message_id, "watermark": int(time.time() * 1000) + 60_000}  # Messenger names a moment
        told: Any = {"read": seen} if state == "read" else {"delivery": {"mids": [message_id]}}
        item = {"sender": {"id": self.sender(1)}, "recipient": {"id": "2040"}, **told}
        return self.signed(envelope(item, name=self.object_name))

    def test_what_was_read_by_a_moment_is_shown_as_read(self, line: Line) -> None:
        """Messenger names no message that was read, only a time."""
        self.ask(line)
        for before, status in ((60, "sent"), (-60, "read")):
            told = {"read": {"watermark": int((time.time() - before) * 1000)}}
            item = {"sender": {"id": self.sender(1)}, "recipient": {"id": "2040"}, **told}
            assert self.post(line, self.signed(envelope(item, name=self.object_name))) == 200
            line.running.settle()
            assert [message.status for message in self.outgoing(line)] == [status]

    def test_the_name_of_somebody_new_is_asked_for(self, line: Line) -> None:
        """By `channel_name`, since webhooks name nobody; who hides theirs stays without, and is answered too."""
        self.fake.people[self.sender(1)] = dict(self.profile)
        self.ask(line)
        wait_until(lambda: [row.name for row in contacts(line)] == ["Rita Sá"])
        self.fake.people.clear()
        asked = self.fake.calls.count(("GET", self.sender(1)))
        other = self.open_line(line.running)
        assert self.ask(other)[-1].text.endswith("oi")
        wait_until(lambda: self.fake.calls.count(("GET", self.sender(1))) > asked)
        assert [row.name for row in contacts(other)] == [""]

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
    profile = {"name": "Rita Sá", "username": "rita.sa"}


class TestMessenger(DirectConformance):
    kind = "messenger"
    object_name = "page"
    profile = {"first_name": "Rita", "last_name": "Sá"}


def test_text_keeps_time_and_quote() -> None:
    event = read(message={"mid": "m1", "text": "oi", "reply_to": {"mid": "m0"}})
    assert isinstance(event, Incoming)
    assert (event.id, event.text, event.quoted_id, event.addresses) == ("m1", "oi", "m0", (Address("psid", "77"),))
    assert event.sent_at is not None and event.sent_at.timestamp() == 1760000000


@pytest.mark.parametrize(
    ("stamp", "moment"),
    [
        ("2026-10-09T12:00:00-03:00", datetime(2026, 10, 9, 15, tzinfo=UTC)),
        ("2026-10-09T15:00:00", datetime(2026, 10, 9, 15, tzinfo=UTC)),
        ("9999-12-31T23:59:59-12:00", None),  # PostgreSQL would keep it, and could not be read any more
        ("0001-01-01T00:00:00+14:00", None),
        ("soon", None),
        (10**30, None),
    ],
)
def test_moment_is_in_a_calendar(stamp: Any, moment: datetime | None) -> None:
    assert read(message={"mid": "m1", "text": "oi"}, timestamp=stamp).sent_at == moment


def test_files_stories_shares_and_choices() -> None:
    links = [{"type": "image", "payload": {"url": f"https://cdn.example/{n}"}} for n in (1, 2)]
    links.append({"type": "file", "payload": {"url": "https://cdn.example/3"}})
    first, second, third = read_all(message={"mid": "m", "text": "veja", "attachments": links})
    assert [e.media.ref["url"] for e in (first, second, third)] == [f"https://cdn.example/{n}" for n in (1, 2, 3)]
    assert [(e.id, e.kind, e.text) for e in (first, second, third)] == [
        ("m", "image", "veja"),
        ("m:1", "image", ""),
        ("m:2", "document", ""),
    ]
    story = read(message={"mid": "m", "text": "amei", "reply_to": {"story": {"url": "https://cdn.example/s"}}})
    assert (story.text, story.data) == ("amei", {"story": "https://cdn.example/s"})
    share = read(message={"mid": "m", "attachments": [{"type": "ig_reel", "payload": {"url": "https://x.example/r"}}]})
    assert (share.kind, share.text) == ("text", "https://x.example/r")
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
    delivered = read_all(delivery={"mids": ["m1", "m2"], "watermark": 1})
    assert delivered == [Status("delivered", "m1"), Status("delivered", "m2")]
    moment = datetime(2025, 10, 9, 8, 53, 20, tzinfo=UTC)
    assert read(read={"watermark": 1760000000000}) == Watermark("read", Address("psid", "77"), moment)
    assert read(delivery={"watermark": "1760000000000"}) == Watermark("delivered", Address("psid", "77"), moment)
    assert isinstance(read(read={"watermark": "soon"}), Ignored)
    assert read(reaction={"mid": "m1", "action": "react", "emoji": "❤️"}).data == {"emoji": "❤️", "target": "m1"}
    assert read(message={"mid": "m1", "is_deleted": True}) == Deleted("m1")


def test_what_another_app_has_is_kept_and_not_answered() -> None:
    entry = {"id": "2040", "time": 1}
    item = {"sender": {"id": "77"}, "recipient": {"id": "2040"}, "timestamp": 1760000000000}
    said, echo = {"mid": "m1", "text": "oi"}, {"mid": "m2", "text": "olá", "is_echo": True}
    items = [item | {"message": said}, item | {"message": echo}, item | {"read": {"mid": "m3"}}]
    body = json.dumps({"object": "page", "entry": [entry | {"standby": items}]}).encode()
    kept, other, ignored = parse.parse_webhook(make_channel(), body, "page", "psid")
    assert isinstance(kept, Incoming) and (kept.text, kept.quiet) == ("oi", True)
    assert isinstance(other, Echo) and other.sent_by_api
    assert ignored == Ignored("standby: another app has the conversation")


def test_messages_that_come_as_changes_are_read() -> None:
    value = {"sender": {"id": "77"}, "recipient": {"id": "2040"}, "message": {"mid": "m1", "text": "oi"}}
    changes = [{"field": "messages", "value": value}, {"field": "comments", "value": {"text": "lindo"}}]
    body = json.dumps({"object": "instagram", "entry": [{"id": "0", "changes": changes}]}).encode()
    said, other = parse.parse_webhook(make_channel(), body, "instagram", "igsid")
    assert isinstance(said, Incoming) and said.text == "oi"
    assert other == Ignored("change of comments")


def test_one_broken_item_does_not_lose_the_others() -> None:
    body = envelope({"message": {"text": "no id"}}, {"sender": {"id": "77"}, "message": {"mid": "m", "text": "oi"}})
    broken, said = parse.parse_webhook(make_channel(), body, "page", "psid")
    assert isinstance(broken, Ignored) and isinstance(said, Incoming)


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
        events = read_all(**{name: content})
    except BadPayload:
        return
    assert all(isinstance(event, Incoming | Ignored | Status | Watermark | Deleted | Echo) for event in events)


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
    send.send_message(channel, PERSON, Message("m", "text", "Ainda quer?", author="person", late=True))
    first, early, second = server.sent
    assert (early["messaging_type"], early.get("tag")) == ("RESPONSE", None)
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


def test_instagrams_token_is_renewed_before_its_end(server: GraphServer) -> None:
    connected = instagram.plugin.channel_connect(make_channel(server, "instagram"))
    assert connected.config["renew_at"] > time.time() + 24 * 3600
    assert "renew_at" not in messenger.plugin.channel_connect(make_channel(server)).config
    renewed = instagram.plugin.channel_refresh(make_channel(server, "instagram"))
    assert renewed is not None and renewed.config["token"] == server.token == "graph-token-2"
    day = 24 * 3600
    assert renewed.config["expires_at"] - time.time() > 59 * day > 31 * day > renewed.config["renew_at"] - time.time()
    assert messenger.plugin.channel_refresh(make_channel(server)) is None


def test_a_token_that_is_not_renewed_serves_to_its_end(server: GraphServer) -> None:
    server.too_young = True
    with pytest.raises(NotSent):
        setup.refresh(make_channel(server, "instagram", expires_at=time.time() + 60))
    with pytest.raises(AuthLost):
        setup.refresh(make_channel(server, "instagram", expires_at=time.time() - 60))
    with pytest.raises(AuthLost):
        setup.refresh(make_channel(server, "instagram", token="withdrawn"))


def test_connecting_learns_the_account_and_subscribes(server: GraphServer) -> None:
    for plugin in (messenger.plugin, instagram.plugin):
        connected = setup.connect(make_channel(server), plugin.subscribed, plugin.account_fields)
    assert (connected.state, connected.config, server.subscribed) == ("connected", {"account_id": "2040"}, True)
    assert setup.disconnect(make_channel(server)).state == "disconnected"
    assert instagram.plugin.info.capabilities.person_window_hours == 168
