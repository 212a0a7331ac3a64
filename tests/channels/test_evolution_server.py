"""Every hook of the Evolution channel against a server that speaks the protocol, faults included."""

import base64
import time
from collections.abc import Iterator
from typing import Any

import pytest

import tawkee_evolution as evolution
from tawkee_core import (
    Address,
    Ambiguous,
    AuthLost,
    BadInput,
    Channel,
    ConnectFailed,
    Contact,
    Media,
    Message,
    NotSent,
    RateLimited,
    Refused,
    Unavailable,
    UnsafeUrl,
    safe_http,
)
from tests.fakes.evolution_server import EvolutionServer
from tests.fakes.evolution_world import Fault

ID = "01920000-0000-7000-8000-00000000abcd"
NAME = "tawkee-00000000abcd"
JID = "5531977771111@s.whatsapp.net"
CONTACT = Contact("1", "Beatriz", Address("phone", JID), "+5531977771111")
OGG = b"OggS" + bytes(200)


@pytest.fixture
def server() -> Iterator[EvolutionServer]:
    before = safe_http.process_policy
    safe_http.allow_hosts("127.0.0.1")
    with EvolutionServer() as running:
        yield running
    safe_http.process_policy = before


def make_channel(server: EvolutionServer, **config: Any) -> Channel:
    given = {"base_url": server.url, "api_key": server.key, **config}
    return Channel(ID, "w", "a", "evolution", "WhatsApp", given, "http://127.0.0.1:9/webhooks/c/s", "s" * 43)


@pytest.fixture
def channel(server: EvolutionServer) -> Channel:
    """A channel whose instance is connected."""
    server.make_instance(NAME, state="open")
    return make_channel(server, instance=NAME)


def text(words: str = "Temos sim!", **more: Any) -> Message:
    return Message("m1", "text", words, **more)


def send(channel: Channel, message: Message) -> str:
    return evolution.channel_send(channel, CONTACT, message)


# ---- set-up


def test_connecting_creates_the_instance_with_its_webhook_and_shows_a_code(server: EvolutionServer) -> None:
    channel = make_channel(server)
    stands = evolution.channel_connect(channel)
    assert stands.state == "connecting" and stands.qr and stands.qr.image.startswith("data:image/png;base64,")
    assert stands.config["instance"] == NAME
    created = server.instances[NAME]
    assert created.webhook["url"] == channel.webhook_url
    assert created.webhook["headers"] == {"authorization": "Bearer " + "s" * 43}
    assert created.webhook["enabled"] and not created.webhook["byEvents"]
    assert {"MESSAGES_UPSERT", "SEND_MESSAGE", "CONNECTION_UPDATE", "QRCODE_UPDATED"} <= set(created.webhook["events"])
    assert created.settings["groupsIgnore"] is True


def test_connecting_again_does_no_harm(server: EvolutionServer) -> None:
    channel = make_channel(server)
    evolution.channel_connect(channel)
    server.instances[NAME].webhook = {}
    again = evolution.channel_connect(channel)
    assert again.state == "connecting" and again.qr and again.qr.code == f"2@code2{NAME}"
    assert server.instances[NAME].webhook["url"] == channel.webhook_url and len(server.instances) == 1
    server.scan(NAME)
    assert evolution.channel_connect(channel).state == "connected"


def test_an_instance_that_was_there_is_used_with_its_own_token(server: EvolutionServer) -> None:
    server.make_instance("loja", settings={"groupsIgnore": True, "rejectCall": True}, state="open")
    channel = make_channel(server, instance="loja", api_key="token-loja", groups="store")
    assert evolution.channel_connect(channel).state == "connected"
    assert server.instances["loja"].settings["groupsIgnore"] is False
    assert server.instances["loja"].settings["rejectCall"] is True, "its other settings stay"
    evolution.channel_delete(channel)
    assert server.instances["loja"].webhook["enabled"] is False, "not ours to delete; only our webhook goes"


def test_groups_that_are_wanted_later_are_told_of_without_connecting_again(server: EvolutionServer) -> None:
    evolution.channel_connect(make_channel(server))
    server.scan(NAME)
    for groups, ignored in (("ignore", True), ("store", False), ("ignore", True)):
        assert evolution.channel_status(make_channel(server, groups=groups)).state == "connected"
        assert server.instances[NAME].settings["groupsIgnore"] is ignored


def test_codes_rotate_and_end_when_scanned(server: EvolutionServer) -> None:
    channel = make_channel(server)
    evolution.channel_connect(channel)
    first, second = evolution.channel_qr(channel), evolution.channel_qr(channel)
    assert first.qr and second.qr and first.qr.code != second.qr.code
    server.scan(NAME)
    assert evolution.channel_qr(channel).state == "connected"


