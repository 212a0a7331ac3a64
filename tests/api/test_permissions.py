"""The permission matrix: every route × everybody who may come, by the code's own table and by one written apart."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
from flask import Flask

from tawkee_core.accounts.sessions import open_session
from tawkee_core.api.permissions import AREA_OF, AREAS, ROLES, SCOPES, area_of, check_role
from tawkee_core.db import run, transaction
from tawkee_core.errors import Forbidden
from tawkee_core.models import new_id
from tests.api.routes import Route, own_routes

OWNER, MANAGER, TRAINER, ATTENDANT = ROLES
EVERY, LEADERS, TEACHERS = set(ROLES), {OWNER, MANAGER}, {OWNER, MANAGER, TRAINER}
OPEN, PERSON = "open", "person"
W = r"/api/workspaces/<id:workspace_id>"

# what the owner's page on permissions says, in the words of paths; the first line that matches counts
EXPECTED: tuple[tuple[str, str, Any], ...] = (
    (
        "GET",
        r"/|/api/docs|/api/openapi.json|/static/.*|/healthz|/readyz|/metrics|/media/.*|/photos/.*|/exports/.*|/oauth/.*",
        OPEN,
    ),
    ("GET|POST", r"/webhooks/.*", OPEN),
    ("POST", r"/api/auth/(register|login|refresh|2fa/verify|email/confirm|password/(forgot|reset))", OPEN),
    ("GET|POST", r"/account/.*", OPEN),
    (".*", r"/api/auth/.*", PERSON),
    ("GET", r"/api/(models|plugins|channels/kinds)", PERSON),
    ("GET|POST", r"/api/workspaces", PERSON),
    ("GET", W, EVERY),
    ("PATCH", W, LEADERS),
    ("DELETE", W, {OWNER}),
    ("GET", rf"{W}/two-factors", LEADERS),
    (".*", rf"{W}/notifications.*", EVERY),
    (".*", rf"{W}/(api-keys|audit).*", LEADERS),
    ("POST", rf"{W}/restore", {OWNER}),
    ("POST", rf"{W}/select", EVERY),
    ("POST", rf"{W}/agents/<id:agent_id>/move", LEADERS),
    ("POST", rf"{W}/leave", EVERY),
    (".*", rf"{W}/(members|invitations).*", LEADERS),
    ("GET|POST", r"/invite|/api/invitations/.*", OPEN),
    (".*", rf"{W}/chats.*", EVERY),
    ("GET", rf"{W}/contacts(/<id:contact_id>)?", EVERY),
    (".*", rf"{W}/contacts/.*", LEADERS),
    ("GET", rf"{W}/channels/<id:channel_id>/templates", EVERY),
    (".*", rf"{W}/(agents|channels).*", TEACHERS),
)


class Case(NamedTuple):
    """A route, who calls it, and whether they get in."""

    route: Route
    who: str
    expected: Any


@dataclass(frozen=True)
class Crowd:
    """Everybody who may come to one workspace; `tokens` are made anew for each case, since some calls end a session."""

    app: Flask
    workspace_id: str
    people: dict[str, str]

    def token(self, who: str) -> str:
        with transaction() as cursor:
            return open_session(cursor, self.app.extensions["tawkee"].settings, self.people[who], "").access_token

    def join(self) -> None:
        """Everybody has their role again, whatever was called before."""
        for role in ROLES:
            run(
                "insert into membership (workspace_id, user_id, role) values (%s, %s, %s)"
                " on conflict (workspace_id, user_id) do update set role = excluded.role",
                (self.workspace_id, self.people[role], role),
            )


def add_person() -> str:
    user_id = new_id()
    run(
        "insert into account_user (id, email, name, password_hash) values (%s, %s, 'Person', '-')",
        (user_id, f"{user_id}@example.com"),
    )
    return user_id


def add_workspace(owner_id: str) -> str:
    workspace_id = new_id()
    run("insert into workspace (id, name) values (%s, 'Loja')", (workspace_id,))
    run("insert into membership (workspace_id, user_id, role) values (%s, %s, 'OWNER')", (workspace_id, owner_id))
    return workspace_id


@pytest.fixture(scope="module")
def crowd(app: Flask) -> Crowd:
    people = {who: add_person() for who in (*ROLES, "other", "removed", "invited")}
    workspace_id = add_workspace(people[OWNER])
    add_workspace(people["other"])
    run(
        "insert into invitation (id, workspace_id, email, role, mail_hash, link_hash, expires_at)"
        " select gen_random_uuid(), %s, email, 'MANAGER', id::text, id::text, now() + interval '1 day'"
        " from account_user where id = %s",
        (workspace_id, people["invited"]),
    )
    crowd = Crowd(app, workspace_id, people)
    crowd.join()
    return crowd


def expected_for(route: Route) -> Any:
    for methods, path, who in EXPECTED:
        if re.fullmatch(methods, route.method) and re.fullmatch(path, route.rule):
            return who
    raise AssertionError(f"{route.method} {route.rule} has no line in EXPECTED")


def test_every_route_has_a_row_and_every_row_a_route(app: Flask) -> None:
    endpoints = {route.endpoint for route in own_routes(app)}
    rowless = [endpoint for endpoint in endpoints if not says(area_of, endpoint)]
    assert rowless == []
    assert set(AREA_OF) - endpoints == set()


def says(ask: Callable[..., object], *arguments: Any) -> bool:
    """Whether it is answered without being forbidden."""
    try:
        ask(*arguments)
    except Forbidden:
        return False
    return True


def test_the_table_says_what_the_owners_page_says(app: Flask) -> None:
    for route in own_routes(app):
        expected = expected_for(route)
        allowed = {role for role in ROLES if says(check_role, route.endpoint, role)}
        roles = AREAS[area_of(route.endpoint)].roles
        assert allowed == (expected if isinstance(expected, set) else set(ROLES)), route
        assert bool(roles) == isinstance(expected, set), route
        assert (area_of(route.endpoint) == "open") == (expected == OPEN), route


def test_a_route_without_a_row_is_closed_to_everybody() -> None:
    for role in (*ROLES, None):
        with pytest.raises(Forbidden) as refused:
            check_role("nothing.like_this", role)
        assert refused.value.slug == "route_closed"


def test_keys_are_never_given_what_needs_a_person() -> None:
    assert not {"open", "account", "workspace", "ownership", "billing"} & set(SCOPES)


def every_case(crowd: Crowd) -> Iterator[Case]:
    for route in own_routes(crowd.app, workspace_id=crowd.workspace_id):
        expected = expected_for(route)
        for who in ("anonymous", "other", "removed", "invited", *ROLES):
            yield Case(route, who, expected)


def test_everybody_gets_in_where_they_may_and_nowhere_else(crowd: Crowd) -> None:
    told: list[str] = []
    to_anonymous: dict[Route, int] = {}
    cases = list(every_case(crowd))
    for case in cases:
        answer = call(crowd, case)
        if not fits(case, answer, to_anonymous.setdefault(case.route, answer.status_code)):
            told.append(f"{case.who} {case.route.method} {case.route.rule}: {answer.status_code} {answer.text[:120]}")
    assert told == []
    assert len(cases) >= 700  # with those of test_tenancy.py more than a thousand


def call(crowd: Crowd, case: Case) -> Any:
    crowd.join()
    headers = {} if case.who == "anonymous" else {"Authorization": f"Bearer {crowd.token(case.who)}"}
    body: dict[str, Any] | None = {} if case.route.method in ("POST", "PATCH", "PUT") else None
    opened: Any = crowd.app.test_client().open(case.route.path, method=case.route.method, headers=headers, json=body)
    with closing(opened):
        return opened


def fits(case: Case, answer: Any, to_anonymous: int) -> bool:
    """Whether the answer is the one this caller should get: a body that is refused has let its sender in, and a route
    that is open treats everybody as it treats a stranger."""
    if case.expected == OPEN:
        return bool(answer.status_code == to_anonymous)
    if case.who == "anonymous":
        return bool(answer.status_code == 401)
    if case.expected == PERSON:
        return answer.status_code not in (401, 403)
    if case.who not in ROLES:
        return bool(answer.status_code == 404)
    if case.who in case.expected:
        return answer.status_code not in (401, 403) and answer.status_code < 500
    return bool(answer.status_code == 403 and answer.json["error"] == "role_too_low")


def test_who_lacks_the_second_factor_their_workspace_asks_for_is_kept_out(crowd: Crowd) -> None:
    """Suspended there, whatever their role, until they set it up; elsewhere nothing changes."""
    strict = add_workspace(crowd.people["invited"])
    run("update workspace set require_two_factors = true where id = %s", (strict,))
    run(
        "insert into membership (workspace_id, user_id, role) values (%s, %s, 'MANAGER')",
        (strict, crowd.people["removed"]),
    )
    routes = [route for route in own_routes(crowd.app, workspace_id=strict) if strict in route.path]
    told = []
    for route in routes:
        answer = call(crowd, Case(route, "removed", None))
        if (answer.status_code, answer.json["error"]) != (403, "two_factors_required"):
            told.append(f"{route.method} {route.rule}: {answer.status_code} {answer.text[:120]}")
    assert told == []
    assert len(routes) > 50
