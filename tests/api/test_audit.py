"""Every change of settings, members, channels and keys leaves one entry, with it or not at all."""

import re
from typing import Any

import psycopg2
import pytest
from flask import Flask

from tawkee_core.accounts.sessions import open_session
from tawkee_core.api.permissions import area_of
from tawkee_core.audit import Actor, acting, note_change
from tawkee_core.db import connection, run, transaction
from tests.api.routes import Route, own_routes
from tests.api.test_api_keys import make_key, with_key
from tests.api.test_tenancy import BODIES, table_of
from tests.api.worlds import World, build_world
from tests.callers import PASSWORD, Caller, register_caller

CHANGING = ("POST", "PATCH", "PUT", "DELETE")
# what changes no setting, member, channel, key or money
QUIET = {
    "chats.takeover": "the conversation itself says who spoke",
    "chats.handback": "the conversation itself says who spoke",
    "chats.resolve": "the interaction says who resolved it",
    "chats.seen": "one's own reading",
    "messages.write": "the message says who wrote it",
    "messages.resend": "the message says what became of it",
    "notifications.mark_all": "one's own reading",
    "notifications.mark_one": "one's own reading",
    "workspaces.select": "one's own place",
}
CHANGES: dict[str, dict[str, Any]] = {
    **BODIES,
    "agents.change": {"name": "Bia"},
    "agents.change_settings": {"message_grouping_time": 7},
    "channels.change": {"name": "Outro"},
    "workspaces.change": {"name": "Nova loja"},
}
NEEDS: dict[str, str] = {  # what the world has to be like before
    "agents.restore": "update agent set deleted_at = now() where workspace_id = %(id)s",
    "workspaces.restore": "update workspace set deleted_at = now(), erase_at = 'infinity' where id = %(id)s",
    "channels.restore": "update channel set deleted_at = now() where workspace_id = %(id)s",
}
SKIPPED = {
    "oauth.authorize": "a web chat asks nobody; the way back is noted, in tests/channels/test_mercado_livre.py",
    "moves.move": "it needs another workspace; it is noted in both, in tests/accounts/test_move.py",
    "team.change_role": "the one person of the world owns it; tests/api/test_team.py",
    "team.leave": "the last owner stays; tests/api/test_team.py",
    "team.remove": "the one person of the world owns it; tests/api/test_team.py",
    "workspaces.delete": "it asks for the password; tests/api/test_workspaces.py",
}


def changing_routes(app: Flask) -> list[Route]:
    inside = [route for route in own_routes(app) if "<id:workspace_id>" in route.rule and route.method in CHANGING]
    return [route for route in inside if area_of(route.endpoint) != "open"]


def entries(workspace_id: str) -> list[Any]:
    return run("select * from audit_entry where workspace_id = %s order by id", (workspace_id,))


def call(app: Flask, world: World, route: Route) -> Any:
    path = re.sub(r"<id:(\w+)>", lambda found: world.id_of(table_of(route.endpoint, found[1])), route.rule)
    with transaction() as cursor:
        settings = app.extensions["tawkee"].settings
        token = open_session(cursor, settings, world.user_id, "").access_token
    body = CHANGES.get(route.endpoint, {}) if route.method != "DELETE" else None
    headers = {"Authorization": f"Bearer {token}", "X-Request-ID": "audit-walk-0001"}
    return app.test_client().open(path, method=route.method, json=body, headers=headers)


def test_every_change_leaves_one_entry(app: Flask) -> None:
    told = []
    routes = [route for route in changing_routes(app) if route.endpoint not in SKIPPED]
    for route in routes:
        world = build_world()
        run(NEEDS.get(route.endpoint, "select 1"), {"id": world.workspace_id})
        before = {row.id for row in entries(world.workspace_id)}
        answer = call(app, world, route)
        new = [row for row in entries(world.workspace_id) if row.id not in before]
        expected = 0 if route.endpoint in QUIET else 1
        if answer.status_code >= 400 or len(new) != expected:
            told.append(f"{route.method} {route.rule}: {answer.status_code}, {[row.action for row in new]}")
        if any((row.user_id, row.request_id) != (world.user_id, "audit-walk-0001") for row in new):
            told.append(f"{route.method} {route.rule}: nobody knows who did it")
        run("delete from workspace where id = %s", (world.workspace_id,))
    assert told == []
    assert len(routes) > 20
    assert {*QUIET, *SKIPPED} <= {route.endpoint for route in changing_routes(app)}


def test_an_entry_says_who_what_and_how_it_was(caller: Caller) -> None:
    agent_id = caller.make_agent(name="Ana")
    caller.patch(f"…/agents/{agent_id}", {"name": "Bia", "behavior": ""})
    (changed, made) = caller.get(f"…/audit?object={agent_id}").json
    assert (made["action"], made["object_kind"], made["before"]) == ("agent.create", "agent", None)
    assert (changed["action"], changed["before"], changed["after"]) == (
        "agent.change",
        {"name": "Ana"},
        {"name": "Bia"},
    )
    assert changed["user"] == {"id": caller.user_id, "name": "Ana Lima", "email": caller.email}
    assert changed["api_key"] is None and changed["address"] == "127.0.0.1" and changed["request_id"]


