"""How routes are declared: blueprints whose decorators are typed, ids in paths, bodies that may be hostile."""

import re
from collections.abc import Callable, Mapping
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from functools import wraps
from http import HTTPStatus
from typing import Any, TypeVar, cast

import flask_smorest
from flask import Flask, Request, abort, request
from marshmallow import Schema, fields
from webargs import missing
from webargs.flaskparser import FlaskParser
from werkzeug.routing import BaseConverter

from ..db import connection
from ..errors import NotFound
from ..wire import clean_text, read_json
from .openapi import PAGINATION, add_errors

View = TypeVar("View", bound=Callable[..., Any])
SchemaLike = Schema | type[Schema]
HEX = "[0-9a-f]"
BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")  # controls, and what turns the writing round


class IdConverter(BaseConverter):
    """An id in a path; anything else is no route at all, and answered as an unknown id is."""

    regex = f"{HEX}{{8}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{12}}"


def check_path() -> None:
    """Raise NotFound for an address that PostgreSQL could not even be asked about. A webhook's gets the one 401 that
    all wrong ones get."""
    if "\0" in request.path and not request.path.startswith("/webhooks/"):
        raise NotFound()


class Received(Request):
    """A request whose body is whole or refused. Werkzeug cuts a body without a length off where it gets too long."""

    def get_data(self, *args: Any, **options: Any) -> Any:
        data = super().get_data(*args, **options)
        limit = self.max_content_length
        if self.content_length is None and limit is not None and len(data) >= limit:
            abort(413)
        return data


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


class Line(Text):
    """A text of one line, such as a name: what would break it, in a mail or a list, is a blank."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        return " ".join(BREAKS.sub(" ", text).split()) if isinstance(text, str) else text


class Moment(fields.AwareDateTime):
    """A time with its zone, taken to UTC; one at the ends of the calendar is none, since PostgreSQL would tell it back
    as a year that Python does not have."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> datetime:
        try:
            moment = super()._deserialize(value, attr, data, **kwargs).astimezone(UTC)
        except OverflowError as error:
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE) from error
        if not MINYEAR < moment.year < MAXYEAR:
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE)
        return moment


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

    def _document_pagination_metadata(self, spec: Any, resp_doc: dict[str, Any]) -> None:
        """The header holds JSON as a text; flask-smorest's own words say an object."""
        resp_doc.setdefault("headers", {})[self.PAGINATION_HEADER_NAME] = PAGINATION

    def alt_response(self, status: int, **options: Any) -> Callable[[View], View]:
        """Say what else a view answers when it went well."""
        return cast(Callable[[View], View], super().alt_response(status, success=True, **options))

    def refuses(self, *statuses: int) -> Callable[[View], View]:
        """Say which errors a view answers beside those of all routes of its kind (openapi.py)."""
        return self.doc(responses={str(status): HTTPStatus(status).name for status in statuses})

    def register_views_in_doc(self, api: Any, app: Flask, spec: Any, *, name: str, parameters: Any) -> None:
        for endpoint, described in self._docs.items():
            rule = next(app.url_map.iter_rules(f"{name}.{endpoint}")).rule
            for method in described.keys() - {"parameters"}:
                add_errors(rule, described[method])
        super().register_views_in_doc(api, app, spec, name=name, parameters=parameters)

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
