"""The Telegram channel: the kit, its own kinds of updates, its errors one by one, its set-up; on a real HTTP fake."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

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
    Edited,
    Ignored,
    Incoming,
    Media,
    Message,
    Moved,
    NotSent,
    RateLimited,
    Refused,
    SendError,
    safe_http,
)
from tawkee_core.testing import ChannelConformance
from tawkee_core.testing.conformance import Delivery, Failure, Said, Webhook
from tawkee_telegram import parse, send, setup
from tests.fakes.telegram_server import Fault, TelegramServer

RECORDED = Path(__file__).parents[3] / "shared" / "payloads" / "telegram"
SECRET = "s3cret_-"


@pytest.fixture
def server() -> Iterator[TelegramServer]:
    safe_http.allow_hosts("127.0.0.0/8")
    with TelegramServer() as server:
        yield server
    safe_http.allow_hosts("")


def make_channel(server: TelegramServer | None = None, **config: Any) -> Channel:
    given = {"token": server.token, "api_url": server.url} if server else {}
    values = {"username": "aurora_test_bot", **given, **config}
    return Channel("c", "w", "a", "telegram", "Bot", values, "https://example.com/webhooks/c/t", SECRET)


def read(update: Mapping[str, Any], **config: Any) -> Any:
    return parse.parse_update(make_channel(**config), json.dumps(update).encode())


def message(number: int = 1, chat_type: str = "private", **content: Any) -> dict[str, Any]:
    sender = {"id": 42, "is_bot": False, "first_name": "Rita", "last_name": "Melo"}
    base = {"message_id": number, "from": sender, "chat": {"id": 42, "type": chat_type}, "date": 1_760_000_000}
    return {"update_id": 1000 + number, "message": base | content}


class TestTelegram(ChannelConformance):
    kind = "telegram"
    fake: TelegramServer

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def telegram(cls) -> Iterator[None]:
        with TelegramServer() as cls.fake:
            yield

    def config(self) -> dict[str, Any]:
        return {"api_url": self.fake.url, "typing": False}

    def secrets(self) -> dict[str, Any]:
        return {"token": self.fake.token}

    def sender(self, number: int) -> str:
        return str(4000 + number)

    def webhooks(self, channel: Channel, said: Sequence[Said]) -> list[Webhook]:
        headers = {"X-Telegram-Bot-Api-Secret-Token": channel.webhook_secret}
        return [Webhook(headers, json.dumps(self.update(each)).encode()) for each in said]

    def update(self, said: Said) -> dict[str, Any]:
        number = int(said.id.replace("-", "")[:13], 16) % 2**40 + int(said.id[-6:], 16)
        update = message(number, text=said.text)
        update["message"] |= {"chat": {"id": int(said.sender), "type": "private"}, "date": int(time.time())}
        return update

    def file_webhook(self, channel: Channel, sender: str) -> Webhook:
        self.fake.files["files/late"] = b"voice"
        self.fake.failing_files.add("late")
        update = message(99, voice={"file_id": "late", "mime_type": "audio/ogg"})
        update["message"] |= {"chat": {"id": int(sender), "type": "private"}, "date": int(time.time())}
        headers = {"X-Telegram-Bot-Api-Secret-Token": channel.webhook_secret}
        return Webhook(headers, json.dumps(update).encode())

    def unknown_webhook(self, channel: Channel) -> Webhook:
        headers = {"X-Telegram-Bot-Api-Secret-Token": channel.webhook_secret}
        return Webhook(headers, b'{"update_id": 5, "chat_boost": {}}')

    def payloads(self, channel: Channel) -> list[Webhook]:
        chat = {"id": 42, "type": "supergroup", "title": "Turma"}
        person = {"id": 42, "first_name": "Rita", "username": "rita"}
        keyboard = {"inline_keyboard": [[{"text": "Sim", "callback_data": "s"}]]}
        asked = {"message_id": 8, "chat": chat, "reply_markup": keyboard}
        told = [
            message(1, photo=SIZES, caption="veja", reply_to_message=asked),
            message(2, location={"latitude": -19.9, "longitude": -43.9}, chat=chat),
            message(3, contact={"phone_number": "+5531988887777", "first_name": "Bia"}),
            message(4, document={"file_id": "d", "mime_type": "application/pdf", "file_size": 9, "file_name": "a.pdf"}),
            {"update_id": 5, "edited_message": message(5, text="outro")["message"]},
            {"update_id": 6, "callback_query": {"id": "9", "from": person, "message": asked, "data": "s"}},
            {"update_id": 7, "message_reaction": {"chat": chat, "message_id": 8, "user": person, "date": 1760000000,
                                                  "new_reaction": [{"type": "emoji", "emoji": "👍"}]}},
            {"update_id": 8, "my_chat_member": {"chat": chat, "from": person, "new_chat_member": {"status": "kicked"}}},
        ]  # fmt: skip
        headers = {"X-Telegram-Bot-Api-Secret-Token": channel.webhook_secret}
        return [Webhook(headers, json.dumps(each).encode()) for each in told]

    def deliveries(self) -> list[Delivery]:
        return [Delivery(each.chat, each.text) for each in self.fake.sent]

    def garble_next(self) -> bool:
        self.fake.drop_next(502)
        return True

    def fail_next(self, failure: Failure) -> None:
        match failure:
            case "retryable":
                self.fake.fail_next(429, "Too Many Requests: retry after 1", retry_after=1)
            case "permanent":
                self.fake.fail_next(403, "Forbidden: bot was blocked by the user")
            case "lost":
                self.fake.drop_next()


def test_text_keeps_sender_time_and_quote() -> None:
    event = read(message(7, text="Oi, tudo bem?", reply_to_message={"message_id": 3, "chat": {"id": 42}}))
    assert isinstance(event, Incoming)
    assert (event.id, event.text, event.name, event.quoted_id) == ("42:7", "Oi, tudo bem?", "Rita Melo", "42:3")
    assert event.addresses == (Address("telegram", "42"),)
    assert event.sent_at is not None and event.sent_at.timestamp() == 1_760_000_000


SIZES = [{"file_id": "s", "width": 1, "height": 1}, {"file_id": "l", "width": 9, "height": 9}]


@pytest.mark.parametrize(
    ("content", "kind", "mimetype"),
    [
        ({"photo": SIZES}, "image", "image/jpeg"),
        ({"voice": {"file_id": "l", "mime_type": "audio/ogg"}}, "audio", "audio/ogg"),
        ({"audio": {"file_id": "l"}}, "audio", "audio/mpeg"),
        ({"video": {"file_id": "l"}}, "video", "video/mp4"),
        ({"video_note": {"file_id": "l"}}, "video", "video/mp4"),
        ({"animation": {"file_id": "l"}, "document": {"file_id": "d"}}, "video", "video/mp4"),
        ({"document": {"file_id": "l", "mime_type": "application/pdf"}}, "document", "application/pdf"),
        ({"sticker": {"file_id": "l", "is_animated": 1}}, "sticker", "application/gzip"),
    ],
)  # fmt: skip
def test_files_are_known_by_kind_and_reference(content: dict[str, Any], kind: str, mimetype: str) -> None:
    event = read(message(**content, caption="veja"))
    assert (event.kind, event.media.mimetype, event.media.ref) == (kind, mimetype, {"file_id": "l"})


def test_places_and_contacts() -> None:
    place = read(message(location={"latitude": -19.9, "longitude": -43.9}, venue={"title": "Café", "address": "Rua A"}))
    assert (place.kind, place.data["latitude"], place.text) == ("location", -19.9, "Café, Rua A")
    card = read(message(contact={"first_name": "Ana", "phone_number": "+5531988887777"}))
    assert card.data == {"contacts": [{"name": "Ana", "phone": "+5531988887777"}]}


def test_groups_are_stored_only_when_wanted_and_answered_only_when_called() -> None:
    update = message(chat_type="supergroup", text="alguém sabe?")
    assert read(update) == Ignored("group message")
    quiet, called = (
        read(update, groups="store"),
        read(message(chat_type="group", text="oi @Aurora_Test_Bot"), groups="store"),
    )
    assert (quiet.group, quiet.mentioned, quiet.addresses[0].kind) == (True, False, "group")
    assert called.mentioned
    reply = message(
        chat_type="group",
        text="e o preço?",
        reply_to_message={"message_id": 1, "from": {"username": "aurora_test_bot"}},
    )
    assert read(reply, groups="store").mentioned


def test_groups_presses_admins_and_names_alike() -> None:
    shown = {"message_id": 5, "chat": {"id": -7, "type": "group", "title": "Obras"}}
    press = {"update_id": 1, "callback_query": {"id": "77", "from": {"id": 42}, "message": shown, "data": "yes"}}
    assert (read(press).group, read(press).mentioned, read(press).addresses[0].kind) == (True, True, "group")
    longer = message(chat_type="group", text="fala com @aurora_test_bot2")
    assert not read(longer, groups="store").mentioned
    admin = message(chat_type="group", text="oi", sender_chat={"id": -7, "title": "Obras"})
    admin["message"]["from"] = {"id": 1087968824, "is_bot": True, "username": "GroupAnonymousBot"}
    assert (read(admin, groups="store").kind, read(admin, groups="store").sender) == ("text", "Obras")
    person = {"id": 42, "first_name": "Rita"}
    said = message(chat_type="group", text="oi")
    said["message"] |= {"from": person, "chat": shown["chat"]}
    reacted = {"update_id": 4, "message_reaction": {"chat": shown["chat"], "message_id": 5, "user": person}}
    for told in (read(said, groups="store"), read(reacted, groups="store"), read(press)):
        assert told.sender == "42", "as in a chat of their own, so that whoever erases them finds it"
        assert told.data["group_name"] == "Obras"
        assert told.data["sender_name"] == ("" if told.kind == "choice" else "Rita")
    edit = {"update_id": 3, "edited_message": message(9, chat_type="group", text="novo")["message"]}
    assert read(edit) == Ignored("group message")


def test_a_group_that_becomes_a_supergroup_moves() -> None:
    update = message(chat_type="group", migrate_to_chat_id=-100123)
    assert read(update, groups="store") == Moved(Address("group", "42"), (Address("group", "-100123"),))


def test_presses_reactions_edits_and_blocks() -> None:
    keyboard = {"inline_keyboard": [[{"text": "Sim", "callback_data": "yes"}]]}
    shown = {"message_id": 5, "chat": {"id": 42, "type": "private"}, "reply_markup": keyboard}
    press = read({"update_id": 1, "callback_query": {"id": "77", "from": {"id": 42}, "message": shown, "data": "yes"}})
    assert (press.kind, press.text, press.data, press.id) == (
        "choice",
        "Sim",
        {"id": "yes", "title": "Sim"},
        "press:77",
    )
    reaction = {
        "chat": {"id": 42, "type": "private"},
        "message_id": 5,
        "new_reaction": [{"type": "emoji", "emoji": "👍"}],
    }
    assert read({"update_id": 2, "message_reaction": reaction}).data == {"emoji": "👍", "target": "42:5"}
    assert read({"update_id": 3, "edited_message": message(9, text="novo")["message"]}) == Edited("42:9", "novo")
    blocked = {"chat": {"id": 42}, "new_chat_member": {"status": "kicked"}}
    assert read({"update_id": 4, "my_chat_member": blocked}) == Ignored("the contact blocked the bot")
    assert isinstance(read(message(new_chat_members=[])), Ignored)


def test_a_press_under_a_keyboard_that_cannot_be_read_is_still_a_choice() -> None:
    shown = {"message_id": 5, "chat": {"id": 42, "type": "private"}, "reply_markup": {"inline_keyboard": -1}}
    press = read({"update_id": 1, "callback_query": {"id": "77", "from": {"id": 42}, "message": shown, "data": "yes"}})
    assert (press.kind, press.data["id"]) == ("choice", "yes")


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'{"update_id": 1, "message": 3}', b'{"update_id":1,"message":{"chat":{},"text":"x"}}']
)
def test_broken_updates_are_bad_payloads(body: bytes) -> None:
    with pytest.raises(BadPayload):
        parse.parse_update(make_channel(), body)


KEYS = st.sampled_from(("chat", "id", "from", "text", "photo", "message_id", "sticker", "location", "x"))
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=12
)


@given(st.sampled_from(sorted(parse.READERS)), JSON)
def test_any_content_is_an_event_or_a_bad_payload(name: str, content: Any) -> None:
    try:
        event = read({"update_id": 1, name: content}, groups="store")
    except BadPayload:
        return
    assert isinstance(event, Incoming | Edited | Ignored | Moved)


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded payloads are not beside this checkout")
def test_recorded_updates_are_read() -> None:
    expected = {
        "audio": "audio", "contact": "contact", "document": "document", "location": "location", "photo": "image",
        "reply": "text", "sticker": "sticker", "text_start": "text", "text_entities": "text", "video": "video",
        "voice": "audio", "callback_query_message": "choice", "message_reaction": "reaction",
        "photo_caption_sizes": "image", "forward_origin_new_style": "text",
    }  # fmt: skip
    for path in sorted(RECORDED.glob("*.json")):
        event = parse.parse_update(make_channel(groups="store"), path.read_bytes())
        if path.stem in expected:
            assert isinstance(event, Incoming) and event.kind == expected[path.stem], path.name
        else:
            assert isinstance(event, Incoming | Edited | Ignored), path.name


PERSON = Contact("p", "Rita", Address("telegram", "42"))


@pytest.mark.parametrize(
    ("status", "description", "error"),
    [
        (400, "Bad Request: message is too long", Refused),
        (401, "Unauthorized", AuthLost),
        (403, "Forbidden: bot was blocked by the user", Refused),
        (409, "Conflict: terminated by other getUpdates request", NotSent),
        (500, "Internal Server Error", Ambiguous),
        (502, "Bad Gateway", Ambiguous),
    ],
)
def test_errors_become_what_may_be_done(
    server: TelegramServer, status: int, description: str, error: type[SendError]
) -> None:
    server.fail_next(status, description)
    with pytest.raises(error, match=description.partition(":")[0]):
        send.send_message(make_channel(server), PERSON, Message("m", "text", "oi"))


def test_a_group_that_moved_is_tried_again(server: TelegramServer) -> None:
    server.faults.append(Fault(400, "Bad Request: group chat was upgraded", {"migrate_to_chat_id": -100123}))
    with pytest.raises(NotSent):
        send.send_message(make_channel(server), PERSON, Message("m", "text", "oi"))


def test_patience_is_told_in_seconds(server: TelegramServer) -> None:
    server.fail_next(429, "Too Many Requests: retry after 14", retry_after=14)
    with pytest.raises(RateLimited) as caught:
        send.send_message(make_channel(server), PERSON, Message("m", "text", "oi"))
    assert caught.value.retry_after == 14


def test_a_lost_answer_is_ambiguous_and_no_server_is_not_sent(server: TelegramServer) -> None:
    server.drop_next()
    with pytest.raises(Ambiguous):
        send.send_message(make_channel(server), PERSON, Message("m", "text", "oi"))
    assert server.texts() == ["oi"]
    closed = make_channel(server, api_url="http://127.0.0.1:1")
    with pytest.raises(NotSent):
        send.send_message(closed, PERSON, Message("m", "text", "oi"))


def test_files_are_sent_by_their_kind(server: TelegramServer) -> None:
    photo = Message("m", "image", "veja", Media(mimetype="image/png", filename="a.png", data=b"\x89PNG"))
    voice = Message("m", "audio", "", Media(mimetype="audio/ogg", filename="a.ogg", data=b"OggS"))
    assert send.send_message(make_channel(server), PERSON, photo) == "42:1"
    assert send.send_message(make_channel(server), PERSON, voice) == "42:2"
    assert [(s.method, s.text) for s in server.sent] == [("sendPhoto", "veja"), ("sendVoice", "")]
    assert b"\x89PNG" in server.sent[0].body


def test_files_are_fetched_or_gone(server: TelegramServer) -> None:
    server.files["files/f1"] = b"voice"
    fetched = send.fetch_file(make_channel(server), Media(mimetype="audio/ogg", ref={"file_id": "f1"}))
    assert (fetched.data, fetched.size) == (b"voice", 5)
    with pytest.raises(Refused):
        send.fetch_file(make_channel(server), Media(ref={"file_id": "f2"}))


def test_presses_are_answered_with_the_webhook_and_typing_is_shown(server: TelegramServer) -> None:
    answer = {"method": "answerCallbackQuery", "callback_query_id": "77"}
    assert parse.answer_press(b'{"update_id": 1, "callback_query": {"id": "77"}}') == answer
    for body in (b'{"update_id": 1, "message": {}}', b"[]", b"{", b'{"callback_query": 3}'):
        assert parse.answer_press(body) is None
    send.show_typing(make_channel(server), PERSON)
    assert [name for name, _ in server.calls] == ["sendChatAction"]


def test_connecting_points_the_webhook_at_us(server: TelegramServer) -> None:
    channel = make_channel(server)
    connected = setup.connect(channel)
    assert (connected.state, connected.config) == ("connected", {"username": "aurora_test_bot"})
    assert server.webhook["url"] == channel.webhook_url
    assert server.webhook["secret_token"] == SECRET
    assert "message_reaction" in server.webhook["allowed_updates"]
    assert setup.get_status(channel).state == "connected"
    assert setup.disconnect(channel).state == "disconnected"
    assert setup.get_status(channel).state == "disconnected"


def test_connecting_explains_what_is_wrong(server: TelegramServer) -> None:
    with pytest.raises(AuthLost):
        setup.connect(make_channel(server, token="999:wrong"))
    plain = make_channel(server)
    local = Channel(**{name: getattr(plain, name) for name in plain.__slots__} | {"webhook_url": "http://127.0.0.1/x"})
    with pytest.raises(BadInput) as caught:
        setup.connect(local)
    assert caught.value.slug == "public_url_needed"
