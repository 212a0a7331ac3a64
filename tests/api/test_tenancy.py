"""The tenancy matrix: two full workspaces, and every id of a request in turn the other's.

The answer is the 404 of an unknown id, byte for byte, and nothing of the other's changes. The cases come from the URL
map and from the OpenAPI document, so that a route added tomorrow is tried as it stands; one whose body needs more than
`{}` gets a line in BODIES, and fails until it has."""

import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any, NamedTuple

import pytest
from flask import Flask

from tawkee_core.accounts.sessions import open_session
from tawkee_core.api.permissions import AREAS, ROLES, area_of
from tawkee_core.db import run, transaction
from tests.api.routes import UNKNOWN, own_routes
from tests.api.test_permissions import add_person
from tests.api.worlds import World, build_world, digest_world, read_schema, tenant_tables

# what a route's body needs to be understood, ids aside
BODIES: dict[str, dict[str, Any]] = {
    "agents.create": {"name": "Ana"},
    "api_keys.create": {"name": "CRM", "scopes": ["agents"]},
    "channels.create": {"kind": "webchat"},
    "messages.write": {"text": "Oi"},
    "team.change_role": {"role": "TRAINER"},
    "team.invite": {"email": "bia@example.com", "role": "TRAINER"},
    "trainings.create": {"type": "TEXT", "text": "Abrimos às 9."},
    "moves.move": {"workspace_id": UNKNOWN},
    "workspaces.delete": {"password": "wrong password"},
    "workspaces.change": {"name": "Loja"},
}
# the table that an id of this name is of, where its name does not say so
TABLES = {
    "user_id": "account_user",
    "chats.list_all:before": "chat",
    "chats.messages:before": "message",
    "chats.messages:after": "message",
    "notifications.list_own:before": "notification",
    "audit.list_all:before": "audit_entry",
    "contacts.list_all:before": "contact",
}
NOT_OURS = {"client_id": "made by the caller", "provider_message_id": "the provider's"}
# what answers otherwise than by 404 when its own thing is there and well
NOT_WELL = {
    "channels.qr": "a web chat has no code",
    "channels.templates": "a web chat has no templates",
    "oauth.authorize": "a web chat asks nobody",
    "moves.move": "it is there already",
    "team.change_role": "the one person of these worlds owns them",
    "team.leave": "the last owner stays",
    "team.remove": "the one person of these worlds owns them",
    "workspaces.delete": "the password is wrong",
}


class Place(NamedTuple):
    """Where a request names a thing: in its path, query or body, by what name, and of which table it is."""

    endpoint: str
    method: str
    rule: str
    kind: str
    name: str
    table: str

    @property
    def label(self) -> str:
        return f"{self.method} {self.rule} {self.kind}:{self.name}"


class Both(NamedTuple):
    """Our workspace, with a person in every role, and the other's."""

    app: Flask
    mine: World
    theirs: World
    tokens: dict[str, str]


@pytest.fixture(scope="module")
def both(app: Flask) -> Iterator[Both]:
    mine, theirs = build_world(), build_world()
    people = {"OWNER": mine.user_id, **{role: add_person() for role in ROLES[1:]}}
    for role in ROLES[1:]:
        run(
            "insert into membership (workspace_id, user_id, role) values (%s, %s, %s)",
            (mine.workspace_id, people[role], role),
        )
    settings = app.extensions["tawkee"].settings
    with transaction() as cursor:
        tokens = {role: open_session(cursor, settings, person, "").access_token for role, person in people.items()}
    yield Both(app, mine, theirs, tokens)
    run("delete from workspace where id = any(%s::uuid[])", ([mine.workspace_id, theirs.workspace_id],))


@pytest.fixture(scope="module")
def places(app: Flask) -> list[Place]:
    return [place for route in own_routes(app) for place in find_places(app, route)]


def find_places(app: Flask, route: Any) -> Iterator[Place]:
    for name in re.findall(r"<id:(\w+)>", route.rule):
        yield Place(route.endpoint, route.method, route.rule, "path", name, table_of(route.endpoint, name))
    described = describe(app, route)
    for parameter in described.get("parameters", ()):
        if parameter.get("in") == "query" and is_id(parameter["name"], parameter["schema"]):
            name = parameter["name"]
            yield Place(route.endpoint, route.method, route.rule, "query", name, table_of(route.endpoint, name))
    content = described.get("requestBody", {}).get("content", {}).get("application/json", {})
    for name, schema in properties(app, content.get("schema", {})):
        if is_id(name, schema):
            yield Place(route.endpoint, route.method, route.rule, "body", name, table_of(route.endpoint, name))


def describe(app: Flask, route: Any) -> dict[str, Any]:
    """What the OpenAPI document says of a route; nothing of those that are no part of the API."""
    path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route.rule)
    found = document(app)["paths"].get(path, {}).get(route.method.lower(), {})
    return {**found, "parameters": [resolve(app, each) for each in found.get("parameters", ())]}


def document(app: Flask) -> dict[str, Any]:
    if "tested_document" not in app.extensions:
        app.extensions["tested_document"] = app.test_client().get("/api/openapi.json").json
    return dict(app.extensions["tested_document"])


