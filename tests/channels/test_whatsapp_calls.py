"""What Tawkee asks of Meta for a WhatsApp number: messages, templates, files, set-up, and what its errors mean."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tawkee_core import (
    Address,
    Ambiguous,
    AuthLost,
    Button,
    Contact,
    Media,
    Message,
    NotSent,
    RateLimited,
    Refused,
    SendError,
    Template,
    TemplatePart,
    safe_http,
)
from tawkee_meta.whatsapp import send, setup
from tests.channels.test_whatsapp_cloud import make_channel
from tests.fakes.graph_server import GraphServer

PERSON = Contact("p", "Rita", Address("phone", "5531988887777"))


@pytest.fixture
def server() -> Iterator[GraphServer]:
    safe_http.allow_hosts("127.0.0.0/8")
    with GraphServer() as server:
        yield server
    safe_http.allow_hosts("")


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (401, 190, AuthLost),
        (403, 200, AuthLost),
        (400, 130429, RateLimited),
        (400, 131056, RateLimited),
        (400, 131016, NotSent),
        (400, 131047, Refused),
        (400, 131026, Refused),
        (400, 131042, AuthLost),
        (400, 131037, AuthLost),
        (500, 131045, AuthLost),
        (500, 3, AuthLost),
        (400, 368, AuthLost),
        (500, 131000, Ambiguous),
        (502, 0, Ambiguous),
    ],
)
def test_errors_become_what_may_be_done(server: GraphServer, status: int, code: int, error: type[SendError]) -> None:
    server.fail_next(status, code, "as Meta says it")
    with pytest.raises(error, match="as Meta says it"):
        send.send_message(make_channel(server), PERSON, Message("m", "text", "oi"), "client-1")


def test_a_bsuid_goes_where_meta_does_not_drop_it(server: GraphServer) -> None:
    nobody = Contact("p", "", Address("bsuid", "BR.7"))
    send.send_message(make_channel(server), nobody, Message("m", "text", "oi"), "client-1")
    send.send_message(make_channel(server), PERSON, Message("m", "text", "oi"), "client-2")
    assert [(s.get("to"), s.get("recipient")) for s in server.sent] == [(None, "BR.7"), ("5531988887777", None)]
    assert server.sent[0]["biz_opaque_callback_data"] == "client-1"


def test_choices_templates_and_files_are_sent_as_meta_wants_them(server: GraphServer) -> None:
    channel, buttons = make_channel(server), tuple(Button(str(n), f"Opção {n}") for n in range(5))
    send.send_message(channel, PERSON, Message("m", "text", "Qual?", buttons=buttons[:2]), "1")
    send.send_message(channel, PERSON, Message("m", "text", "Qual?", buttons=buttons), "2")
    send.send_message(
        channel, PERSON, Message("m", "text", template=Template("pedido_pronto", "pt_BR", ("Rita",))), "3"
    )
    photo = Media(mimetype="image/png", filename="a.png", data=b"\x89PNG")
    send.send_message(channel, PERSON, Message("m", "image", "veja", photo), "4")
    send.send_message(
        channel, PERSON, Message("m", "text", template=Template("oi", "pt_BR", ("Rita",), ("nome",))), "5"
    )
    two, five, template, image, named = server.sent
    assert named["template"]["components"][0]["parameters"][0]["parameter_name"] == "nome"
    assert (two["interactive"]["type"], five["interactive"]["type"]) == ("button", "list")
    assert template["template"]["components"][0]["parameters"] == [{"type": "text", "text": "Rita"}]
    assert image["image"] == {"id": "file1", "caption": "veja"}
    assert b"\x89PNG" in server.files["file1"]


def test_a_template_gets_all_that_it_takes(server: GraphServer) -> None:
    """As its list says: a header's file by its address, the end of a button's address, a code."""
    channel, values = make_channel(server), ("https://loja.example/a.png", "pedido/7", "SOL10")
    rich = setup.list_templates(channel)[2]
    parts = tuple(replace(part, value=value) for part, value in zip(rich.parts, values, strict=True))
    send.send_message(
        channel, PERSON, Message("m", "text", template=Template("oferta", "pt_BR", ("Rita",), (), parts)), "1"
    )
    image, url, code, body = server.sent[0]["template"]["components"]
    assert image == {"type": "header", "parameters": [{"type": "image", "image": {"link": values[0]}}]}
    assert (url["sub_type"], url["index"], url["parameters"]) == ("url", "1", [{"type": "text", "text": "pedido/7"}])
    assert code["sub_type"] == "copy_code" and code["parameters"][0]["coupon_code"] == "SOL10"
    assert body == {"type": "body", "parameters": [{"type": "text", "text": "Rita"}]}
    with pytest.raises(Refused, match="132012"):
        send.send_message(channel, PERSON, Message("m", "text", template=Template("oferta", "pt_BR", ("Rita",))), "2")


def test_a_headers_text_is_a_parameter_by_name_or_place() -> None:
    def header(text: str) -> dict[str, Any]:
        return {"components": [{"type": "HEADER", "format": "TEXT", "text": text}]}

    assert setup.template_info(header("Oi {{1}}")).parts == (TemplatePart("header", "text"),)
    named = setup.template_info(header("Oi {{nome}}")).parts[0]
    assert send.component_of(replace(named, value="Rita"))["parameters"] == [
        {"type": "text", "text": "Rita", "parameter_name": "nome"}
    ]
    assert setup.template_info(header("Bom dia")).parts == ()


def test_files_are_fetched_with_the_token(server: GraphServer) -> None:
    server.files["f9"] = b"voice"
    assert send.fetch_file(make_channel(server), Media(mimetype="audio/ogg", ref={"id": "f9"})).data == b"voice"
    with pytest.raises(Refused):
        send.fetch_file(make_channel(server), Media(ref={"id": "none"}))


def test_connecting_subscribes_and_lists_templates(server: GraphServer) -> None:
    channel = make_channel(server)
    connected = setup.connect(channel)
    assert connected.state == "connected" and connected.detail is not None and "+55 31" in connected.detail.pt
    assert server.subscribed
    assert server.override == {"override_callback_uri": channel.webhook_url, "verify_token": channel.webhook_secret}
    template, named, rich = setup.list_templates(channel)
    assert rich.parts == (
        TemplatePart("header", "image"),
        TemplatePart("button", "url", 1),
        TemplatePart("button", "code", 2),
    )
    assert (template.name, template.parameters, template.status) == ("pedido_pronto", 2, "APPROVED")
    assert (named.names, named.parameters) == (("nome", "loja"), 2)
    server.numbers.append("1061")
    assert (
        setup.disconnect(channel).state == "disconnected"
        and server.subscribed
        and not server.override["override_callback_uri"]
    )
    server.numbers.pop()
    assert setup.disconnect(channel).state == "disconnected" and not server.subscribed
    local = replace(channel, webhook_url="http://127.0.0.1/x")
    unreachable = setup.connect(local)
    assert unreachable.detail is not None and "user_id_update" in unreachable.detail.en
    with pytest.raises(AuthLost):
        setup.get_status(make_channel(server, token="old"))
