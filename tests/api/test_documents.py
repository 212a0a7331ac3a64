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
        assert operation["responses"]["default"]["$ref"].endswith("/DEFAULT_ERROR"), name
    shape = document["components"]["schemas"]["ErrorOutput"]["properties"]
    assert set(shape) == {"code", "status", "message", "errors", "error"}


def test_only_signing_in_needs_no_token(document: Any) -> None:
    assert document["openapi"] == "3.1.0"
    assert document["security"] == [{"bearer": []}]
    open_to_all = {path for (_, path), operation in operations(document).items() if operation.get("security") == []}
    assert open_to_all == {"/api/auth/register", "/api/auth/login", "/api/auth/refresh"}


def test_every_reference_leads_somewhere(document: Any) -> None:
    def follow(node: Any) -> None:
        if isinstance(node, dict):
            if "$ref" in node:
                target: Any = document
                for step in node["$ref"].removeprefix("#/").split("/"):
                    target = target[step]
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
