"""Z-API's callbacks: every kind of message, groups, echoes, statuses, what is broken, what was recorded."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from tawkee_core import (
    Address,
    BadPayload,
    Channel,
    Connection,
    Deleted,
    Echo,
    Edited,
    Ignored,
    Incoming,
    InvalidWebhook,
    Status,
)
from tawkee_zapi import parse, proof
from tests.fakes.zapi_server import OWN_PHONE, make_callback

RECORDED = Path(__file__).parents[3] / "shared" / "payloads" / "zapi"


def make_channel(**config: Any) -> Channel:
    values = {"instance_id": "INSTANCE1", "token": "INSTANCETOKEN1"} | config
    return Channel("c", "w", "a", "zapi", "Zap", values, "https://example.com/webhooks/c/t", "secret")


def read(**more: Any) -> Any:
    (event,) = parse.parse_webhook(make_channel(groups="store"), json.dumps(make_callback(**more)).encode())
    return event


@pytest.mark.parametrize("headers", [{}, {"z-api-token": "INSTANCETOKEN1"}])
def test_the_instance_is_told_by_body_and_header(headers: dict[str, str]) -> None:
    assert proof.verify_origin(make_channel(), headers, b'{"instanceId": "INSTANCE1"}')


@pytest.mark.parametrize("body", [b"{", b"[]", b"{}", b'{"instanceId": 1}', b'{"instanceId": "INSTANCE2"}'])
def test_another_instance_is_no_proof(body: bytes) -> None:
    with pytest.raises(InvalidWebhook):
        proof.verify_origin(make_channel(), {"z-api-token": "INSTANCETOKEN1"}, body)
    with pytest.raises(InvalidWebhook):
        proof.verify_origin(make_channel(instance_id=""), {}, b'{"instanceId": ""}')


def test_text_keeps_sender_time_and_quote() -> None:
    event = read(text={"message": "oi"}, referenceMessageId="3EB00", chatLid="8189@lid", senderLid="81896604192873@lid")
    assert isinstance(event, Incoming)
    assert (event.id, event.text, event.name, event.quoted_id) == ("3EB01", "oi", "Rita", "3EB00")
    assert event.addresses == (Address("phone", "5531988887777"), Address("lid", "81896604192873@lid"))
    assert event.sent_at is not None and event.sent_at.timestamp() == 1_760_000_000


def test_a_contact_may_be_known_by_lid_only() -> None:
    assert read(phone="81896604192873@lid", text={"message": "oi"}).addresses == (Address("lid", "81896604192873@lid"),)


@pytest.mark.parametrize(
    ("content", "kind", "text", "mimetype", "url"),
    [
        ({"image": {"imageUrl": "u", "caption": "veja", "mimeType": "image/png"}}, "image", "veja", "image/png", "u"),
        ({"audio": {"audioUrl": "u", "mimeType": "audio/ogg; codecs=opus"}}, "audio", "", "audio/ogg", "u"),
        ({"video": {"videoUrl": "u"}}, "video", "", "video/mp4", "u"),
        ({"document": {"documentUrl": "u", "mimeType": "application/pdf", "fileName": "a.pdf"}},
         "document", "", "application/pdf", "u"),
        ({"sticker": {"stickerUrl": "u"}}, "sticker", "", "image/webp", "u"),
        ({"buttonsMessage": {"imageUrl": "u", "message": "escolha"}}, "image", "escolha", "image/jpeg", "u"),
        ({"hydratedTemplate": {"header": {"document": {"documentUrl": "u"}}, "message": "segue"}},
         "document", "segue", "application/octet-stream", "u"),
    ],
)  # fmt: skip
def test_files_are_known_by_kind_and_address(
    content: dict[str, Any], kind: str, text: str, mimetype: str, url: str
) -> None:
    event = read(**content)
    assert (event.kind, event.text, event.media.mimetype, event.media.ref) == (kind, text, mimetype, {"url": url})


def test_choices_votes_reactions_places_and_contacts() -> None:
    assert read(buttonsResponseMessage={"buttonId": "1", "message": "Sim"}).data == {"id": "1", "title": "Sim"}
    assert read(listResponseMessage={"selectedRowId": "2", "title": "Não"}).data == {"id": "2", "title": "Não"}
    vote = read(pollVote={"options": [{"name": "A"}, {"name": "B"}]})
    assert (vote.kind, vote.text) == ("choice", "A, B")
    reaction = read(reaction={"value": "❤️", "referencedMessage": {"messageId": "3EB07"}})
    assert (reaction.kind, reaction.data) == ("reaction", {"emoji": "❤️", "target": "3EB07"})
    place = read(location={"latitude": -19.9, "longitude": -43.9, "name": "Café", "address": "Rua A"})
    assert (place.kind, place.text, place.data["latitude"]) == ("location", "Café, Rua A", -19.9)
    card = read(contact={"displayName": "Ana", "phones": ["5531977776666"]})
    assert card.data == {"contacts": [{"name": "Ana", "phone": "5531977776666"}]}
    assert (read(order={"orderTitle": "Caneca"}).kind, read(sendPayment={}).kind) == ("unsupported", "unsupported")
    assert read(pinMessage={"action": "pin"}) == Ignored("nothing said")


def test_groups_are_kept_when_wanted_and_answered_when_called() -> None:
    group = {"phone": "120363019502650977-group", "isGroup": True, "participantPhone": "5531977776666"}
    quiet, called = read(text={"message": "oi"}, **group), read(text={"message": f"@{OWN_PHONE} oi"}, **group)
    assert (quiet.group, quiet.mentioned, quiet.sender) == (True, False, "5531977776666")
    assert quiet.addresses == (Address("group", "120363019502650977-group"),)
    assert read(text={"message": "oi"}, chatName="Obras", **group).data["group_name"] == "Obras"
    assert called.mentioned
    body = json.dumps(make_callback(text={"message": "oi"}, **group)).encode()
    assert parse.parse_webhook(make_channel(), body) == [Ignored("group message")]


def test_our_own_messages_are_echoes() -> None:
    typed = read(fromMe=True, fromApi=False, text={"message": "aqui é a Ana"}, senderLid="77777@lid")
    assert isinstance(typed, Echo) and not typed.sent_by_api
    assert typed.addresses == (Address("phone", "5531988887777"),)
    ours = read(fromMe=True, fromApi=True, text={"message": "oi"})
    assert isinstance(ours, Echo) and ours.sent_by_api
    assert read(fromMe=True, phone=OWN_PHONE, text={"message": "lembrete"}) == Ignored("note to oneself")
    assert read(fromMe=True, reaction={"value": "👍"}) == Ignored("our own reaction")


def test_edits_deletions_and_what_says_nothing() -> None:
    assert read(isEdit=True, text={"message": "novo"}) == Edited("3EB01", "novo")
    assert read(notification="REVOKE") == Deleted("3EB01")
    assert isinstance(read(notification="CALL_MISSED_VOICE"), Ignored)
    assert isinstance(read(waitingMessage=True), Ignored)
    assert isinstance(read(isNewsletter=True, phone="1@newsletter", text={"message": "oi"}), Ignored)
    assert isinstance(read(phone="1774895799-broadcast", fromMe=True, text={"message": "oi"}), Ignored)


def test_statuses_and_connection() -> None:
    status = {"type": "MessageStatusCallback", "ids": ["a", "b"]}
    events = parse.parse_webhook(make_channel(), json.dumps(make_callback(**status, status="READ")).encode())
    assert events == [Status("read", id="a"), Status("read", id="b")]
    assert read(type="MessageStatusCallback", ids=["a"], status="RECEIVED") == Status("delivered", id="a")
    assert isinstance(read(type="MessageStatusCallback", ids=["a"], status="READ_BY_ME"), Ignored)
    assert read(type="DeliveryCallback") == Status("sent", id="3EB01")
    failed = read(type="DeliveryCallback", error="Phone number does not exist")
    assert failed == Status("failed", id="3EB01", error="Phone number does not exist")
    assert read(type="ConnectedCallback") == Connection("connected")
    assert read(type="DisconnectedCallback", error="Device has been disconnected").state == "disconnected"
    assert read(type="PresenceChatCallback", status="COMPOSING") == Ignored("callback PresenceChatCallback")


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'{"type": 3}', b'{"type": "ReceivedCallback"}', b'{"type": "MessageStatusCallback"}']
)
def test_broken_callbacks_are_bad_payloads(body: bytes) -> None:
    with pytest.raises(BadPayload):
        parse.parse_webhook(make_channel(), body)


KEYS = st.sampled_from((
    "message", "imageUrl", "options", "name", "phones", "header", "image", "document", "referencedMessage", "value",
))  # fmt: skip
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=12
)
PARTS = st.sampled_from((
    "text", "image", "contact", "contacts", "pollVote", "reaction", "location", "hydratedTemplate", "buttonsMessage",
    "listResponseMessage", "momment", "phone", "notification", "ids", "status", "chatLid", "isEdit", "order",
))  # fmt: skip


@given(st.sampled_from(sorted(parse.READERS)), st.dictionaries(PARTS, JSON, max_size=4))
def test_any_callback_is_events_or_a_bad_payload(name: str, parts: dict[str, Any]) -> None:
    body = json.dumps(make_callback(type=name, **parts)).encode()
    try:
        events = parse.parse_webhook(make_channel(groups="store"), body)
    except BadPayload:
        return
    assert all(isinstance(e, Incoming | Echo | Edited | Deleted | Status | Connection | Ignored) for e in events)


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded payloads are not beside this checkout")
def test_recorded_callbacks_are_read() -> None:
    expected = {
        "received_texto": "text", "received_imagem": "image", "received_audio": "audio", "received_video": "video",
        "received_gif": "video", "received_sticker": "sticker", "received_contato": "contact",
        "received_localizacao": "location", "received_texto_lista_de_botao": "choice", "composed_group_text": "text",
        "received_template_de_texto": "text", "received_template_de_documento": "document",
        "received_botao_com_imagem": "image", "received_botao_com_video": "video", "received_produto": "unsupported",
        "received_resposta_de_enquete": "choice", "received_carrinho": "unsupported",
        "received_template_de_botao_otp": "text", "received_envio_de_pedido": "unsupported",
        "received_recebimento_de_pagamento": "unsupported", "received_convite_admin_de_canal": "unsupported",
        "received_resposta_de_evento": "unsupported",
    }  # fmt: skip
    seen = set()
    for path in sorted(RECORDED.glob("*.json")):
        (event,) = parse.parse_webhook(make_channel(groups="store"), path.read_bytes())
        if path.stem in expected:
            seen.add(path.stem)
            assert isinstance(event, Incoming) and event.kind == expected[path.stem], path.name
        else:
            assert isinstance(event, Echo | Status | Connection | Ignored), path.name
    assert seen == set(expected)
