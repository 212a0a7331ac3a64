"""What the Evolution channel reads out of webhooks: our own payloads case by case, recorded ones, hostile bodies."""

import copy
import json
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import tawkee_evolution
from tawkee_core import (
    Address,
    BadPayload,
    Channel,
    ChannelEvent,
    Connection,
    Deleted,
    Echo,
    Edited,
    Ignored,
    Incoming,
    InvalidWebhook,
    Status,
)
from tawkee_core.testing.conformance.reading import check_reading

OWN = Path(__file__).parents[1] / "payloads" / "evolution"
RECORDED = Path(__file__).parents[3] / "shared" / "payloads" / "evolution"
CUSTOMER = (Address("phone", "5531977771111@s.whatsapp.net"),)
GROUP = (Address("group", "120363777000111222@g.us"),)
CHANNEL = Channel("c" * 36, "w", "a", "evolution", "WhatsApp", {"instance": "padaria"}, "http://x/webhooks/c/s", "s")
STORING = Channel("c" * 36, "w", "a", "evolution", "WhatsApp", {"groups": "store"}, "http://x/webhooks/c/s", "s")


def parse(body: bytes | dict[str, Any], channel: Channel = CHANNEL) -> list[ChannelEvent]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return tawkee_evolution.channel_parse(channel, raw)


def read(name: str, channel: Channel = CHANNEL) -> ChannelEvent:
    (event,) = parse((OWN / f"{name}.json").read_bytes(), channel)
    return event


def shown(event: ChannelEvent, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(event, name) for name in names)


# ---- messages

SAID = {
    "text": ("text", "Bom dia! Tem pão de queijo hoje?", {}),
    "text_quoting": ("text", "Esse mesmo", {}),
    "text_extended": ("text", "Veja https://padaria.example", {}),
    "ephemeral_text": ("text", "Some em 7 dias", {}),
    "location": (
        "location",
        "",
        {
            "latitude": -19.9208,
            "longitude": -43.9378,
            "name": "Praça Sete",
            "address": "Centro, Belo Horizonte",
        },
    ),
    "live_location": (
        "location",
        "Estou chegando",
        {"latitude": -19.9, "longitude": -43.9, "name": "", "address": ""},
    ),
    "contact": ("contact", "", {"contacts": [{"name": "Rui Moinho", "phone": "+5531966662222"}]}),
    "contacts": (
        "contact",
        "",
        {
            "contacts": [
                {"name": "Rui Moinho", "phone": "+5531966662222"},
                {"name": "Loja do Trigo", "phone": "+55 31 3333-4444"},
            ]
        },
    ),
    "reaction": ("reaction", "😋", {"emoji": "😋", "target": "3EB0PADARIAREPLY"}),
    "reaction_removed": ("reaction", "", {"emoji": "", "target": "3EB0PADARIAREPLY"}),
    "list_reply": ("choice", "Encomendas", {"id": "row_encomendas", "title": "Encomendas"}),
    "button_reply": ("choice", "Sim", {"id": "btn_sim", "title": "Sim"}),
    "template_reply": ("choice", "Ver cardápio", {"id": "tpl_2", "title": "Ver cardápio"}),
    "flow_reply": ("choice", "Confirmar pedido", {"id": "flow_ok", "title": "Confirmar pedido"}),
    "poll": ("unsupported", "Qual recheio?\nGoiabada\nDoce de leite", {"type": "poll"}),
    "order": ("unsupported", "", {"type": "orderMessage"}),
}
FILES = {
    "image": ("image", "É este bolo", "image/jpeg", "", 20480),
    "view_once_image": ("image", "Só uma vez", "image/jpeg", "", 20480),
    "audio": ("audio", "", "audio/ogg", "", 20480),
    "video": ("video", "Olha o forno", "video/mp4", "", 20480),
    "video_note": ("video", "", "video/mp4", "", 20480),
    "document": ("document", "", "application/pdf", "lista.pdf", 20480),
    "document_wrapped": ("document", "Minha encomenda", "application/pdf", "encomenda.pdf", 20480),
    "sticker": ("sticker", "", "image/webp", "", 20480),
}


