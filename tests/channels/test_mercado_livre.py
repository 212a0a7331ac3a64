"""Mercado Livre: the kit over fetched messages, questions, the seller's way in, and what may not be said there."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

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
    Echo,
    Fetch,
    Ignored,
    Incoming,
    InvalidWebhook,
    Media,
    Message,
    RateLimited,
    Refused,
    SendError,
    safe_http,
)
from tawkee_core.testing import ChannelConformance
from tawkee_core.testing.conformance import Delivery, Failure, Line, Said, Webhook
from tawkee_mercado_livre import fetch, oauth, parse, send
from tawkee_mercado_livre.lint import clean_answer
from tests.fakes.mercado_livre_server import APP, SELLER, Fault, MercadoLivreServer

RECORDED = Path(__file__).parents[3] / "shared" / "payloads" / "mercadolivre"
QUESTION = Contact("q", "Comprador", Address("question", "7"))
SALE = Contact("p", "Venda", Address("pack", "2000000089077943"))


@pytest.fixture
def server() -> Iterator[MercadoLivreServer]:
    safe_http.allow_hosts("127.0.0.0/8")
    with MercadoLivreServer() as server:
        yield server
    safe_http.allow_hosts("")


def make_channel(server: MercadoLivreServer | None = None, **config: Any) -> Channel:
    reach = {"api_url": server.url, **server.config()} if server else {"user_id": SELLER}
    values = {"client_id": APP, "client_secret": "s3cret", **reach, **config}
    return Channel("c", "w", "a", "mercado_livre", "ML", values, "https://example.com/webhooks/c/t", "token")


def read(payload: Mapping[str, Any], **config: Any) -> Any:
    return parse.parse_notification(make_channel(**config), json.dumps(payload).encode())


class TestMercadoLivre(ChannelConformance):
    kind = "mercado_livre"
    keeps_order = False
    fake: MercadoLivreServer

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def mercado_livre(cls) -> Iterator[None]:
        with MercadoLivreServer() as cls.fake:
            yield

    def config(self) -> dict[str, Any]:
        return {"api_url": self.fake.url, "client_id": APP}

    def secrets(self) -> dict[str, Any]:
        return {"client_secret": "s3cret", **self.fake.config()}

    def sender(self, number: int) -> str:
        return f"200000008907794{number}"

    def webhooks(self, channel: Channel, said: Sequence[Said]) -> list[Webhook]:
        return [Webhook({}, self.notify(each)) for each in said]

    def notify(self, said: Said) -> bytes:
        message_id = said.id.replace("-", "")
        self.fake.buyer_writes(message_id, said.sender, said.text)
        return json.dumps(self.fake.notification("messages", message_id, actions=["created"])).encode()

    def unknown_webhook(self, channel: Channel) -> Webhook:
        return Webhook({}, json.dumps(self.fake.notification("orders_v2", "/orders/1")).encode())

    def deliveries(self) -> list[Delivery]:
        return [Delivery(*each) for each in self.fake.written]

    def garble_next(self) -> bool:
        self.fake.faults.append(Fault(502, drop_after=True))
        return True

    def fail_next(self, failure: Failure) -> None:
        faults = {
            "retryable": Fault(409, "lock"),
            "permanent": Fault(403, "blocked_conversation_send_message_forbidden"),
            "lost": Fault(drop_after=True),
        }
        self.fake.faults.append(faults[failure])

    def test_wrong_signature_is_refused_and_nothing_kept(self, line: Line) -> None:
        """There is no signature: the proof is the token in the address, and the app the notification names."""
        body = json.dumps(self.fake.notification("questions", "/questions/1") | {"application_id": 1}).encode()
        assert line.running.post(line.channel, body, {}) == 401
        path = urlsplit(line.channel.webhook_url).path[:-4] + "nope"
        assert line.running.client.post(path, data=b"{}", content_type="application/json").status_code == 401
        assert line.running.messages_of(line.channel) == []

    def test_other_channels_secret_is_refused(self) -> None:  # type: ignore[override]  # nothing of the kit's is needed
        with pytest.raises(InvalidWebhook):
            parse.verify_application(make_channel(client_id="1"), b'{"application_id": 2}')

    def test_a_question_is_answered_once_about_its_product(self, line: Line) -> None:
        self.fake.ask("5001", "Tem azul?")
        body = json.dumps(self.fake.notification("questions", "/questions/5001")).encode()
        again = json.dumps(self.fake.notification("questions", "/questions/5001", attempts=2)).encode()
        for each in (body, again):
            assert line.running.post(line.channel, each, {}) == 200
        line.running.settle()
        assert self.fake.answers["5001"] == "echo: [Sobre: Caneca azul, 39.9 BRL]\nTem azul?"


def test_notifications_only_say_where_to_look() -> None:
    fake = MercadoLivreServer()
    assert read(fake.notification("questions", "/questions/7")) == Fetch("/questions/7")
    assert read(fake.notification("messages", "a" * 32, actions=["created"])) == Fetch("/messages/" + "a" * 32)
    assert isinstance(read(fake.notification("messages", "a" * 32, actions=["read"])), Ignored)
    assert isinstance(read(fake.notification("orders_v2", "/orders/1")), Ignored)
    assert read(fake.notification("questions", "/questions/7"), user_id=1) == Ignored("notification of another seller")
    assert isinstance(read(fake.notification("questions", "/../users/me")), Ignored)


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"topic": 3, "resource": "x"}', b"{"])
def test_broken_notifications_are_bad_payloads(body: bytes) -> None:
    with pytest.raises(BadPayload):
        parse.parse_notification(make_channel(), body)


@given(st.dictionaries(st.sampled_from(("topic", "resource", "actions", "user_id")), st.text() | st.integers()))
def test_any_notification_is_an_event_or_a_bad_payload(payload: dict[str, Any]) -> None:
    try:
        assert isinstance(read(payload), Fetch | Ignored)
    except BadPayload:
        return


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded payloads are not beside this checkout")
def test_recorded_notifications_and_resources_are_read() -> None:
    config = {"user_id": None}
    for name, kind in (("questions", Fetch), ("messages_created", Fetch), ("messages_read", Ignored)):
        body = (RECORDED / f"notification_{name}.json").read_bytes()
        assert isinstance(parse.parse_notification(make_channel(**config), body), kind), name
    pack = json.loads((RECORDED / "resource_pack_messages.json").read_text())
    channel = make_channel(user_id=415458330)
    events = [event for each in pack["messages"] for event in fetch.read_message(channel, each)]
    assert {type(event) for event in events} <= {Incoming, Echo, Ignored} and events
    banned = json.loads((RECORDED / "resource_question_banned.json").read_text())
    assert fetch.read_question(make_channel(), banned) == Ignored("question banned")


def test_a_question_answered_elsewhere_is_an_echo_and_a_gone_one_is_refused(server: MercadoLivreServer) -> None:
    channel = make_channel(server)
    server.ask("1", "Serve?", "ANSWERED")
    server.questions["1"]["answer"] = {"text": "Serve sim", "status": "ACTIVE"}
    (event,) = fetch.fetch_resource(channel, "/questions/1")
    assert isinstance(event, Echo) and event.text == "Serve sim"
    with pytest.raises(Refused):
        fetch.fetch_resource(channel, "/questions/9")


@pytest.mark.parametrize("told", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "soon", None, 7])
def test_a_moment_that_no_calendar_holds_is_none(told: Any) -> None:
    """PostgreSQL would keep it, and it could not be read any more."""
    assert fetch.moment_of(told) is None
    assert fetch.moment_of("2026-10-09T12:00:00-03:00") == fetch.moment_of("2026-10-09T15:00:00")


def test_a_sales_messages_belong_to_its_pack_whoever_wrote(server: MercadoLivreServer) -> None:
    server.buyer_writes("m1", "77", "Chega quando?")
    server.buyer_writes("m2", "77", "Amanhã", sender=SELLER)
    (theirs,) = fetch.fetch_resource(make_channel(server), "/messages/m1")
    (ours,) = fetch.fetch_resource(make_channel(server), "/messages/m2")
    assert isinstance(theirs, Incoming) and isinstance(ours, Echo)
    assert theirs.addresses == ours.addresses == (Address("pack", "77"),)


@pytest.mark.parametrize(
    ("status", "error"), [(400, Refused), (401, AuthLost), (403, Refused), (429, RateLimited), (500, Ambiguous)]
)
def test_errors_become_what_may_be_done(server: MercadoLivreServer, status: int, error: type[SendError]) -> None:
    server.faults.append(Fault(status, "as they say it"))
    with pytest.raises(error, match="as they say it"):
        send.send_message(make_channel(server), SALE, Message("m", "text", "oi"))


def test_an_answer_in_doubt_is_ours_only_when_it_says_the_same(server: MercadoLivreServer) -> None:
    channel, message = make_channel(server), Message("m", "text", "Serve  sim!")
    server.ask("7", "Serve?")
    assert send.look_up(channel, QUESTION, message, 0.0) == ""
    server.questions["7"] |= {"status": "ANSWERED", "answer": {"text": "O vendedor: serve.", "status": "ACTIVE"}}
    server.answers["7"] = "O vendedor: serve."
    assert send.look_up(channel, QUESTION, message, 0.0) == ""
    with pytest.raises(Refused, match="already answered"):
        send.send_message(channel, QUESTION, message)
    server.questions["7"]["answer"]["text"] = "Serve sim!"
    assert send.look_up(channel, QUESTION, message, 0.0) == send.send_message(channel, QUESTION, message) == "answer:7"


@pytest.mark.parametrize("status", ["moderated", "rejected"])
def test_what_moderation_held_back_was_not_sent(server: MercadoLivreServer, status: str) -> None:
    server.buyer_writes("m1", SALE.address.value, "oi", sender=SELLER)
    server.messages["m1"]["status"] = status
    assert send.look_up(make_channel(server), SALE, Message("m", "text", "oi"), 0.0) == ""
    server.messages["m1"]["status"] = "available"
    assert send.look_up(make_channel(server), SALE, Message("m", "text", "oi"), 0.0) == "message:m1"


def test_signs_that_latin_1_has_not_become_the_nearest(server: MercadoLivreServer) -> None:
    written = "Sim — temos… • “azul” na\u0303o 👍"
    send.send_message(make_channel(server), SALE, Message("m", "text", written))
    assert server.written[-1][1] == 'Sim - temos... - "azul" não'


def test_a_lost_answer_is_looked_up(server: MercadoLivreServer) -> None:
    channel, message = make_channel(server), Message("m", "text", "Chega amanhã – até!")
    assert send.look_up(channel, SALE, message, 0.0) == ""
    server.faults.append(Fault(drop_after=True))
    with pytest.raises(Ambiguous):
        send.send_message(channel, SALE, message)
    assert send.look_up(channel, SALE, message, 0.0) == f"message:{1:032x}"


@pytest.mark.parametrize(
    "said",
    [
        "Me chama no 31 98888-7777", "ligue (31) 9 8888 7777", "nove oito oito oito sete sete sete sete",
        "escreva para ana@loja.com.br", "ana arroba loja ponto com", "veja https://loja.com/x", "www.loja.com.br",
        "dia 10/12/2026 no 31988887777", "fone 31 98 88 88 77 77", "veja LOJA.COM",
        "loja.com.br tem mais", "siga @loja_azul", "manda um zap", "chama no WhatsApp",
    ],
)  # fmt: skip
def test_ways_around_mercado_livre_are_taken_out(said: str) -> None:
    cleaned, removed = clean_answer(said)
    assert removed and "[" in cleaned
    assert not any(part in cleaned for part in ("8888", "loja.com", "ana@", "@loja_azul", "zap", "WhatsApp"))


@pytest.mark.parametrize(
    "said",
    [
        "Custa R$ 1.299,00 e chega em 3 dias.", "Temos 12 unidades, modelo X200.", "São 110 V ou 220 V, 60 cm × 40 cm.",
        "Chega até 10/12/2026.", "Entrega de 10/12 - 15/12, das 08:00 às 18:00.", "Nota de 2026-12-01 e 30.11.2026.",
        "Entregamos no CEP 01310-100.", "Pedido 2000000089077943, código de barras 7891234567895.",
        "Temos os tamanhos 36 37 38 39 40 41 42.", "É novo.Com garantia. Nesse ponto me parece melhor.",
    ],
)  # fmt: skip
def test_ordinary_answers_stay_as_they_are(said: str) -> None:
    assert clean_answer(said) == (said, [])


def test_the_seller_lets_us_in_with_pkce_and_tokens_rotate(server: MercadoLivreServer) -> None:
    channel = make_channel(server)
    url = urlsplit(oauth.authorize_url(channel, "state-1", "https://example.com/oauth/mercado_livre/callback"))
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert (query["client_id"], query["state"], query["code_challenge_method"]) == (APP, "state-1", "S256")
    connected = oauth.finish(channel, {"code": "code-1", "state": "state-1"}, "https://example.com/back")
    assert (connected.state, connected.config["site_id"], connected.config["user_id"]) == ("connected", "MLB", SELLER)
    assert server.forms[0]["code_verifier"] == oauth.verifier_of(channel, "state-1")
    renewed = oauth.refresh(make_channel(server))
    assert renewed.config["refresh_token"] == server.refresh
    with pytest.raises(AuthLost):
        oauth.refresh(make_channel(server, refresh_token="TG-1"))
    with pytest.raises(BadInput):
        oauth.finish(channel, {"error": "access_denied"}, "https://example.com/back")


def test_missed_notifications_are_listed_once_and_since_the_last_look(server: MercadoLivreServer) -> None:
    old = server.notification("questions", "/questions/7", sent="2019-10-17T17:15:30.279Z")
    new = server.notification("questions", "/questions/8", sent="2026-11-22T10:00:00.000Z")
    server.missed = [old, new, new, server.notification("messages", "b" * 32), server.notification("messages", "?")]
    since = datetime(2026, 11, 22, 11, tzinfo=UTC).timestamp()
    assert parse.list_missed(make_channel(server), since) == [Fetch("/questions/8"), Fetch("/messages/" + "b" * 32)]


def test_files_of_a_sale_come_and_go(server: MercadoLivreServer) -> None:
    server.buyer_writes("m1", "77", "Veio quebrado")
    server.messages["m1"]["message_attachments"] = [
        {"filename": "1_a.jpg", "original_filename": "foto.jpg"},
        {"filename": "1_b.pdf", "original_filename": "nota.pdf"},
    ]
    server.files["1_a.jpg"] = b"JPEG"
    photo, paper = fetch.fetch_resource(make_channel(server), "/messages/m1")
    assert isinstance(photo, Incoming) and isinstance(paper, Incoming) and photo.media is not None
    assert [(e.id, e.kind, e.text) for e in (photo, paper)] == [
        ("message:m1", "image", "Veio quebrado"),
        ("message:m1:1", "document", ""),
    ]
    assert fetch.fetch_file(make_channel(server), photo.media).data == b"JPEG"
    with pytest.raises(Refused):
        fetch.fetch_file(make_channel(server), Media(ref={"filename": "gone.jpg"}))
    paid = Media(mimetype="application/pdf", filename="nota fiscal.pdf", data=b"%PDF")
    sent_id = send.send_message(make_channel(server), SALE, Message("m", "document", "", paid))
    assert sent_id.startswith("message:") and server.written[-1][1] == "nota fiscal.pdf"
    assert b"%PDF" in server.files[server.attached[-1][0]]
    send.send_message(make_channel(server), SALE, Message("m", "text", "Segue a nota"))
    assert server.attached[-1] is None
    with pytest.raises(Refused):
        send.send_message(make_channel(server), QUESTION, Message("m", "document", "", paid))