def test_a_keys_changes_are_the_keys(caller: Caller) -> None:
    made = make_key(caller, "agents")
    with_key(caller, made["key"]).make_agent()
    newest, first = caller.get("…/audit").json
    assert (newest["user"], newest["api_key"]) == (None, {"id": made["id"], "name": "CRM"})
    assert [entry["id"] for entry in caller.get(f"…/audit?by_key={made['id']}").json] == [newest["id"]]
    assert [entry["id"] for entry in caller.get(f"…/audit?by_user={caller.user_id}").json] == [first["id"]]
    assert made["key"] not in caller.get("…/audit").text


def test_no_secret_is_kept(caller: Caller) -> None:
    secret = "canary-evolution-key-0123456789"
    config = {"base_url": "https://evolution.example", "api_key": secret}
    agent_id = caller.make_agent()
    made = caller.post(f"…/agents/{agent_id}/channels", {"kind": "evolution", "name": "Zap", "config": config}).json
    caller.patch(f"…/channels/{made['id']}", {"config": {"api_key": secret + "-new", "instance": "loja"}})
    kept = caller.get(f"…/audit?object={made['id']}")
    changed, created = kept.json
    assert created["after"]["config"]["api_key"] == "••••"
    assert changed["after"]["config"]["api_key"] == "••••" and changed["after"]["config"]["instance"] == "loja"
    assert secret not in kept.text
    assert secret not in "".join(str(row) for row in entries(caller.workspace_id))


def test_pages_and_filters(caller: Caller) -> None:
    for name in ("Um", "Dois", "Três"):
        caller.make_agent(name=name)
    make_key(caller)
    everything = [entry["id"] for entry in caller.get("…/audit").json]
    page = [entry["id"] for entry in caller.get("…/audit?page_size=2").json]
    rest = [entry["id"] for entry in caller.get(f"…/audit?before={page[-1]}").json]
    assert page + rest == everything and len(everything) == 4
    assert len(caller.get("…/audit?action=agent").json) == 3
    assert len(caller.get("…/audit?action=api_key.create").json) == 1
    assert caller.get("…/audit?since=2040-01-01T00:00:00Z").json == []
    assert len(caller.get("…/audit?until=2040-01-01T00:00:00Z").json) == 4
    assert caller.get("…/audit?object=nonsense").status_code == 422


@pytest.mark.parametrize(
    "statement", ["update audit_entry set action = 'x'", "delete from audit_entry", "truncate audit_entry"]
)
def test_an_entry_is_neither_changed_nor_removed(caller: Caller, statement: str) -> None:
    caller.make_agent()
    before = entries(caller.workspace_id)
    with pytest.raises(psycopg2.errors.RaiseException, match="only ever added"):
        run(statement if "truncate" in statement else f"{statement} where workspace_id = '{caller.workspace_id}'")
    assert entries(caller.workspace_id) == before


def test_what_is_rolled_back_was_not_done(caller: Caller) -> None:
    with pytest.raises(ZeroDivisionError), transaction() as cursor:
        cursor.execute("select 1")  # a transaction begins with its first statement
        note_change(caller.workspace_id, "agent.change", None)
        _ = 1 / 0
    assert entries(caller.workspace_id) == []


def test_a_change_is_noted_in_its_transaction_or_not_at_all(caller: Caller) -> None:
    with connection(), pytest.raises(RuntimeError, match="outside the transaction"):
        note_change(caller.workspace_id, "agent.change", None)


def test_what_tawkee_does_by_itself_is_nobodys(caller: Caller) -> None:
    with acting(Actor(user_id=caller.user_id)):
        pass
    with transaction() as cursor:
        cursor.execute("select 1")
        note_change(caller.workspace_id, "contact.erase", None)
    (entry,) = caller.get("…/audit").json
    assert (entry["user"], entry["api_key"], entry["address"]) == (None, None, "")


def test_what_members_change_of_their_own_account_stands_in_each_of_their_workspaces(client: Any) -> None:
    person = register_caller(client)
    second = person.post("/api/workspaces", {"name": "Segunda"}).json["id"]
    stranger = register_caller(client)
    changed = {"current_password": PASSWORD, "new_password": "a password of some length"}
    assert person.post("/api/auth/password/change", changed).status_code == 204
    assert person.post("/api/auth/logout-everywhere", {}).status_code == 204
    for place in (person.workspace_id, second):
        told = [entry for entry in entries(place) if entry.action.startswith("account.")]
        assert [(entry.action, entry.object_id) for entry in told] == [
            ("account.password", person.user_id),
            ("account.sessions", person.user_id),
        ]
        assert {entry.user_id for entry in told} == {person.user_id}
        assert PASSWORD not in str(told) and changed["new_password"] not in str(told)
    assert not [entry for entry in entries(stranger.workspace_id) if entry.action.startswith("account.")]
