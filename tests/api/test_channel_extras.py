"""What channels of several providers need of the core, over its routes: the challenge of an address, templates, OAuth,
and the watch, which renews credentials and catches up; figures of health."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from marshmallow import ValidationError
from psycopg2.extras import Json

from tawkee_core import safe_http
from tawkee_core.api.messages import PartInput
from tawkee_core.channels.connect import ask_provider
from tawkee_core.channels.health import TRIPPED, trip_breakers
from tawkee_core.channels.load import load_channel
from tawkee_core.conversation.receive import receive_events
from tawkee_core.db import run
from tawkee_core.testing.running import Running
from tawkee_core.types import Address, Echo, Incoming
from tawkee_core.work.watch import check_channel, claim_checks
from tests.callers import Caller, Client
from tests.fakes.graph_server import GraphServer
from tests.fakes.mercado_livre_server import APP, MercadoLivreServer
from tests.fakes.telegram_server import TelegramServer
from tests.lines import wait_until


@pytest.fixture
def graph() -> Iterator[GraphServer]:
    safe_http.allow_hosts("127.0.0.0/8")
    with GraphServer() as server:
        yield server
    safe_http.allow_hosts("")


@pytest.fixture
def mercado_livre() -> Iterator[MercadoLivreServer]:
    safe_http.allow_hosts("127.0.0.0/8")
    with MercadoLivreServer() as server:
        yield server
    safe_http.allow_hosts("")


def make_channel(caller: Caller, kind: str, **config: Any) -> Any:
    made = caller.post(f"…/agents/{caller.make_agent()}/channels", {"kind": kind, "name": kind, "config": config})
    assert made.status_code == 201, made.text
    return made.json


def make_whatsapp(caller: Caller, graph: GraphServer) -> Any:
    reach = {"api_url": graph.url, "phone_number_id": graph.number, "business_account_id": graph.account}
    return make_channel(caller, "whatsapp_cloud", token=graph.token, app_secret="s3cret-1", **reach)


def test_channel_challenge_is_answered_for_the_right_token_only(
    caller: Caller, client: Client, graph: GraphServer
) -> None:
    path = urlsplit(make_whatsapp(caller, graph)["webhook_url"]).path
    query = {"hub.mode": "subscribe", "hub.verify_token": path.rpartition("/")[2], "hub.challenge": "1158"}
    answer = client.get(path, query_string=query)
    assert (answer.status_code, answer.text) == (200, "1158")
    assert client.get(path, query_string=query | {"hub.verify_token": "x"}).status_code == 401
    assert client.get(path[:-3] + "abc", query_string=query).status_code == 401


def test_channel_templates_are_listed(caller: Caller, graph: GraphServer) -> None:
    channel = make_whatsapp(caller, graph)
    template, named, rich = caller.get(f"…/channels/{channel['id']}/templates").json
    assert rich["parts"][1] == {"place": "button", "kind": "url", "index": 1, "name": ""}
    assert named["names"] == ["nome", "loja"]
    assert (template["name"], template["parameters"]) == ("pedido_pronto", 2)
    webchat = make_channel(caller, "webchat")
    assert caller.get(f"…/channels/{webchat['id']}/templates").json["error"] == "not_supported"


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ({"place": "header", "kind": "url", "value": "a"}, "kind"),
        ({"place": "button", "kind": "text", "value": "a"}, "kind"),
        ({"place": "header", "kind": "image", "value": "http://a"}, "value"),
    ],
)
def test_a_templates_part_is_refused_where_it_does_not_belong(part: dict[str, str], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        PartInput().load(part)
    assert list(caught.value.messages_dict) == [field]


def test_channel_health_is_told_in_figures(caller: Caller) -> None:
    channel = make_channel(caller, "webchat")
    health = caller.get(f"…/channels/{channel['id']}/health").json
    assert (health["received"], health["error_rate"], health["warming_up"]) == (0, 0.0, False)
    phone = make_channel(caller, "zapi", instance_id="i", token="t")
    assert phone["config"]["warmup_contacts"] == 100
    health = caller.get(f"…/channels/{phone['id']}/health").json
    assert health["warmup"] == {"contacts_a_day": 100, "written_to": 0, "waiting": 0}


def test_channel_tells_when_it_was_heard_from_and_how_many_answer(caller: Caller, tawkee: Running) -> None:
    """Three wrote, two of them were answered; one more was written to first."""
    made = make_channel(caller, "webchat")
    channel = load_channel(tawkee.tawkee.settings, made["id"])
    with tawkee.app.app_context():
        for name in ("ana", "bia", "caio"):
            receive_events(tawkee.tawkee, channel, [Incoming(f"m-{name}", (Address("visitor", name),), text="oi")])
        for name in ("ana", "bia", "davi"):
            receive_events(tawkee.tawkee, channel, [Echo(f"e-{name}", (Address("visitor", name),), text="olá")])
    health = caller.get(f"…/channels/{made['id']}/health").json
    assert (health["received"], health["sent"], health["reply_ratio"]) == (3, 3, 0.6667)
    assert health["last_event_at"] and health["last_sent_at"]
    assert caller.get(f"…/channels/{made['id']}").json["last_event_at"] == health["last_event_at"]


def test_channel_that_sends_again_no_longer_says_that_it_stopped(caller: Caller) -> None:
    channel = make_channel(caller, "webchat")
    stopped = "update channel set detail = %s, paused_until = now() + make_interval(secs => %s) where id = %s"
    for seconds, shown in ((60, TRIPPED), (-1, None)):
        run(stopped, (Json(TRIPPED), seconds, channel["id"]))
        trip_breakers()
        assert caller.get(f"…/channels/{channel['id']}").json["detail"] == shown


def authorize(caller: Caller, channel_id: str) -> str:
    url = caller.post(f"…/channels/{channel_id}/authorize").json["url"]
    return str(parse_qs(urlsplit(url).query)["state"][0])


def test_channel_authorize_and_callback_let_us_in_once(
    caller: Caller, client: Client, mercado_livre: MercadoLivreServer
) -> None:
    """`channel_callback` gets the code once; a used, forged or refused return lets nobody in."""
    given = {"client_id": APP, "client_secret": "s3cret", "api_url": mercado_livre.url}
    channel = make_channel(caller, "mercado_livre", **given)
    query = {"code": "code-1", "state": authorize(caller, channel["id"])}
    page = client.get("/oauth/mercado_livre/callback", query_string=query)
    assert page.status_code == 200 and "Conectado" in page.text
    assert caller.get(f"…/channels/{channel['id']}").json["status"] == "connected"
    again = client.get("/oauth/mercado_livre/callback", query_string=query)
    assert again.status_code == 401
    forged = client.get("/oauth/mercado_livre/callback", query_string=query | {"state": "forged"})
    assert forged.status_code == 401
    refused = {"error": "access_denied", "state": authorize(caller, channel["id"])}
    assert client.get("/oauth/mercado_livre/callback", query_string=refused).status_code == 422


def test_a_disconnected_seller_is_not_listened_to(tawkee: Running, mercado_livre: MercadoLivreServer) -> None:
    safe_http.allow_hosts("127.0.0.0/8")
    company = tawkee.add_company()
    secrets = {"client_secret": "s3cret", **mercado_livre.config(), "expires_at": 1.0}
    channel = tawkee.add_channel(company, "mercado_livre", {"client_id": APP, "api_url": mercado_livre.url}, secrets)
    with tawkee.app.app_context():
        ask_provider(tawkee.tawkee, company.workspace_id, channel.id, "disconnect")
        channel = load_channel(tawkee.tawkee.settings, channel.id)
    assert (channel.status, channel.config["access_token"], channel.config["refresh_token"]) == ("disconnected", "", "")
    mercado_livre.ask("7020", "Tem preto?")
    assert (
        tawkee.post(channel, json.dumps(mercado_livre.notification("questions", "/questions/7020")).encode(), {}) == 200
    )
    (event,) = run("select state, reason from inbound_event where channel_id = %s", (channel.id,))
    assert (event.state, event.reason) == ("ignored", "the seller was disconnected")


def test_channel_refresh_and_channel_catch_up_are_called_by_the_watch(
    tawkee: Running, mercado_livre: MercadoLivreServer
) -> None:
    """A token near its end is renewed once; what was not delivered is fetched with `channel_fetch` and answered."""
    safe_http.allow_hosts("127.0.0.0/8")
    secrets = {"client_secret": "s3cret", **mercado_livre.config(), "expires_at": 1.0}
    config = {"client_id": APP, "api_url": mercado_livre.url, "contact_seconds": 0}
    channel = tawkee.add_channel(tawkee.add_company(), "mercado_livre", config, secrets)
    mercado_livre.ask("7001", "Tem rosa?")
    mercado_livre.missed = [mercado_livre.notification("questions", "/questions/7001")]
    look_after(tawkee, channel.id)
    tawkee.settle()
    assert mercado_livre.forms[0]["refresh_token"] == "TG-1"
    assert mercado_livre.refresh != "TG-1"
    assert mercado_livre.answers["7001"].endswith("Tem rosa?")
    assert [each.id for each in claim_checks(50)] == []


def look_after(tawkee: Running, channel_id: str) -> None:
    """Let the watch look after this one channel now."""
    run("update channel set check_at = now() + interval '1 hour' where id <> %s", (channel_id,))
    run("update channel set check_at = now() where id = %s", (channel_id,))
    (row,) = claim_checks(50)
    with tawkee.app.app_context():
        check_channel(tawkee.tawkee, row)


def test_channel_whose_token_ran_out_while_we_were_away_heals(
    tawkee: Running, mercado_livre: MercadoLivreServer
) -> None:
    """A send fails first, and the channel with it; the watch renews the token, and what waited is sent."""
    safe_http.allow_hosts("127.0.0.0/8")
    secrets = {"client_secret": "s3cret", **mercado_livre.config(), "access_token": "old", "expires_at": 1.0}
    config = {"client_id": APP, "api_url": mercado_livre.url, "contact_seconds": 0}
    channel = tawkee.add_channel(tawkee.add_company(), "mercado_livre", config, secrets)
    run("update channel set status = 'failed', paused_until = now() + interval '1 hour' where id = %s", (channel.id,))
    look_after(tawkee, channel.id)
    (healed,) = run("select status, paused_until from channel where id = %s", (channel.id,))
    assert (healed.status, healed.paused_until) == ("connected", None)


def test_channel_that_its_provider_still_refuses_stays_failed_quietly(
    tawkee: Running, mercado_livre: MercadoLivreServer
) -> None:
    safe_http.allow_hosts("127.0.0.0/8")
    secrets = {"client_secret": "s3cret", **mercado_livre.config(), "access_token": "old"}
    config = {"client_id": APP, "api_url": mercado_livre.url}
    channel = tawkee.add_channel(tawkee.add_company(), "mercado_livre", config, secrets)
    run("update channel set status = 'failed', detail = '{}' where id = %s", (channel.id,))
    look_after(tawkee, channel.id)
    (row,) = run("select status, detail, paused_until from channel where id = %s", (channel.id,))
    assert (row.status, row.detail, row.paused_until) == ("failed", {}, None)


def test_channel_that_cannot_be_connected_again_is_not_shown_as_connected(tawkee: Running) -> None:
    """Its provider delivers elsewhere, and refuses our address: those in charge are told, and why."""
    safe_http.allow_hosts("127.0.0.0/8")
    with TelegramServer() as telegram:
        company = tawkee.add_company()
        channel = tawkee.add_channel(company, "telegram", {"api_url": telegram.url}, {"token": telegram.token})
        look_after(tawkee, channel.id)
    (row,) = run("select status, detail from channel where id = %s", (channel.id,))
    assert (row.status, "TAWKEE_PUBLIC_URL" in row.detail["pt"]) == ("disconnected", True)
    told = run("select kind from notification where workspace_id = %s", (company.workspace_id,))
    assert [each.kind for each in told] == ["channel_disconnected"]


def test_channel_refresh_waits_for_its_time_and_failing_stops_nothing(tawkee: Running, graph: GraphServer) -> None:
    """A token is renewed when its plugin wants it; while Meta does not, the channel is looked after all the same."""
    config = {"api_url": graph.url, "account_id": graph.account}
    secrets = {"token": graph.token, "app_secret": "s3cret-1", "renew_at": 1.0}
    channel = tawkee.add_channel(tawkee.add_company(), "instagram", config, secrets)
    run("update channel set status = 'connecting' where id = %s", (channel.id,))
    graph.too_young = True
    look_after(tawkee, channel.id)
    assert run("select status from channel where id = %s", (channel.id,))[0].status == "connected"
    graph.too_young = False
    for _ in range(2):  # the second time it is not due any more
        look_after(tawkee, channel.id)
    with tawkee.app.app_context():
        kept = load_channel(tawkee.tawkee.settings, channel.id).config
    assert kept["token"] == graph.token == "graph-token-2" and kept["renew_at"] > 2.0


def test_missed_event_that_cannot_be_had_holds_up_no_other(tawkee: Running, mercado_livre: MercadoLivreServer) -> None:
    safe_http.allow_hosts("127.0.0.0/8")
    config = {"client_id": APP, "api_url": mercado_livre.url, "contact_seconds": 0}
    secrets = {"client_secret": "s3cret", **mercado_livre.config()}
    channel = tawkee.add_channel(tawkee.add_company(), "mercado_livre", config, secrets)
    mercado_livre.ask("7002", "Tem verde?")
    mercado_livre.broken.add("7009")
    mercado_livre.missed = [mercado_livre.notification("questions", f"/questions/{n}") for n in (7009, 7002)]
    (before,) = run("select caught_up_at from channel where id = %s", (channel.id,))
    look_after(tawkee, channel.id)
    tawkee.settle()
    assert mercado_livre.answers["7002"].endswith("Tem verde?")
    assert run("select caught_up_at from channel where id = %s", (channel.id,)) == [before]


def test_question_asked_while_its_provider_is_away_is_answered_when_it_is_back(
    tawkee: Running, mercado_livre: MercadoLivreServer
) -> None:
    """Also for hours: nobody else has the question. After two days it is shown as dead."""
    safe_http.allow_hosts("127.0.0.0/8")
    config = {"client_id": APP, "api_url": mercado_livre.url, "contact_seconds": 0}
    secrets = {"client_secret": "s3cret", **mercado_livre.config()}
    channel = tawkee.add_channel(tawkee.add_company(), "mercado_livre", config, secrets)
    mercado_livre.ask("7010", "Tem azul?")
    mercado_livre.broken.add("7010")
    assert (
        tawkee.post(channel, json.dumps(mercado_livre.notification("questions", "/questions/7010")).encode(), {}) == 200
    )
    due = (
        "update inbound_event set next_at = now(), received_at = received_at - interval '1 hour' where channel_id = %s"
    )
    for _ in range(12):
        tawkee.pool.drain("events", 10)
        wait_until(lambda: tawkee.pool.free == tawkee.pool.threads)
        run(due, (channel.id,))
    (event,) = run("select state, attempts, reason from inbound_event where channel_id = %s", (channel.id,))
    assert (event.state, event.attempts >= 10, "internal error" in event.reason) == ("new", True, True)
    mercado_livre.broken.clear()
    tawkee.settle()
    assert mercado_livre.answers["7010"].endswith("Tem azul?")