def test_status_disconnect_and_delete(server: EvolutionServer) -> None:
    channel = make_channel(server)
    evolution.channel_connect(channel)
    assert evolution.channel_status(channel).state == "connecting"
    server.scan(NAME)
    assert evolution.channel_status(channel).state == "connected"
    assert evolution.channel_disconnect(channel).state == "disconnected"
    assert NAME in server.instances and evolution.channel_status(channel).state == "disconnected"
    assert evolution.channel_disconnect(channel).state == "disconnected", "twice is fine"
    assert evolution.channel_connect(channel).state == "connecting"
    assert evolution.channel_delete(channel) is True and NAME not in server.instances
    assert evolution.channel_delete(channel) is True, "it is gone already"
    gone = evolution.channel_status(channel)
    assert gone.state == "disconnected" and gone.detail and "Connect again" in gone.detail.en
    assert evolution.channel_qr(channel).state == "disconnected"


def test_an_unactivated_server_is_told_in_plain_words(server: EvolutionServer) -> None:
    channel = make_channel(server)
    server.licensed = False
    for step in (evolution.channel_connect, evolution.channel_status, evolution.channel_qr):
        stands = step(channel)
        assert stands.state == "failed" and stands.detail
        assert "/manager/login" in stands.detail.pt and "/manager/login" in stands.detail.en
    with pytest.raises(AuthLost, match="/manager/login"):
        send(channel, text())


def test_what_goes_wrong_while_setting_up(server: EvolutionServer) -> None:
    refused = evolution.channel_connect(make_channel(server, api_key="wrong"))
    assert refused.state == "failed" and refused.detail and "chave" in refused.detail.pt
    with pytest.raises(ConnectFailed):
        evolution.channel_connect(make_channel(server, base_url="http://127.0.0.1:9"))
    with pytest.raises(UnsafeUrl):
        evolution.channel_connect(make_channel(server, base_url="http://10.1.2.3"))
    with pytest.raises(BadInput):
        evolution.channel_connect(make_channel(server, base_url=server.url + "/nothing-here"))
    for kind in ("html", "error"):
        server.faults.append(Fault(kind, "/instance/"))
        with pytest.raises(Unavailable):
            evolution.channel_connect(make_channel(server))


# ---- sending


def test_sends_texts_to_the_very_address_received(server: EvolutionServer, channel: Channel) -> None:
    message_id = send(channel, text("Temos *pão*", quoted_id="AB12"))
    (sent,) = server.deliveries
    assert (sent.id, sent.number, sent.kind, sent.text) == (message_id, JID, "text", "Temos *pão*")
    assert sent.body["quoted"] == {"key": {"id": "AB12"}}
    lid = Contact("1", "x", Address("lid", "887766@lid"))
    evolution.channel_send(channel, lid, text())
    assert server.deliveries[-1].number == "887766@lid"


@pytest.mark.parametrize("kind", ["image", "video", "document", "audio", "sticker"])
def test_sends_files_as_raw_base64(server: EvolutionServer, channel: Channel, kind: Any) -> None:
    media = Media(mimetype="application/pdf", filename="", data=OGG)
    words = "" if kind in ("audio", "sticker") else "legenda"
    send(channel, Message("m", kind, words, media))
    (sent,) = server.deliveries
    content = str(sent.body.get("media") or sent.body.get("audio") or sent.body.get("sticker"))
    assert base64.b64decode(content) == OGG and sent.kind == kind
    assert sent.text == words


def test_words_beside_an_audio_are_not_lost(server: EvolutionServer, channel: Channel) -> None:
    send(channel, Message("m", "audio", "Ouça *isto*", Media(mimetype="audio/ogg", data=OGG)))
    (sent,) = server.deliveries
    assert (sent.kind, sent.text) == ("document", "Ouça *isto*") and sent.body["fileName"].startswith("arquivo.og")


def test_a_file_without_bytes_goes_as_a_public_url_or_not_at_all(server: EvolutionServer, channel: Channel) -> None:
    send(channel, Message("m", "image", "", Media(url="https://tawkee.example/media/1/x")))
    assert server.deliveries[-1].body["media"] == "https://tawkee.example/media/1/x"
    with pytest.raises(Refused):
        send(channel, Message("m", "image", "", Media(url="http://127.0.0.1/media/1/x")))
    with pytest.raises(Refused):
        send(channel, text("  "))


def test_each_failure_has_its_class(server: EvolutionServer, channel: Channel) -> None:
    taken = {"drop": True, "timed_out": True}
    expected = {
        "error": NotSent,
        "busy": RateLimited,
        "denied": AuthLost,
        "refused": Refused,
        "html": Ambiguous,
        "license": AuthLost,
        "drop": Ambiguous,
        "cut": Ambiguous,
        "timed_out": Ambiguous,
    }
    for kind, error in expected.items():
        server.faults.append(Fault(kind))
        before = len(server.deliveries)
        with pytest.raises(error) as caught:
            send(channel, text())
        assert type(caught.value) is error, kind
        assert (len(server.deliveries) > before) == taken.get(kind, False), kind
        if isinstance(caught.value, RateLimited):
            assert caught.value.retry_after == 7