def resolve(app: Flask, schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    found: Any = document(app)
    for part in schema["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return dict(found)


def properties(app: Flask, schema: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return list(resolve(app, schema).get("properties", {}).items())


def is_id(name: str, schema: dict[str, Any]) -> bool:
    if name in NOT_OURS:
        return False
    items = schema.get("items", {})
    named = re.search(r"(^|_)ids?$", name) is not None or name in ("before", "after")
    return named or "uuid" in (schema.get("format"), items.get("format"))


def table_of(endpoint: str, name: str) -> str:
    return TABLES.get(f"{endpoint}:{name}") or TABLES.get(name) or re.sub(r"_ids?$", "", name)


def deeper(app: Flask, schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property of a body, with the way there."""
    for name, inner in properties(app, resolve(app, schema.get("items", schema))):
        yield f"{path}{name}", inner
        for branch in (inner, *inner.get("anyOf", ()), *inner.get("oneOf", ()), *inner.get("allOf", ())):
            yield from deeper(app, branch, f"{path}{name}.")


def test_no_id_of_ours_is_deeper_in_a_body_than_the_matrix_looks(app: Flask) -> None:
    found = {
        f"{route.endpoint}: {path}"
        for route in own_routes(app)
        for content in describe(app, route).get("requestBody", {}).get("content", {}).values()
        for path, schema in deeper(app, content.get("schema", {}))
        if "." in path and is_id(path.rpartition(".")[2], schema)
    }
    assert found == {"messages.write: buttons.id"}, "a button's id is made by the caller; any other needs a case"


def test_every_table_and_every_id_is_in_the_worlds(both: Both, places: list[Place]) -> None:
    assert set(both.theirs.rows) == set(read_schema())
    assert {"channel", "message", "passage", "membership"} <= set(tenant_tables())
    strange = [place.label for place in places if place.table not in both.theirs.rows]
    assert strange == [], "say in TABLES what they are ids of"


def test_the_other_workspaces_things_are_unknown_and_stay_as_they_are(both: Both, places: list[Place]) -> None:
    before = digest_world(both.theirs)
    tried, told = 0, []
    for place in places:
        for role in ROLES:
            for elsewhere in others(place):
                tried += 1
                told += compare(both, place, role, elsewhere)
        if digest_world(both.theirs) != before:
            told.append(f"{place.label}: the other workspace has changed")
            before = digest_world(both.theirs)
    assert told == []
    assert tried >= 700


def others(place: Place) -> list[set[str]]:
    """Which ids are the other's: the one alone, and together with all of the path that follow the workspace's."""
    names = [name for name in re.findall(r"<id:(\w+)>", place.rule) if name != "workspace_id"]
    if place.kind == "path" and place.name == "workspace_id":
        return [{"workspace_id"}, {"workspace_id", *names}]
    return [{place.name}] if names[:1] == [place.name] or not names else [{place.name}, {*names, place.name}]


def compare(both: Both, place: Place, role: str, elsewhere: set[str]) -> list[str]:
    """What is wrong with the answer to this role when these ids are the other's."""
    foreign = call(both, place, role, {name: both.theirs for name in elsewhere})
    unknown = call(both, place, role, dict.fromkeys(elsewhere))
    where = f"{role} {place.label} {sorted(elsewhere)}"
    if (foreign.status_code, foreign.data) != (unknown.status_code, unknown.data):
        return [f"{where}: {foreign.status_code} {foreign.text[:80]} is not {unknown.status_code} {unknown.text[:80]}"]
    roles = AREAS[area_of(place.endpoint)].roles
    expected = 404 if not roles or role in roles or "workspace_id" in elsewhere else 403
    return [] if foreign.status_code == expected else [f"{where}: {foreign.status_code} {foreign.text[:160]}"]


def call(both: Both, place: Place, role: str, other: dict[str, World | None]) -> Any:
    """The place's route with our own ids, save for these names: another world's, or (None) nobody's."""

    def value(name: str, table: str) -> str:
        world = other.get(name, both.mine)
        return world.id_of(table) if world else UNKNOWN

    path = re.sub(r"<id:(\w+)>", lambda found: value(found[1], table_of(place.endpoint, found[1])), place.rule)
    body = dict(BODIES.get(place.endpoint, {})) if place.method in ("POST", "PATCH", "PUT") else None
    query = {place.name: value(place.name, place.table)} if place.kind == "query" else {}
    if place.kind == "body" and body is not None:
        body[place.name] = value(place.name, place.table)
    headers = {"Authorization": f"Bearer {both.tokens[role]}"}
    client = both.app.test_client()
    answer: Any = client.open(path, method=place.method, query_string=query, json=body, headers=headers)
    with closing(answer):
        return answer


def test_the_same_requests_find_ones_own(both: Both, places: list[Place]) -> None:
    """Or else the matrix would be full of 404s that say nothing: each with a world of its own that it may use up."""
    told = []
    for place in places:
        if place.endpoint in NOT_WELL:
            continue
        own = build_world(both.mine.user_id)
        answer = call(both._replace(mine=own), place, "OWNER", {})
        if answer.status_code >= 400:
            told.append(f"{place.label}: {answer.status_code} {answer.text[:200]}")
        run("delete from workspace where id = %s", (own.workspace_id,))
    assert told == []
