"""What those who run the installation ask: does it live, is it ready, how does it fare."""

from flask import Blueprint, Response, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST
from redis import RedisError

from ..channels.load import are_keys_right
from ..context import current
from ..conversation.media import why_unwritable
from ..db import LOST, pending_migrations, ping_database
from ..doorbell import connect_redis
from ..errors import Unauthorized
from ..scrape import may_read, tell_metrics
from ..settings import Settings

blueprint = Blueprint("operation", __name__)


@blueprint.route("/healthz")
def healthz() -> Response:
    """The process answers. Nothing else is asked."""
    return jsonify(status="ok")


@blueprint.route("/readyz")
def readyz() -> tuple[Response, int]:
    """Work can be done: PostgreSQL answers and has this code's schema. Redis carries hints: it may be away. Without
    a place for files all that is written is answered still."""
    settings = current().settings
    checks = {"postgresql": check_database(), "redis": check_redis(settings), "files": check_files(settings)}
    ready = checks["postgresql"] == "ok"
    if ready:
        checks["keys"] = check_keys(settings)
    return jsonify(status="ready" if ready else "not ready", checks=checks), 200 if ready else 503


def check_database() -> str:
    try:
        ping_database(current().settings)
        pending = pending_migrations()
    except LOST as error:
        return type(error).__name__
    return f"migrations to be applied: {', '.join(pending)}" if pending else "ok"


def check_redis(settings: Settings) -> str:
    if not settings.redis_url:
        return "warning: not configured; work is found by polling"
    try:
        connect_redis(settings).ping()
    except RedisError as error:
        return f"warning: {type(error).__name__}"
    return "ok"


def check_keys(settings: Settings) -> str:
    try:
        right = are_keys_right(settings)
    except LOST as error:
        return f"warning: {type(error).__name__}"
    return "ok" if right else "warning: TAWKEE_KEYS opens no channel's credentials"


def check_files(settings: Settings) -> str:
    reason = why_unwritable(settings)
    return f"warning: files cannot be kept: {reason}" if reason else "ok"


@blueprint.route("/metrics")
def metrics() -> Response:
    """Prometheus' text format, for who has the token; where none is set, for this machine alone."""
    settings = current().settings
    if not settings.metrics_token and not is_local():
        raise Unauthorized("Set TAWKEE_METRICS_TOKEN to read the metrics from another machine.")
    if not may_read(settings, request.headers.get("Authorization", "")):
        raise Unauthorized("Send the metrics token: Authorization: Bearer …")
    return Response(tell_metrics(files=not why_unwritable(settings)), content_type=CONTENT_TYPE_LATEST)


def is_local() -> bool:
    """Whether a program of this machine asks, and not a proxy on it for somebody elsewhere."""
    forwarded = any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP"))
    return request.remote_addr in ("127.0.0.1", "::1", "::ffff:127.0.0.1") and not forwarded