def test_who_is_not_on_whatsapp_is_refused(server: EvolutionServer, channel: Channel) -> None:
    server.unknown_numbers.add("5531977771111")
    with pytest.raises(Refused, match="not on WhatsApp"):
        send(channel, text())


def test_states_of_the_server_have_their_class(server: EvolutionServer, channel: Channel) -> None:
    server.instances[NAME].state = "close"
    with pytest.raises(NotSent):
        send(channel, text())
    del server.instances[NAME]
    with pytest.raises(AuthLost, match="instance"):
        send(channel, text())
    with pytest.raises(NotSent):
        send(make_channel(server, base_url="http://127.0.0.1:9"), text())
    with pytest.raises(AuthLost):
        send(make_channel(server, base_url="http://192.168.7.7"), text())
    with pytest.raises(AuthLost):
        send(make_channel(server, api_key="clé→"), text())


# ---- after a send in doubt


def look_up(channel: Channel, message: Message, age: float) -> str | None:
    return evolution.channel_lookup(channel, CONTACT, message, time.time() - age)


def test_finds_a_message_whose_answer_was_lost(server: EvolutionServer, channel: Channel) -> None:
    server.faults.append(Fault("drop"))
    with pytest.raises(Ambiguous):
        send(channel, text("Já **vai**"))
    assert look_up(channel, text("Já **vai**"), 1) == server.deliveries[0].id
    server.faults.append(Fault("drop"))
    photo = Message("m", "image", "bolo", Media(mimetype="image/png", data=b"x"))
    with pytest.raises(Ambiguous):
        send(channel, photo)
    assert look_up(channel, photo, 1) == server.deliveries[1].id


def test_says_that_it_was_not_sent_only_when_that_is_sure(server: EvolutionServer, channel: Channel) -> None:
    assert look_up(channel, text(), 100) is None, "nothing of this chat is stored: the server may store nothing"
    server.say(NAME, JID, "Oi")
    assert look_up(channel, text(), 5) is None, "it may still be on its way"
    assert look_up(channel, text(), 100) == ""
    send(channel, text())
    assert look_up(channel, text(), -60) is None, "an older message with the same words is another one"
    server.faults.append(Fault("html", "/chat/", times=1))
    assert look_up(channel, text(), 100) is None
    assert look_up(make_channel(server, base_url="http://127.0.0.1:9"), text(), 100) is None


def test_finds_it_under_a_number_without_its_ninth_digit(server: EvolutionServer, channel: Channel) -> None:
    server.type_on_phone(NAME, "553177771111@s.whatsapp.net", "Temos sim!")
    assert look_up(channel, text(), 1) == server.instances[NAME].records[0]["key"]["id"]


# ---- courtesies and files


def test_shows_typing_without_waiting_for_it_to_end(server: EvolutionServer, channel: Channel) -> None:
    started = time.monotonic()
    assert evolution.channel_typing(channel, CONTACT, 8.0) is True
    assert time.monotonic() - started < 5
    assert server.presences == [(JID, "composing")]


def test_marks_as_read_by_phone(server: EvolutionServer, channel: Channel) -> None:
    assert evolution.channel_read(channel, CONTACT, ["A", "B"]) is True
    lid = Address("lid", "887766@lid")
    assert evolution.channel_read(channel, Contact("1", "x", lid, "+5531977771111"), ["C"]) is True
    assert evolution.channel_read(channel, Contact("1", "x", lid), ["D"]) is None
    assert evolution.channel_read(channel, Contact("1", "x", Address("group", "1@g.us")), ["E"]) is None
    assert server.read == [{"remoteJid": JID, "fromMe": False, "id": each} for each in "ABC"]


def test_fetches_received_files(server: EvolutionServer, channel: Channel) -> None:
    audio = {"audioMessage": {"mimetype": "audio/ogg; codecs=opus"}}
    message_id = server.receive(NAME, JID, audio, OGG)
    media = Media(mimetype="audio/ogg", ref={"key": {"id": message_id}})
    fetched = evolution.channel_media(channel, media)
    assert (fetched.data, fetched.size, fetched.mimetype) == (OGG, len(OGG), "audio/ogg")
    with pytest.raises(Refused):
        evolution.channel_media(channel, Media(ref={"key": {"id": "gone"}}))
    with pytest.raises(Refused):
        evolution.channel_media(channel, Media(size=10**9, ref={"key": {"id": message_id}}))
    for kind in ("html", "error", "cut"):
        server.faults.append(Fault(kind, "/chat/"))
        with pytest.raises(NotSent):
            evolution.channel_media(channel, media)
    server.faults.append(Fault("denied", "/chat/"))
    with pytest.raises(AuthLost):
        evolution.channel_media(channel, media)
