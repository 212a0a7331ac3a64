"""The API's description: whole, true to the routes, and sound."""

import re
from typing import Any

import pytest
from flask import Flask

from tests.callers import Client

METHODS = ("get", "post", "patch", "put", "delete")


@pytest.fixture
def document(client: Client) -> Any:
    return client.get("/api/openapi.json").json


def operations(document: Any) -> dict[tuple[str, str], Any]:
    """Those of the core; plugins may describe routes of their own."""
    paths = [(path, item) for path, item in document["paths"].items() if path.startswith("/api/")]
    return {(method, path): item[method] for path, item in paths for method in METHODS if method in item}


def test_every_route_of_the_api_is_described(app: Flask, document: Any) -> None:
    described = set(operations(document))
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/") and rule.rule not in ("/api/docs", "/api/openapi.json"):
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
            for method in (rule.methods or set()) & {m.upper() for m in METHODS}:
                assert (method.lower(), path) in described


def test_every_operation_has_a_summary_an_answer_and_its_errors_shape(document: Any) -> None:
    for name, operation in operations(document).items():
        assert operation["summary"], name
        assert any(status.startswith("2") for status in operation["responses"]), name
        assert "default" not in operation["responses"], f"{name}: what may be answered is said one by one"
        assert {"422", "429", "5XX"} <= set(operation["responses"]), name
        for status, answer in operation["responses"].items():
            if status >= "4":
                described = resolve(document, answer)["content"]["application/json"]["schema"]
                assert described == {"$ref": "#/components/schemas/ErrorOutput"}, (name, status)
    shape = document["components"]["schemas"]["ErrorOutput"]
    assert set(shape["properties"]) == {"code", "status", "message", "errors", "error"}
    assert set(shape["required"]) == {"code", "status", "message", "error"}


def test_errors_are_described_where_they_can_happen(document: Any) -> None:
    described = {name: set(operation["responses"]) for name, operation in operations(document).items()}
    assert {"401", "403", "404"} <= described["get", "/api/workspaces/{workspace_id}/chats/{chat_id}"]
    assert {"400", "413", "415", "422"} <= described["post", "/api/workspaces/{workspace_id}/agents"]
    assert not {"400", "404", "413", "415"} & described["get", "/api/models"]
    assert "409" in described["post", "/api/workspaces/{workspace_id}/leave"]
    assert "403" not in described["post", "/api/auth/login"]


def test_only_signing_in_needs_no_token(document: Any) -> None:
    assert document["openapi"] == "3.1.0"
    assert document["security"] == [{"bearer": []}]
    open_to_all = {path for (_, path), operation in operations(document).items() if operation.get("security") == []}
    signing_in = {"register", "login", "refresh", "2fa/verify", "email/confirm", "password/forgot", "password/reset"}
    invited = {"/api/invitations/{token}", "/api/invitations/{token}/confirm"}
    assert open_to_all == {f"/api/auth/{path}" for path in signing_in} | invited


def resolve(document: Any, node: Any) -> Any:
    """What a reference leads to. Raises KeyError where that is nowhere."""
    target = document if "$ref" in node else node
    for step in node["$ref"].removeprefix("#/").split("/") if "$ref" in node else ():
        target = target[step]
    return target


def test_every_reference_leads_somewhere(document: Any) -> None:
    def follow(node: Any) -> None:
        if isinstance(node, dict):
            resolve(document, node)
            for value in node.values():
                follow(value)
        elif isinstance(node, list):
            for value in node:
                follow(value)

    follow(document)


def test_the_ids_in_paths_are_described_as_uuids(document: Any) -> None:
    parameters = document["paths"]["/api/workspaces/{workspace_id}"]["parameters"]
    assert parameters[0]["schema"] == {"type": "string", "format": "uuid"}


@pytest.mark.parametrize("path", ["/api/docs", "/static/swagger/swagger-ui-bundle.js", "/static/swagger/LICENSE"])
def test_swagger_ui_comes_from_here(client: Client, path: str) -> None:
    with client.get(path) as answer:
        assert answer.status_code == 200
        if path == "/api/docs":
            assert "http://" not in answer.text and "https://" not in answer.text
