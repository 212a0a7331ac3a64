"""The life of a channel through the API, with a real (fake) Evolution server behind it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from tawkee_core import safe_http
from tawkee_core.channels.connect import apply_connection
from tawkee_core.channels.load import load_channel
from tawkee_core.db import database, run, transaction
from tawkee_core.models import new_id
from tawkee_core.types import Connection, Label, Qr
from tests.callers import Caller
from tests.fakes.evolution_server import EvolutionServer
from tests.fakes.evolution_world import Fault

KEY = "global-key-of-padaria-7777"


@pytest.fixture
def server() -> Iterator[EvolutionServer]:
    before = safe_http.process_policy
    safe_http.allow_hosts("127.0.0.1")
    with EvolutionServer(KEY) as running:
        yield running
    safe_http.process_policy = before


def make(caller: Caller, server: EvolutionServer, **config: Any) -> dict[str, Any]:
    given = {"kind": "evolution", "name": "WhatsApp", "config": {"base_url": server.url, "api_key": KEY, **config}}
    made = caller.post(f"…/agents/{caller.make_agent()}/channels", given)
    assert made.status_code == 201, made.text
    return dict(made.json)


def test_a_channel_is_made_listed_read_and_its_key_never_shown(caller: Caller, server: EvolutionServer) -> None:
    made = make(caller, server)
    assert (made["kind"], made["status"], made["name"]) == ("evolution", "disconnected", "WhatsApp")
    assert f"/webhooks/{made['id']}/" in made["webhook_url"]
    assert made["config"]["api_key"] == "•••• 7777" and made["config"]["groups"] == "ignore"
    listed = caller.get("…/channels")
    of_agent = caller.get(f"…/agents/{made['agent_id']}/channels")
    assert [each["id"] for each in listed.json] == [each["id"] for each in of_agent.json] == [made["id"]]
    assert json.loads(listed.headers["X-Pagination"])["total"] == 1
    read = caller.get(f"…/channels/{made['id']}")
    assert KEY not in read.text + listed.text
    (row,) = run("select config, sealed from channel where id = %s", (made["id"],))
    assert KEY not in json.dumps(row.config) + row.sealed and row.sealed


def test_connecting_scanning_and_disconnecting(app: Flask, caller: Caller, server: EvolutionServer) -> None:
    path = f"…/channels/{make(caller, server)['id']}"
    connected = caller.post(f"{path}/connect")
    assert connected.status_code == 200 and connected.json["status"] == "connecting"
    assert connected.json["qr"]["image"].startswith("data:image/png;base64,") and connected.json["qr"]["code"]
    assert caller.get(path).json["qr"] == connected.json["qr"], "kept while it can be scanned"
    name = caller.get(path).json["config"]["instance"]
    assert caller.get(f"{path}/qr").json["qr"]["code"] != connected.json["qr"]["code"]
    assert caller.get(f"{path}/status").json["status"] == "connecting"
    server.scan(name)
    assert caller.get(f"{path}/status").json == {"status": "connected", "detail": None}
    assert (caller.get(path).json["status"], caller.get(path).json["qr"]) == ("connected", None)
    assert caller.post(f"{path}/connect").json["status"] == "connected", "again does no harm"
    assert caller.post(f"{path}/disconnect").json["status"] == "disconnected"
    assert name in server.instances


def test_no_connection_is_held_while_the_provider_is_asked(caller: Caller, server: EvolutionServer) -> None:
    path = f"…/channels/{make(caller, server)['id']}"
    held: list[int] = []
    server.on_call = lambda: held.append(len(database._in_use))
    caller.post(f"{path}/connect")
    caller.get(f"{path}/status")
    assert held == [0] * len(held) and len(held) >= 2


def test_deleting_cleans_up_and_can_be_undone(caller: Caller, server: EvolutionServer) -> None:
    made = make(caller, server)
    path = f"…/channels/{made['id']}"
    caller.post(f"{path}/connect")
    assert len(server.instances) == 1
    assert caller.delete(path).json == {"id": made["id"], "cleaned": True, "reason": ""}
    assert server.instances == {} and caller.get(path).status_code == 404
    assert caller.get("…/channels").json == []
    assert [each["id"] for each in caller.get("…/channels?status=DELETED").json] == [made["id"]]
    assert caller.post(f"{path}/connect").status_code == 404
    restored = caller.post(f"{path}/restore")
    assert (restored.status_code, restored.json["status"]) == (200, "disconnected")
    assert caller.post(f"{path}/connect").json["status"] == "connecting"
    caller.delete(path)
    run("update channel set deleted_at = now() - interval '31 days' where id = %s", (made["id"],))
    assert caller.post(f"{path}/restore").status_code == 404


def test_deleting_works_when_the_provider_does_not(caller: Caller, server: EvolutionServer) -> None:
    made = make(caller, server)
    server.faults.append(Fault("cut", "/instance/"))
    answer = caller.delete(f"…/channels/{made['id']}")
    assert answer.status_code == 200 and answer.json["cleaned"] is False and "not" in answer.json["reason"]
    assert caller.get(f"…/channels/{made['id']}").status_code == 404


def test_lost_credentials_and_missing_licence_make_a_channel_failed(caller: Caller, server: EvolutionServer) -> None:
    path = f"…/channels/{make(caller, server, api_key='wrong')['id']}"
    refused = caller.post(f"{path}/connect")
    assert refused.status_code == 200 and refused.json["status"] == "failed" and "qr" not in refused.json
    assert "chave" in refused.json["detail"]["pt"] and caller.get(path).json["status"] == "failed"
    caller.patch(path, {"config": {"api_key": KEY}})
    server.licensed = False
    unlicensed = caller.post(f"{path}/connect").json
    assert unlicensed["status"] == "failed" and "/manager/login" in unlicensed["detail"]["en"]
    server.licensed = True
    assert caller.post(f"{path}/connect").json["status"] == "connecting"


def test_a_provider_that_is_down_or_broken_is_told_clearly(caller: Caller, server: EvolutionServer) -> None:
    path = f"…/channels/{make(caller, server)['id']}"
    for kind, status, slug in (("cut", 504, "answer_lost"), ("html", 503, "provider_failed")):
        server.faults.append(Fault(kind, "/instance/"))
        answer = caller.post(f"{path}/connect")
        assert (answer.status_code, answer.json["error"]) == (status, slug)
    caller.patch(path, {"config": {"base_url": "http://127.0.0.1:9", "api_key": KEY}})
    answer = caller.post(f"{path}/connect")
    assert (answer.status_code, answer.json["error"]) == (502, "connect_failed")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"kind": "evolution", "name": "x"}, "base_url"),
        ({"kind": "evolution", "config": {"base_url": "http://10.0.0.1", "api_key": "k"}}, "base_url"),
        ({"kind": "evolution", "config": {"base_url": "https://x.example", "api_key": "k", "x": 1}}, "x"),
        ({"kind": "evolution", "config": {"base_url": "https://x.example", "api_key": 5}}, "api_key"),
    ],
)
def test_a_wrong_configuration_names_its_field(caller: Caller, given: dict[str, Any], field: str) -> None:
    refused = caller.post(f"…/agents/{caller.make_agent()}/channels", given)
    assert refused.status_code == 422 and field in refused.json["errors"]["json"]["config"]


@pytest.mark.parametrize("kind", ["telepathy", "litellm", "", "x" * 99])
def test_an_unknown_kind_is_refused(caller: Caller, kind: str) -> None:
    assert caller.post(f"…/agents/{caller.make_agent()}/channels", {"kind": kind, "name": "x"}).status_code == 422


def test_changing_wires_asks_for_a_new_connection(caller: Caller, server: EvolutionServer) -> None:
    made = make(caller, server)
    path = f"…/channels/{made['id']}"
    caller.post(f"{path}/connect")
    changed = caller.patch(path, {"name": "Zap", "config": {"typing": False, "api_key": "•••• 7777"}})
    assert (changed.json["name"], changed.json["status"]) == ("Zap", "connecting")
    assert changed.json["config"]["typing"] is False and changed.json["config"]["api_key"] == "•••• 7777"
    assert caller.get(f"{path}/status").status_code == 200, "the key is still the old one"
    other = caller.make_agent(name="Outra")
    assert caller.patch(path, {"agent_id": other}).json["agent_id"] == other
    assert caller.patch(path, {"agent_id": new_id()}).status_code == 404
    moved = {"base_url": "https://evo.example", "api_key": KEY}
    assert caller.patch(path, {"config": moved}).json["status"] == "disconnected"
    wrong: dict[str, Any]
    for wrong in ({"status": "connected"}, {"name": ""}, {"config": []}, {"agent_id": "x"}):
        assert caller.patch(path, wrong).status_code == 422, wrong


def test_a_kept_key_does_not_go_to_a_server_that_it_was_not_given_for(caller: Caller, server: EvolutionServer) -> None:
    """Or whoever may change a channel could read its key there."""
    path = f"…/channels/{make(caller, server)['id']}"
    with EvolutionServer(key="of somebody else") as theirs:
        for key in ({}, {"api_key": None}, {"api_key": "•••• 7777"}):
            refused = caller.patch(path, {"config": {"base_url": theirs.url, **key}})
            assert refused.status_code == 422 and "api_key" in refused.json["errors"]["json"]["config"], key
        assert caller.get(f"{path}/status").status_code == 200
        assert caller.patch(path, {"config": {"base_url": f"{server.url}/"}}).status_code == 200, "the same server"
        assert caller.patch(path, {"config": {"base_url": theirs.url, "api_key": KEY}}).status_code == 200
        assert theirs.calls == []


def test_a_key_changed_while_the_provider_is_asked_is_not_lost(
    app: Flask, caller: Caller, server: EvolutionServer
) -> None:
    made = make(caller, server)
    with app.app_context():
        before = load_channel(app.extensions["tawkee"].settings, made["id"])
        caller.patch(f"…/channels/{made['id']}", {"config": {"api_key": "the-new-key-of-padaria"}})
        apply_connection(None, before, Connection("connecting", config={"session": "x"}))
        after = load_channel(app.extensions["tawkee"].settings, made["id"])
    assert (after.config["api_key"], after.config["session"]) == ("the-new-key-of-padaria", "x")


def test_a_kind_without_provider_is_connected_at_once(caller: Caller) -> None:
    made = caller.post(f"…/agents/{caller.make_agent()}/channels", {"kind": "webchat", "name": "Site"}).json
    path = f"…/channels/{made['id']}"
    assert made["status"] == "connected"
    assert caller.post(f"{path}/disconnect").json["status"] == "disconnected"
    assert caller.get(f"{path}/status").json["status"] == "disconnected"
    assert caller.post(f"{path}/connect").json["status"] == "connected"
    refused = caller.get(f"{path}/qr")
    assert (refused.status_code, refused.json["error"]) == (409, "not_supported")


def test_another_workspaces_channel_is_like_none_at_all(
    caller: Caller, stranger: Caller, server: EvolutionServer
) -> None:
    made = make(caller, server)
    calls = [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/connect"), ("GET", "/qr"), ("GET", "/status"),
             ("POST", "/disconnect"), ("POST", "/restore")]  # fmt: skip
    for method, step in calls:
        body = {"json": {"name": "x"}} if method == "PATCH" else {}
        theirs = stranger.call(method, f"…/channels/{made['id']}{step}", **body)
        unknown = stranger.call(method, f"…/channels/{new_id()}{step}", **body)
        assert (theirs.status_code, theirs.data) == (404, unknown.data), (method, step)
    foreign = stranger.post(f"…/agents/{made['agent_id']}/channels", {"kind": "webchat", "name": "x"})
    assert foreign.status_code == 404 and stranger.get(f"…/agents/{made['agent_id']}/channels").status_code == 404
    assert server.calls == []


def test_what_a_webhook_tells_of_the_connection_is_kept(app: Flask, caller: Caller, server: EvolutionServer) -> None:
    made = make(caller, server)
    path = f"…/channels/{made['id']}"
    with app.app_context():
        channel = load_channel(app.extensions["tawkee"].settings, made["id"])
        with transaction() as cursor:
            apply_connection(cursor, channel, Connection("connecting", Label("Leia", "Scan"), Qr("data:x", "c1")))
            apply_connection(cursor, channel, Connection("connecting"))
        kept = caller.get(path).json
        assert (kept["status"], kept["detail"]["pt"], kept["qr"]["code"]) == ("connecting", "Leia", "c1")
        kept_config = {"instance": "nova", "session": "só nosso"}
        apply_connection(None, channel, Connection("connected", config=kept_config))
        kept = caller.get(path).json
        assert (kept["status"], kept["detail"], kept["qr"]) == ("connected", None, None)
        assert kept["config"]["instance"] == "nova" and "session" not in kept["config"]
        again = load_channel(app.extensions["tawkee"].settings, made["id"])
        assert again.config["session"] == "só nosso" and again.config["api_key"] == KEY
    (row,) = run("select config from channel where id = %s", (made["id"],))
    assert "session" not in row.config, "what nobody declared is sealed"
