"""Everything that goes wrong, in one shape: {code, status, message, errors?, error}, where `error` is a stable slug."""

from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response, jsonify
from marshmallow import fields
from playhouse.pool import MaxConnectionsExceeded
from psycopg2 import DataError
from werkzeug.exceptions import HTTPException

from ..db import LOST
from ..errors import BadInput, NotFound, TawkeeError, Unavailable
from .outputs import Output

log = structlog.get_logger()
SLUGS = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: NotFound.slug,
    405: "method_not_allowed",
    406: "not_acceptable",
    408: "request_timeout",
    409: "conflict",
    413: "too_large",
    414: "address_too_long",
    415: "unsupported_media_type",
    416: "range_not_satisfiable",
    422: BadInput.slug,
    429: "too_many_requests",
    500: "internal_error",
    503: Unavailable.slug,
}
INTERNAL = "Something went wrong on our side. It has been noted."


class ErrorOutput(Output):
    """The one shape of everything that goes wrong."""

    sometimes = ("errors",)

    code = fields.Integer(required=True, metadata={"description": "The HTTP status"})
    status = fields.String(required=True, metadata={"description": "Its name"})
    message = fields.String(required=True, metadata={"description": "One sentence for people"})
    errors = fields.Dict(metadata={"description": "Where the input is wrong: place, field, reasons"})
    error = fields.String(required=True, metadata={"description": "What went wrong, as a stable slug for programs"})


def answer_errors(app: Flask) -> None:
    """Answer every exception in the one shape."""
    app.register_error_handler(TawkeeError, answer_own)
    app.register_error_handler(HTTPException, answer_http)
    app.register_error_handler(DataError, answer_data)
    for lost in (*LOST, MaxConnectionsExceeded):
        app.register_error_handler(lost, answer_lost)
    app.register_error_handler(Exception, answer_unknown)


def error_response(code: int, slug: str, message: str, errors: Any = None) -> Response:
    """An answer in the one shape."""
    body = {"code": code, "status": HTTPStatus(code).phrase, "message": message, "error": slug}
    if errors:
        body["errors"] = errors
    response = jsonify(body)
    response.status_code = code
    return response


def answer_own(error: TawkeeError) -> Response:
    if error.status >= 500:
        log.warning("request_failed", error=error.slug, reason=str(error))
    response = error_response(error.status, error.slug, str(error), getattr(error, "errors", None))
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    retry_after = getattr(error, "retry_after", None)
    if retry_after is not None:
        response.headers["Retry-After"] = str(int(retry_after))
    return response


def answer_http(error: HTTPException) -> Response:
    """Werkzeug's and webargs' errors; the latter carry field errors in `data`."""
    if error.response is not None or error.code is None or error.code < 400:
        return error.get_response()  # type: ignore[return-value]  # a redirect, or a response the raiser made
    data = getattr(error, "data", None) or {}
    slug = SLUGS.get(error.code, "bad_request" if error.code < 500 else "internal_error")
    response = error_response(error.code, slug, say_http(error, data), data.get("errors") or data.get("messages"))
    for name in ("Allow", "Retry-After"):
        value = dict(error.get_headers()).get(name)
        if value:
            response.headers[name] = value
    return response


def say_http(error: HTTPException, data: dict[str, Any]) -> str:
    if error.code == 404:
        return str(NotFound())
    if error.code == 422:
        return str(data.get("message") or "The request has fields that are missing, unknown or wrong.")
    return str(data.get("message") or error.description or HTTPStatus(error.code or 500).phrase)


def answer_data(error: DataError) -> Response:
    """PostgreSQL refused a value, e.g. a number beyond its column."""
    log.warning("value_refused", reason=str(error).split("\n")[0])
    return error_response(422, BadInput.slug, str(BadInput()))


def answer_lost(error: Exception) -> Response:
    log.error("database_lost", reason=str(error).strip().split("\n")[0])
    return error_response(503, Unavailable.slug, "The database cannot be reached at the moment.")


def answer_unknown(error: Exception) -> Response:
    """A defect: the trace goes to the log, the caller is told nothing of it."""
    log.error("request_crashed", exc_info=error)
    return error_response(500, "internal_error", INTERNAL)
