"""Workspaces, and the wall between them."""

import json

import pytest
from flask import Flask

from tawkee_core.conversation.media import keep_data, media_folder
from tawkee_core.db import run
from tawkee_core.models import new_id
from tawkee_core.types import Media
from tests.api.routes import UNKNOWN, every_route
from tests.callers import Caller


def test_a_person_makes_reads_and_renames_workspaces(caller: Caller) -> None:
    made = caller.post("/api/workspaces", {"name": "Filial"})
    assert made.status_code == 201
    path = f"/api/workspaces/{made.json['id']}"
    assert caller.patch(path, {"name": "Filial Sul"}).json["name"] == "Filial Sul"
    assert caller.get(path).json == {**made.json, "name": "Filial Sul"}
    assert [w["name"] for w in caller.get("/api/workspaces").json] == ["Loja", "Filial Sul"]


@pytest.mark.parametrize("name", ["", "  ", "x" * 33, None, 7, ["x"]])
def test_a_bad_name_is_refused(caller: Caller, name: object) -> None:
    assert caller.post("/api/workspaces", {"name": name}).status_code == 422


def test_a_deleted_workspace_is_gone_with_all_that_is_in_it(caller: Caller, stranger: Caller, app: Flask) -> None:
    agent_id = caller.make_agent()
    settings = app.extensions["tawkee"].settings
    mine, theirs = (keep_data(settings, c.workspace_id, Media(data=b"x")) for c in (caller, stranger))
    assert caller.delete("…").status_code == 204
    assert caller.get("…").status_code == 404
    assert run("select 1 from agent where id = %s", (agent_id,)) == []
    assert caller.get("/api/auth/me").json["workspaces"] == []
    assert not (media_folder(settings) / mine.ref["path"]).exists()
    assert (media_folder(settings) / theirs.ref["path"]).exists()


def test_a_workspace_with_channels_is_not_deleted(caller: Caller) -> None:
    values = (new_id(), caller.workspace_id, caller.make_agent())
    columns = "id, workspace_id, agent_id, kind, name, webhook_token"
    run(f"insert into channel ({columns}) values (%s, %s, %s, 'x', 'x', 'x')", values)
    refused = caller.delete("…")
    assert (refused.status_code, refused.json["error"]) == (409, "workspace_has_channels")
    assert caller.get("…").status_code == 200


def test_a_foreign_workspace_is_answered_as_an_unknown_one_on_every_route(
    app: Flask, caller: Caller, stranger: Caller
) -> None:
    """Whatever a path of the stranger's workspace names, the answer is byte for byte that of an unknown id."""
    agent_id = stranger.make_agent()
    training_id = stranger.post(f"…/agents/{agent_id}/trainings", {"type": "TEXT", "text": "segredo"}).json["id"]
    before = stranger_rows(stranger)
    ids = {"workspace_id": stranger.workspace_id, "agent_id": agent_id, "training_id": training_id}
    tried = 0
    for route in every_route(app, **ids):
        if "<id:workspace_id>" not in route.rule:
            continue
        theirs = caller.call(route.method, route.path, json={})
        unknown = caller.call(route.method, route.path.replace(stranger.workspace_id, UNKNOWN), json={})
        assert theirs.status_code == 404, route
        assert theirs.data == unknown.data, route
        tried += 1
    assert tried > 20
    assert stranger_rows(stranger) == before


def test_a_foreign_thing_in_ones_own_workspace_is_answered_as_an_unknown_one(
    app: Flask, caller: Caller, stranger: Caller
) -> None:
    agent_id = stranger.make_agent()
    training_id = stranger.post(f"…/agents/{agent_id}/trainings", {"type": "TEXT", "text": "segredo"}).json["id"]
    ids = {"workspace_id": caller.workspace_id, "agent_id": agent_id, "training_id": training_id}
    for route in every_route(app, **ids):
        if "<id:agent_id>" in route.rule:
            body = {"type": "TEXT", "text": "x", "kind": "x"} if route.method == "POST" else {}
            answer = caller.call(route.method, route.path, json=body)
            assert answer.status_code in (404, 422), route
            assert "segredo" not in answer.text
    assert caller.get(f"…/agents/{agent_id}").data == caller.get(f"…/agents/{UNKNOWN}").data
    assert stranger.get(f"…/agents/{agent_id}/trainings/{training_id}").json["text"] == "segredo"


def stranger_rows(stranger: Caller) -> str:
    tables = ["workspace where id", "agent where workspace_id", "agent_settings where workspace_id"]
    tables += ["training where workspace_id", "membership where workspace_id"]
    rows = [[tuple(r) for r in run(f"select * from {t} = %s", (stranger.workspace_id,))] for t in tables]
    return json.dumps(rows, default=str)
