"""What channels of several providers need of the core, over its routes: the challenge of an address, templates, OAuth,
and the watch, which renews credentials and catches up; figures of health."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tawkee_core import safe_http
from tawkee_core.db import run
from tawkee_core.testing.running import Running
from tawkee_core.work.watch import check_channel, claim_checks
from tests.callers import Caller, Client
from tests.fakes.graph_server import GraphServer
from tests.fakes.mercado_livre_server import APP, MercadoLivreServer


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
    (template,) = caller.get(f"…/channels/{channel['id']}/templates").json
    assert (template["name"], template["parameters"]) == ("pedido_pronto", 2)
    webchat = make_channel(caller, "webchat")
    assert caller.get(f"…/channels/{webchat['id']}/templates").json["error"] == "not_supported"


def test_channel_health_is_told_in_figures(caller: Caller) -> None:
    channel = make_channel(caller, "webchat")
    health = caller.get(f"…/channels/{channel['id']}/health").json
    assert (health["received"], health["error_rate"], health["warming_up"]) == (0, 0.0, True)


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
    run("update channel set check_at = now() + interval '1 hour' where id <> %s", (channel.id,))
    (row,) = [each for each in claim_checks(50) if each.id == channel.id]
    with tawkee.app.app_context():
        check_channel(tawkee.tawkee, row)
    tawkee.settle()
    assert mercado_livre.forms[0]["refresh_token"] == "TG-1"
    assert mercado_livre.refresh != "TG-1"
    assert mercado_livre.answers["7001"].endswith("Tem rosa?")
    assert [each.id for each in claim_checks(50)] == []
