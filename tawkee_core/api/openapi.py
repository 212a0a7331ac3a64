"""What the OpenAPI document says beside what each route says of itself: which errors are possible, above all."""

import re
from collections.abc import Iterator
from functools import cached_property
from http import HTTPStatus
from typing import Any

from apispec import APISpec
from flask import request
from flask_smorest import abort

SECURITY = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
OPENAPI = {
    "API_TITLE": "Tawkee",
    "API_VERSION": "1",
    "OPENAPI_VERSION": "3.1.0",
    "OPENAPI_URL_PREFIX": "/api",
    "API_SPEC_OPTIONS": {
        "info": {
            "description": "Errors have one shape: {code, status, message, errors?, error}; `error` is a slug. A path"
            " answers 405, with `Allow`, to the methods that it does not have."
        },
        "components": {"securitySchemes": SECURITY},
        "security": [{"bearer": []}],
    },
}
PAGES = ("total", "total_pages", "first_page", "last_page", "page", "previous_page", "next_page")
PAGINATION = {
    "description": "How many there are, and on which pages: a JSON object",
    "content": {
        "application/json": {
            "schema": {"type": "object", "properties": {name: {"type": "integer"} for name in PAGES}},
        }
    },
}
API = "/api/"
SERVER_ERROR = "SERVER_ERROR"


class Queries:
    """The query parameters that the document names."""

    def __init__(self, spec: APISpec) -> None:
        self.spec = spec

    @cached_property
    def known(self) -> dict[tuple[str, str], frozenset[str]]:
        """By path and method. Read with the first request, when all plugins have added theirs."""
        return {
            (path, method.upper()): query_names(operation)
            for path, operations in self.spec.to_dict()["paths"].items()
            for method, operation in operations.items()
            if method != "parameters"
        }

    def check(self) -> None:
        """Refuse a query parameter of an API's route that the document does not name. Other routes are pages, to whose
        addresses anybody may add something."""
        rule = request.url_rule.rule if request.url_rule else ""
        if not request.args or not rule.startswith(API):
            return
        known = self.known.get((describe_path(rule), "GET" if request.method == "HEAD" else request.method))
        unknown = {name: ["Unknown field."] for name in request.args if known is not None and name not in known}
        if unknown:
            abort(422, errors={"query": unknown})


def query_names(operation: dict[str, Any]) -> frozenset[str]:
    return frozenset(each["name"] for each in operation.get("parameters", ()) if each.get("in") == "query")


def describe_path(rule: str) -> str:
    """A rule of the URL map as the document writes it."""
    return re.sub(r"<(?:[^:<>]+:)?(\w+)>", r"{\1}", rule)


def add_errors(rule: str, kept: dict[str, Any]) -> None:
    """Add to what flask-smorest keeps of a view the errors that all views of its kind can answer. What is a view's own
    it says itself (`Blueprint.refuses`)."""
    responses = kept.setdefault("manual_doc", {}).setdefault("responses", {})
    for status in kind_errors(rule, kept):
        responses.setdefault(str(status), HTTPStatus(status).name)
    responses.setdefault("5XX", SERVER_ERROR)


def kind_errors(rule: str, kept: dict[str, Any]) -> Iterator[int]:
    """What can go wrong for want of a proof, a role, a thing, a sane body or query, or patience."""
    manual, places = kept["manual_doc"], {each["in"] for each in kept.get("arguments", {}).get("parameters", ())}
    if manual.get("security") != []:
        yield from (401, 403)
    if "<" in rule:
        yield 404
    if "requestBody" in manual or places - {"query"}:
        yield from (400, 413, 415, 422)
    if "query" in places or rule.startswith(API):
        yield 422
    if rule.startswith(API):
        yield 429
