"""Whatever goes wrong is told in one shape, on every route, and never with a trace."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tawkee_core import create_app, errors
from tawkee_core.db import open_database
from tests.api.routes import every_route
from tests.callers import Caller, Client

SHAPE = {"code", "status", "message", "error"}
# where a provider or a mail sends a person's browser: it answers with a page
FOR_PEOPLE = {"/oauth/<kind>/callback", "/invite"}
FOR_PEOPLE |= {f"/account/{page}" for page in ("confirm-email", "reset-password", "forgot-password")}


def assert_shape(answer: TestResponse) -> None:
    body = answer.get_json(silent=True)
    assert body is not None, (answer.request.path, answer.status_code, answer.text[:200])
    assert SHAPE <= set(body) <= SHAPE | {"errors"}, body
    assert body["code"] == answer.status_code
    assert body["message"] and body["error"] == body["error"].lower()
    assert "Traceback" not in answer.text


def assert_page(answer: TestResponse) -> None:
    assert answer.mimetype == "text/html"
    assert "<h1>" in answer.text and "Traceback" not in answer.text


def test_every_route_answers_anonymous_callers_in_the_one_shape(app: Flask, client: Client) -> None:
    refused = 0
    for route in every_route(app):
        answer = client.open(route.path, method=route.method)
        assert answer.status_code < 500, route
        if answer.status_code >= 400:
            assert_page(answer) if route.rule in FOR_PEOPLE else assert_shape(answer)
            refused += 1
        if route.path.startswith("/api/workspaces"):
            assert answer.status_code == 401, route
    assert refused > 20


@pytest.mark.parametrize(
    "body", [b"{", b"[" * 100_000, b'{"a": NaN}', b"\xff\xfe", b'"' + b"x" * 1000, b'{"a": 1e999}']
)
def test_every_route_takes_a_hostile_body_calmly(app: Flask, caller: Caller, body: bytes) -> None:
    for route in every_route(app, workspace_id=caller.workspace_id):
        if route.method != "GET" and "logout" not in route.path and route.path.count("/") > 1:
            if route.rule == "/api/workspaces/<id:workspace_id>":
                continue  # deleting it for real has a test of its own
            answer = caller.call(route.method, route.path, data=body, content_type="application/json")
            assert answer.status_code < 500, (route, answer.text)
            if answer.status_code >= 400:
                assert_page(answer) if route.rule in FOR_PEOPLE else assert_shape(answer)


def test_every_route_takes_nuls_calmly(app: Flask, caller: Caller) -> None:
    """In each part of its path, and in its query: PostgreSQL cannot be asked about them."""
    for rule in app.url_map.iter_rules():
        values = {name: "\0" for name in rule.arguments}
        path = re.sub(r"<(?:\w+:)?(\w+)>", "%00", rule.rule)
        query = {name: "\0" for name in (*values, "q", "state", "code", "after", "before", "token", "lang")}
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            if method == "GET" or values:
                answer = caller.call(method, path, query_string=query, json={} if method != "GET" else None)
                assert answer.status_code < 500, (rule, answer.text)
                expected = 401 if rule.rule.startswith("/webhooks/") else 404  # as to any other wrong address
                assert answer.status_code == expected or not values or rule.rule in FOR_PEOPLE, (rule, answer.text)


def test_every_route_refuses_a_query_that_it_does_not_have(app: Flask, caller: Caller) -> None:
    """A misspelt filter that is passed over would show everything."""
    described = 0
    for route in every_route(app, workspace_id=caller.workspace_id):
        if route.rule.startswith("/api/") and route.endpoint.partition(".")[0] not in ("api-docs", "documents"):
            answer = caller.call(route.method, route.path, query_string={"stauts": "DELETED", "page": "1"})
            assert (answer.status_code, answer.json["error"]) == (422, "bad_input"), route
            assert answer.json["errors"]["query"]["stauts"] == ["Unknown field."], route
            assert_shape(answer)
            described += 1
    assert described > 90
    assert caller.get("/?utm_source=mail").status_code == 200, "pages are not so strict"


def test_every_route_with_a_body_wants_it_to_say_what_it_is(app: Flask, caller: Caller) -> None:
    document = caller.get("/api/openapi.json").json
    tried = 0
    for route in every_route(app, workspace_id=caller.workspace_id):
        described = document["paths"].get(re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route.rule), {})
        if "requestBody" in described.get(route.method.lower(), {}):
            answer = caller.call(route.method, route.path, data='{"a": 1}', content_type="text/plain")
            assert answer.status_code in (415, 404), (route, answer.text)
            assert_shape(answer)
            tried += answer.status_code == 415
    assert tried > 25


def test_every_path_tells_which_methods_it_has(app: Flask, caller: Caller) -> None:
    rules: dict[str, set[str]] = {}
    for rule in app.url_map.iter_rules():
        rules.setdefault(rule.rule, set()).update(rule.methods or set())
    for route in every_route(app, workspace_id=caller.workspace_id):
        if "<path:" in route.rule:
            continue
        method = next(each for each in ("TRACE", "PUT") if each not in rules[route.rule])
        answer = caller.call(method, route.path)
        assert (answer.status_code, answer.json["error"]) == (405, "method_not_allowed"), route
        assert route.method in answer.headers["Allow"], route
        assert_shape(answer)


def test_every_route_refuses_a_body_beyond_the_limit(app: Flask, caller: Caller) -> None:
    body = b'{"name": "' + b"x" * app.extensions["tawkee"].settings.max_body_bytes + b'"}'
    answer = caller.call("POST", "…/agents", data=body, content_type="application/json")
    assert (answer.status_code, answer.json["error"]) == (413, "too_large")
    assert_shape(answer)


@pytest.mark.parametrize("method", ["PUT", "TRACE", "DELETE", "FOO"])
def test_an_unknown_method_is_told_which_there_are(client: Client, method: str) -> None:
    answer = client.open("/api/auth/login", method=method)
    assert (answer.status_code, answer.json["error"]) == (405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]
    assert_shape(answer)


@pytest.mark.parametrize(
    "path", ["/nothing", "/api/nothing", "/api/workspaces/x", "/api/workspaces/%00", "/media/x/y", "/static/../x"]
)
def test_an_unknown_path_is_not_found(client: Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json["error"]) == (404, "not_found")
    assert_shape(answer)


def test_a_body_that_does_not_say_it_is_json_is_refused(client: Client) -> None:
    answer = client.post("/api/auth/login", data="email=a&password=b", content_type="application/x-www-form-urlencoded")
    assert (answer.status_code, answer.json["error"]) == (415, "unsupported_media_type")
    assert_shape(answer)


def test_broken_json_is_told_apart_from_wrong_fields(client: Client) -> None:
    broken = client.post("/api/auth/login", data="{", content_type="application/json")
    wrong = client.post("/api/auth/login", json=["not", "an", "object"])
    assert (broken.status_code, wrong.status_code) == (400, 422)


@pytest.fixture
def clumsy(config: dict[str, Any]) -> Iterator[Client]:
    """An application whose routes raise what the query says."""
    app = create_app(config)

    def stumble(name: str) -> str:
        if name == "defect":
            raise RuntimeError("the password is hunter2")
        raise getattr(errors, name)()

    app.add_url_rule("/stumble/<name>", view_func=stumble)
    yield app.test_client()


def test_a_defect_shows_nothing_and_is_logged(clumsy: Client, capsys: pytest.CaptureFixture[str]) -> None:
    answer = clumsy.get("/stumble/defect")
    assert (answer.status_code, answer.json["error"]) == (500, "internal_error")
    assert "hunter2" not in answer.text
    assert_shape(answer)


@pytest.mark.parametrize("name", [e for e in dir(errors) if isinstance(getattr(errors, e), type)])
def test_every_error_of_ours_has_its_status_and_slug(clumsy: Client, name: str) -> None:
    answer = clumsy.get(f"/stumble/{name}")
    kind = getattr(errors, name)
    assert (answer.status_code, answer.json["error"]) == (kind.status, kind.slug)
    assert_shape(answer)


def test_while_the_database_is_away_callers_are_told_so(config: dict[str, Any], app: Flask) -> None:
    away: Client = create_app({**config, "database_url": "postgresql://nobody@127.0.0.1:1/none"}).test_client()
    try:
        answer = away.post("/api/auth/login", json={"email": "a@b.co", "password": "whatever"})
        assert (answer.status_code, answer.json["error"]) == (503, "unavailable")
        assert_shape(answer)
        assert away.get("/").status_code == 200
        ready = away.get("/readyz")
        assert (ready.status_code, ready.json["checks"]["postgresql"]) == (503, "OperationalError")
        assert "tawkee_database_up 0.0" in away.get("/metrics").text
    finally:
        open_database(app.extensions["tawkee"].settings)
