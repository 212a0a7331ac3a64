"""How routes are declared: blueprints whose decorators are typed, ids in paths, bodies that may be hostile."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar, cast

import flask_smorest
from flask import Request, abort
from marshmallow import Schema, fields
from webargs import missing
from webargs.flaskparser import FlaskParser
from werkzeug.routing import BaseConverter

from ..db import connection
from ..wire import clean_text, read_json

View = TypeVar("View", bound=Callable[..., Any])
SchemaLike = Schema | type[Schema]
HEX = "[0-9a-f]"
SECURITY = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
OPENAPI = {
    "API_TITLE": "Tawkee",
    "API_VERSION": "1",
    "OPENAPI_VERSION": "3.1.0",
    "OPENAPI_URL_PREFIX": "/api",
    "API_SPEC_OPTIONS": {
        "info": {"description": "Errors have one shape: {code, status, message, errors?, error}; `error` is a slug."},
        "components": {"securitySchemes": SECURITY},
        "security": [{"bearer": []}],
    },
}


class IdConverter(BaseConverter):
    """An id in a path; anything else is no route at all, and answered as an unknown id is."""

    regex = f"{HEX}{{8}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{12}}"


class Parser(FlaskParser):
    """Reads JSON bodies that may be hostile, and only those that say they are JSON."""

    def _raw_load_json(self, req: Request) -> Any:
        body = req.get_data(cache=True)
        if not body:
            return missing
        if not req.is_json:
            abort(415, "The body must be JSON, and Content-Type must say so.")
        return read_json(body)


class Text(fields.String):
    """A text without what PostgreSQL cannot store (NUL, lone surrogates), trimmed."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        return clean_text(text).strip() if isinstance(text, str) else text


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]  # flask-smorest ships no types
    """Routes of one resource, described in the OpenAPI document."""

    ARGUMENTS_PARSER = Parser()

    def route(self, rule: str, **options: Any) -> Callable[[View], View]:
        return cast(Callable[[View], View], super().route(rule, **options))

    def arguments(self, schema: SchemaLike, **options: Any) -> Callable[[View], View]:
        """Check a request's body (or, with `location="query"`, its query) and pass it to the view."""
        return cast(Callable[[View], View], super().arguments(schema, **options))

    def response(self, status: int, schema: SchemaLike | None = None, **options: Any) -> Callable[[View], View]:
        """Say what a view answers; what the schema does not name is not shown."""
        return cast(Callable[[View], View], super().response(status, schema, **options))

    def paginate(self, **options: Any) -> Callable[[View], View]:
        """Read `page` and `page_size` into the view's `pagination_parameters`, and answer X-Pagination."""
        return cast(Callable[[View], View], super().paginate(**options))

    def doc(self, **options: Any) -> Callable[[View], View]:
        return cast(Callable[[View], View], super().doc(**options))


class ModelBlueprint(Blueprint):
    """Routes that use the database and call nobody outside: each request runs on one connection of the pool."""

    def route(self, rule: str, **options: Any) -> Callable[[View], View]:
        register = super().route(rule, **options)

        def decorate(view: View) -> View:
            register(hold_connection(view))
            return view

        return decorate


def hold_connection(view: View) -> View:
    @wraps(view)
    def held(*args: Any, **kwargs: Any) -> Any:
        with connection():
            return view(*args, **kwargs)

    return cast(View, held)
