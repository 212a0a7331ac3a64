"""Keys for programs: shown once, for some areas of one workspace, until they end."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from tawkee_core.api.permissions import AREAS, SCOPES, area_of
from tawkee_core.db import run
from tests.api.routes import own_routes
from tests.callers import Caller


def make_key(caller: Caller, *scopes: str, **more: Any) -> Any:
    made = caller.post("…/api-keys", {"name": "CRM", "scopes": list(scopes or ["agents"]), **more})
    assert made.status_code == 201, made.text
    return made.json


def with_key(caller: Caller, key: str) -> Caller:
    """The program that holds a key of the caller's workspace."""
    return Caller(caller.client, "", "", caller.workspace_id, key, "")


def test_a_key_is_shown_once_and_kept_as_a_hash(caller: Caller) -> None:
    made = make_key(caller, "agents")
    assert made["key"].startswith(made["prefix"]) and made["key"].startswith("twk_") and len(made["key"]) == 47
    (listed,) = caller.get("…/api-keys").json
    assert listed["created_by"] == caller.user_id
    assert listed == {name: value for name, value in made.items() if name != "key"}
    (row,) = run("select to_jsonb(k)::text as text from api_key k where id = %s", (made["id"],))
    assert made["key"][12:] not in row.text


def test_a_key_opens_its_areas_and_no_others(caller: Caller) -> None:
    program = with_key(caller, make_key(caller, "agents")["key"])
    agent_id = program.make_agent()
    assert caller.get(f"…/agents/{agent_id}").status_code == 200
    refused = program.get("…/chats")
    assert (refused.status_code, refused.json["error"]) == (403, "scope_missing")
    assert with_key(caller, make_key(caller, "communication")["key"]).get("…/chats").status_code == 200


def test_a_key_with_every_scope_opens_nothing_that_needs_a_person(app: Flask, caller: Caller) -> None:
    program = with_key(caller, make_key(caller, *SCOPES)["key"])
    routes = list(own_routes(app, workspace_id=caller.workspace_id))
    closed = [
        route for route in routes if area_of(route.endpoint) != "open" and not AREAS[area_of(route.endpoint)].keys
    ]
    assert {"account.me", "workspaces.delete", "api_keys.create", "notifications.list_own"} <= {
        r.endpoint for r in closed
    }
    for route in closed:
        answer = program.call(route.method, route.path, json={})
        assert (answer.status_code, answer.json["error"]) == (403, "needs_person"), route
    for route in routes:
        if AREAS[area_of(route.endpoint)].keys and "GET" in route.method:
            assert program.get(route.path).status_code not in (401, 403), route


def test_another_workspaces_key_finds_nothing_here(caller: Caller, stranger: Caller) -> None:
    program = with_key(stranger, make_key(caller, "agents")["key"])
    foreign, unknown = (
        program.get("…/agents"),
        caller.get("/api/workspaces/01900000-0000-7000-8000-000000000000/agents"),
    )
    assert (foreign.status_code, foreign.data) == (unknown.status_code, unknown.data) == (404, unknown.data)


def test_a_deleted_workspaces_key_finds_nothing(caller: Caller) -> None:
    program = with_key(caller, make_key(caller, "agents")["key"])
    run("update workspace set deleted_at = now() where id = %s", (caller.workspace_id,))
    assert program.get("…/agents").status_code == 404


def test_a_revoked_key_opens_nothing_and_revoking_again_is_the_same(caller: Caller) -> None:
    made = make_key(caller, "agents")
    once, twice = (caller.delete(f"…/api-keys/{made['id']}").json for _ in range(2))
    assert once == twice and once["revoked_at"]
    refused = with_key(caller, made["key"]).get("…/agents")
    assert (refused.status_code, refused.json["error"]) == (401, "invalid_key")


def test_an_expired_key_opens_nothing(caller: Caller) -> None:
    end = datetime.now(UTC) + timedelta(hours=1)
    made = make_key(caller, "agents", expires_at=end.isoformat())
    assert with_key(caller, made["key"]).get("…/agents").status_code == 200
    run("update api_key set expires_at = now() - interval '1 second' where id = %s", (made["id"],))
    refused = with_key(caller, made["key"]).get("…/agents")
    assert (refused.status_code, refused.json["error"]) == (401, "key_expired")


@pytest.mark.parametrize("change", [lambda k: k[:-1], lambda k: k[:12] + "A" * 35, lambda k: "twk_", lambda k: k + "x"])
def test_what_is_no_key_is_refused(caller: Caller, change: Any) -> None:
    refused = with_key(caller, change(make_key(caller)["key"])).get("…/agents")
    assert (refused.status_code, refused.json["error"]) == (401, "invalid_key")


@pytest.mark.parametrize(
    "given",
    [
        {"name": "", "scopes": ["agents"]},
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["billing"]},
        {"name": "x", "scopes": ["agents"], "expires_at": "2020-01-01T00:00:00Z"},
        {"name": "x", "scopes": ["agents"], "workspace_id": "another"},
    ],
)
def test_bad_keys_are_refused(caller: Caller, given: dict[str, Any]) -> None:
    assert caller.post("…/api-keys", given).status_code == 422
    assert caller.get("…/api-keys").json == []


def test_use_is_noted_once_a_minute(caller: Caller) -> None:
    made = make_key(caller, "agents")
    program = with_key(caller, made["key"])

    def last_used() -> Any:
        return caller.get("…/api-keys").json[0]["last_used_at"]

    assert last_used() is None
    program.get("…/agents")
    first = last_used()
    program.get("…/agents")
    assert first is not None and last_used() == first
    run("update api_key set last_used_at = now() - interval '2 minutes' where id = %s", (made["id"],))
    program.get("…/agents")
    assert last_used() > first


def test_a_guess_at_a_key_is_not_noted_as_its_use(caller: Caller) -> None:
    made = make_key(caller, "agents")
    with_key(caller, made["key"][:12] + "A" * 35).get("…/agents")
    assert caller.get("…/api-keys").json[0]["last_used_at"] is None


@pytest.mark.parametrize("end", ["9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"])
def test_an_end_at_the_end_of_the_calendar_is_refused(caller: Caller, end: str) -> None:
    """PostgreSQL keeps the year 10000, and no list that tells of it could be read again."""
    answer = caller.post("…/api-keys", {"name": "CRM", "scopes": ["agents"], "expires_at": end})
    assert (answer.status_code, answer.json["errors"]["json"]) == (422, {"expires_at": ["Not a valid datetime."]})
    assert caller.get("…/audit", query_string={"since": end}).status_code == 422
    make_key(caller, expires_at="9998-06-30T00:00:00Z")
    assert caller.get("…/api-keys").status_code == 200