@pytest.mark.parametrize("name", SAID)
def test_reads_what_a_contact_says(name: str) -> None:
    event = read(name)
    assert isinstance(event, Incoming)
    assert (event.kind, event.text, event.data) == SAID[name]
    assert shown(event, "addresses", "name", "media", "group", "sender") == (CUSTOMER, "Beatriz", None, False, "")
    assert event.sent_at is not None and event.sent_at > datetime(2026, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize("name", FILES)
def test_reads_files(name: str) -> None:
    event = read(name)
    assert isinstance(event, Incoming) and event.media is not None
    media = event.media
    assert (event.kind, event.text, media.mimetype, media.filename, media.size) == FILES[name]
    assert media.ref == {"key": {"id": event.id, "remoteJid": CUSTOMER[0].value, "fromMe": False}}
    assert media.data is None


def test_takes_the_bytes_that_a_webhook_carries() -> None:
    event = read("image_base64_strings")
    assert isinstance(event, Incoming) and event.media and event.media.data
    assert event.media.data.startswith(b"\x89PNG") and event.media.size == len(event.media.data)


def test_reads_both_spellings_of_bytes() -> None:
    payload = json.loads((OWN / "image_base64_strings.json").read_text())
    payload["data"]["message"]["base64"] = {str(index): byte for index, byte in enumerate(b"\x89PNG...")}
    (event,) = parse(payload)
    assert isinstance(event, Incoming) and event.media and event.media.data == b"\x89PNG..."
    payload["data"]["message"]["base64"] = "cut/of"
    payload["data"]["message"]["imageMessage"]["fileLength"] = "68"
    (event,) = parse(payload)
    assert isinstance(event, Incoming) and event.media
    assert (event.media.data, event.media.size) == (None, 68), "broken bytes are fetched instead"


@pytest.mark.parametrize("name", ["text_quoting", "text_extended"])
def test_reads_quotes(name: str) -> None:
    assert shown(read(name), "quoted_id") == ("3EB0PADARIAQUOTED",)


def test_a_phone_goes_before_a_lid() -> None:
    def addresses(name: str) -> list[tuple[str, str]]:
        event = read(name)
        assert isinstance(event, Incoming)
        return [(address.kind, address.value) for address in event.addresses]

    both = [("phone", "5531955553333@s.whatsapp.net"), ("lid", "887766554433221@lid")]
    assert addresses("lid_with_phone") == both
    assert addresses("lid_sender_pn") == [("phone", "5531955554444@s.whatsapp.net"), ("lid", "887766554433223@lid")]
    assert addresses("lid_only") == [("lid", "887766554433222@lid")]


def test_groups_are_ignored_unless_they_are_to_be_stored() -> None:
    assert read("group") == Ignored("group message")
    event = read("group", STORING)
    assert isinstance(event, Incoming)
    names = ("addresses", "group", "mentioned", "sender")
    assert shown(event, *names) == (GROUP, True, False, "5531944445555@s.whatsapp.net")
    assert event.data == {"sender_name": "Beatriz"}
    for name in ("group_mention", "group_reply_to_us"):
        assert shown(read(name, STORING), "group", "mentioned") == (True, True)


def test_our_lid_is_learnt_from_our_own_message_in_a_group() -> None:
    typed = json.loads((OWN / "group.json").read_text())
    typed["data"]["key"] |= {"fromMe": True, "participant": "112233445566778:3@lid", "participantAlt": None}
    echo, learnt = parse(typed, STORING)
    assert isinstance(echo, Echo) and learnt == Connection("connected", config={"own_lid": "112233445566778@lid"})
    knowing = replace(STORING, config={"groups": "store", "own_lid": "112233445566778@lid"})
    assert len(parse(typed, knowing)) == 1 and len(parse(typed)) == 1
    called = json.loads((OWN / "group.json").read_text())
    called["data"]["contextInfo"] = {"mentionedJid": ["112233445566778@lid"]}
    for channel, mentioned in ((STORING, False), (knowing, True)):
        (event,) = parse(called, channel)
        assert isinstance(event, Incoming) and event.mentioned is mentioned


def test_what_is_typed_on_the_phone_is_an_echo() -> None:
    event = read("typed_on_phone")
    assert isinstance(event, Echo)
    assert shown(event, "addresses", "text", "sent_by_api") == (CUSTOMER, "Já separei para você", False)


def test_what_the_api_sent_is_an_echo_of_ours() -> None:
    sent, listed = read("sent_through_api"), read("sent_list")
    assert isinstance(sent, Echo) and isinstance(listed, Echo)
    assert shown(sent, "id", "text", "sent_by_api") == ("3EB0PADARIASENT", "Temos sim!", True)
    assert shown(listed, "text", "sent_by_api") == ("Cardápio\nEscolha", True)


# ---- everything else

OTHERS: dict[str, ChannelEvent] = {
    "reaction_on_phone": Ignored("our own reaction"),
    "note_to_oneself": Ignored("note to oneself"),
    "undecryptable": Ignored("nothing said: unknown"),
    "status_broadcast": Ignored("chat of no person: broadcast"),
    "newsletter": Ignored("chat of no person: newsletter"),
    "revoked_by_protocol": Deleted("PADARIATARGET"),
    "edited_by_protocol": Edited("PADARIATARGET", "corrigido"),
    "edited": Edited("PADARIATARGET", "Tem broa hoje?"),
    "revoked": Deleted("PADARIATARGET"),
    "deleted_by_contact": Deleted("PADARIATARGET"),
    "deleted_by_us": Deleted("3EB0PADARIASENT"),
    "status_server_ack": Status("sent", "3EB0PADARIASENT"),
    "status_delivered": Status("delivered", "3EB0PADARIASENT"),
    "status_read": Status("read", "3EB0PADARIASENT"),
    "status_played": Status("read", "3EB0PADARIASENT"),
    "status_error": Status("failed", "3EB0PADARIASENT", error="WhatsApp did not take the message."),
    "status_nested_form": Status("read", "3EB0PADARIASENT"),
    "status_pending": Ignored("status PENDING"),
    "status_deleted_is_no_deletion": Ignored("status DELETED"),
    "status_of_contact": Ignored("status of a contact's message"),
    "call": Ignored("call"),
    "presence": Ignored("presence.update"),
    "contacts_update": Ignored("contacts.update"),
    "unknown_event": Ignored("unknown event chats.archived"),
}
STATES = {
    "connection_open": "connected",
    "connection_connecting": "connecting",
    "connection_closed_401": "disconnected",
    "connection_closed_403": "failed",
    "connection_refused": "disconnected",
    "qr": "connecting",
    "qr_ended": "disconnected",
    "status_instance_closed": "disconnected",
    "logout": "disconnected",
    "removed": "disconnected",
    "instance_deleted": "disconnected",
}


@pytest.mark.parametrize("name", OTHERS)
def test_reads_other_events(name: str) -> None:
    assert read(name) == OTHERS[name]


@pytest.mark.parametrize("name", STATES)
def test_reads_how_the_connection_stands(name: str) -> None:
    event = read(name)
    assert isinstance(event, Connection) and event.state == STATES[name]
    assert event.detail is not None or name == "connection_connecting"
    if name == "qr":
        assert event.qr is not None
        assert (event.qr.image, event.qr.code) == ("data:image/png;base64,iVBORw0KGgo=", "2@padaria")
    if name == "connection_open":
        assert event.detail is not None and event.detail.pt == "Conectado como Padaria Sol (+5531988880000)."


def test_every_payload_has_its_case() -> None:
    elsewhere = {"image_base64_strings", "lid_with_phone", "lid_only", "lid_sender_pn", "group", "group_mention"}
    elsewhere |= {"group_reply_to_us", "typed_on_phone", "sent_through_api", "sent_list"}
    assert {path.stem for path in OWN.glob("*.json")} == {*SAID, *FILES, *OTHERS, *STATES, *elsewhere}


# ---- authentication


def test_verifies_the_header_we_asked_for() -> None:
    assert tawkee_evolution.channel_verify(CHANNEL, {"authorization": "Bearer s"}) is True
    no_secret = Channel("c", "w", "a", "evolution", "n", {}, "u", "")
    for channel, headers in (
        (CHANNEL, {}),
        (CHANNEL, {"authorization": "Bearer x"}),
        (CHANNEL, {"authorization": "s"}),
        (CHANNEL, {"authorization": "Bearer \udcff"}),
        (no_secret, {"authorization": "Bearer "}),
    ):
        with pytest.raises(InvalidWebhook):
            tawkee_evolution.channel_verify(channel, headers)


# ---- bad input


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"null", b"{", b'{"event":5}', b'{"data":{}}', b"\xff\xfe", b"[" * 100_000,
        b'{"event":"messages.upsert"}', b'{"event":"messages.upsert","data":null}',
        b'{"event":"messages.upsert","data":[1]}', b'{"event":"messages.upsert","data":{"key":{"id":"a"}}}',
        b'{"event":"messages.upsert","data":{"key":{"remoteJid":"1@lid"}}}',
        b'{"event":"messages.update","data":{}}', b'{"event":"messages.edited","data":{"key":{}}}',
        b'{"event":"messages.delete","data":{}}', b'{"event":"connection.update","data":null}',
        b'{"event":"qrcode.updated","data":"x"}',
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_a_bad_payload(body: bytes) -> None:
    with pytest.raises(BadPayload):
        parse(body, STORING)


def test_hostile_texts_are_read_quickly() -> None:
    for hostile in ("TEL;" * 16_000, "FN;" * 16_000, "\n" * 60_000, "*" * 60_000, "data:" * 9_000):
        for name in ("text", "contact", "image_base64_strings"):
            payload = json.loads((OWN / f"{name}.json").read_text())
            replace_texts(payload["data"]["message"], hostile)
            check_reading(partial(parse, payload))


def replace_texts(value: dict[str, Any], hostile: str) -> None:
    for name, each in value.items():
        if isinstance(each, dict):
            replace_texts(each, hostile)
        elif isinstance(each, str):
            value[name] = hostile


PAYLOADS = [json.loads(path.read_text()) for path in sorted(OWN.glob("*.json"))]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
VALUES = st.recursive(SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=8), v, max_size=3))


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(deeper for name, each in inner for deeper in places(each, (*path, name)))]


