"""Workspaces: made, renamed, chosen, deleted and brought back."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tawkee_core.db import run
from tests.api.routes import UNKNOWN
from tests.callers import PASSWORD, Caller


def test_a_person_makes_reads_and_renames_workspaces(caller: Caller) -> None:
    made = caller.post("/api/workspaces", {"name": "Filial"})
    assert made.status_code == 201
    path = f"/api/workspaces/{made.json['id']}"
    assert caller.patch(path, {"name": "Filial Sul"}).json["name"] == "Filial Sul"
    assert caller.get(path).json == {**made.json, "name": "Filial Sul"}
    assert [w["name"] for w in caller.get("/api/workspaces").json] == ["Loja", "Filial Sul"]


def test_a_name_is_one_line(caller: Caller) -> None:
    """It stands in the subject and the first sentence of mails to people who know nobody here."""
    made = caller.post("/api/workspaces", {"name": " Loja\r\n\tda \u202e Ana\x07 👩‍🍳 "})
    assert made.json["name"] == "Loja da Ana 👩‍🍳"
    named = caller.patch("/api/auth/me", {"name": "Ana\n\nLima", "company": "A\u2028B", "password": PASSWORD})
    assert (named.json["name"], named.json["company"]) == ("Ana Lima", "A B")


@pytest.mark.parametrize("name", ["", "  ", "\n\u202e", "x" * 33, None, 7, ["x"]])
def test_a_bad_name_is_refused(caller: Caller, name: object) -> None:
    assert caller.post("/api/workspaces", {"name": name}).status_code == 422


def test_the_next_sign_in_begins_where_one_worked_last(caller: Caller, client: FlaskClient) -> None:
    second = caller.post("/api/workspaces", {"name": "Filial"}).json["id"]
    assert caller.post(f"/api/workspaces/{second}/select").json["name"] == "Filial"
    signed: Any = client.post("/api/auth/login", json={"email": caller.email, "password": PASSWORD})
    assert signed.json["workspace"]["id"] == second


def test_deleting_asks_for_the_password(caller: Caller) -> None:
    for body in ({}, {"password": "wrong password"}, {"password": PASSWORD, "workspace_id": UNKNOWN}):
        assert caller.call("DELETE", "…", json=body).status_code in (403, 422), body
    assert caller.get("…").status_code == 200


def test_a_deleted_workspace_is_gone_for_all_and_can_be_brought_back(caller: Caller, client: FlaskClient) -> None:
    removed, agent_id = caller.make_agent(name="Removed"), caller.make_agent()
    caller.delete(f"…/agents/{removed}")
    deleted = caller.call("DELETE", "…", json={"password": PASSWORD})
    assert deleted.status_code == 200 and deleted.json["erase_at"] > deleted.json["deleted_at"]
    assert caller.call("DELETE", "…", json={"password": PASSWORD}).json == deleted.json
    assert caller.get("…").data == caller.get(f"/api/workspaces/{UNKNOWN}").data
    assert caller.get(f"…/agents/{agent_id}").status_code == 404
    assert caller.get("/api/workspaces").json == caller.get("/api/auth/me").json["workspaces"] == []
    assert [w["id"] for w in caller.get("/api/workspaces?status=DELETED").json] == [caller.workspace_id]
    signed: Any = client.post("/api/auth/login", json={"email": caller.email, "password": PASSWORD})
    assert signed.json["workspace"] is None

    assert caller.post("…/restore").json["name"] == "Loja"
    assert caller.post("…/restore").status_code == 200
    assert caller.get(f"…/agents/{agent_id}").json["status"] == "ACTIVE"
    assert caller.get(f"…/agents/{removed}").status_code == 404
    assert caller.get("/api/workspaces?status=DELETED").json == []
    assert [e["action"] for e in caller.get("…/audit?page_size=2").json] == ["workspace.restore", "workspace.delete"]


def test_nobody_else_brings_a_workspace_back(caller: Caller, stranger: Caller) -> None:
    caller.call("DELETE", "…", json={"password": PASSWORD})
    path = f"/api/workspaces/{caller.workspace_id}/restore"
    assert stranger.post(path).data == stranger.post(f"/api/workspaces/{UNKNOWN}/restore").data
    add_member(caller.workspace_id, stranger.user_id, "MANAGER")
    assert stranger.post(path).status_code == 403
    assert stranger.get("/api/workspaces?status=DELETED").json == []
    assert caller.post("…/restore").status_code == 200


def add_member(workspace_id: str, user_id: str, role: str) -> None:
    run("insert into membership (workspace_id, user_id, role) values (%s, %s, %s)", (workspace_id, user_id, role))
