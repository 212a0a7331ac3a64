"""Every route of the application, with ids that name nothing."""

from collections.abc import Iterator
from typing import NamedTuple

from flask import Flask
from werkzeug.routing import Rule

UNKNOWN = "01900000-0000-7000-8000-000000000000"


class Route(NamedTuple):
    """One way to call the application."""

    method: str
    path: str
    rule: str
    endpoint: str


def every_route(app: Flask, **ids: str) -> Iterator[Route]:
    """Each rule and method; `ids` fill the path's ids by name, all others name nothing."""
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield Route(method, fill_path(app, rule, ids), rule.rule, rule.endpoint)


def fill_path(app: Flask, rule: Rule, ids: dict[str, str]) -> str:
    values = {name: ids.get(name, UNKNOWN) for name in rule.arguments}
    with app.test_request_context():
        return app.url_map.bind("localhost").build(rule.endpoint, values)


def own_routes(app: Flask, **ids: str) -> Iterator[Route]:
    """Each route that the core itself has; a plugin's own are not for people with a role, and it looks after them."""
    for route in every_route(app, **ids):
        package = app.view_functions[route.endpoint].__module__.partition(".")[0]
        if package in ("tawkee_core", "flask", "flask_smorest"):
            yield route