def read_whatever(body: bytes) -> None:
    check_reading(lambda: parse(body, STORING))


@given(st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_mutated_payloads_are_events_or_bad_payloads(data: st.DataObject) -> None:
    payload = copy.deepcopy(data.draw(st.sampled_from(PAYLOADS)))
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(places(payload)))
        if not path:
            continue
        holder = payload
        for name in path[:-1]:
            holder = holder[name]
        holder[path[-1]] = data.draw(VALUES)
    read_whatever(json.dumps(payload).encode())


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_arbitrary_bytes_are_bad_payloads(body: bytes) -> None:
    read_whatever(body)


# ---- recorded payloads, where they are

EXPECTED = {
    "messages.upsert": (Incoming, Echo, Ignored),
    "send.message": (Echo,),
    "messages.update": (Status, Ignored),
    "messages.edited": (Edited, Deleted),
    "messages.delete": (Deleted,),
    "connection.update": (Connection,),
    "qrcode.updated": (Connection,),
    "status.instance": (Connection,),
    "logout.instance": (Connection,),
    "remove.instance": (Connection,),
    "instance.delete": (Connection,),
}


@pytest.mark.skipif(not RECORDED.is_dir(), reason="recorded payloads are not part of the project (../shared/payloads)")
def test_reads_recorded_payloads() -> None:
    paths = sorted(RECORDED.glob("*.json"))
    assert len(paths) > 40
    for path in paths:
        payload = json.loads(path.read_text())
        (event,) = parse(path.read_bytes(), STORING)
        assert isinstance(event, EXPECTED.get(payload["event"], (Ignored,))), path.name
        if isinstance(event, Incoming | Echo):
            assert event.id == payload["data"]["key"]["id"], path.name
            assert event.kind != "unsupported", path.name
            assert event.text or event.media or event.data, path.name
            assert event.addresses[0].value.partition("@")[2] in ("s.whatsapp.net", "lid", "g.us"), path.name
        if isinstance(event, Ignored):
            assert payload["event"] != "messages.upsert" or path.name == "status_broadcast.json", path.name
