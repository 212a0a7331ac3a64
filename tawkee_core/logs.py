"""Structured logs: one JSON object a line, with the request's id, without secrets and without what people wrote."""

import logging
import re
import secrets
import sys
import time
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import fields
from functools import lru_cache
from typing import Any

import structlog
from flask import Flask, Response, g, request
from structlog.contextvars import bind_contextvars, clear_contextvars
from structlog.typing import Processor

from .settings import Settings

REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
SECRET_KEYS = re.compile(
    r"pass(word|phrase|wd)?$|secret|token|api_?key|^keys?$|authorization|cookie|credential|sealed|signature|private",
    re.IGNORECASE,
)
SECRET_VALUES = re.compile(
    r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]+"  # JSON web tokens
    r"|(?<=[Bb]earer )\S+|\b(?:sk|twk|whsec|rk|pk)[-_][\w-]{12,}"
    r"|(?<=/webhooks/)[\w-]+/[\w-]+"
    r"|(?<=/exports/)[\w-]+/\d+/\w+|(?<=/media/)[\w-]+/\w+"
    r"|(?<=/invitations/)[\w-]{43,}|(?<=/invite#)[\w-]+"
    r"|(?<=://)[^/\s@:]*:[^/\s@]+(?=@)"
    # PostgreSQL shows the row, or the part of the statement, that it refused
    r"|(?s:(?:(?<=DETAIL:  )|(?<=\nLINE ))\S.*?(?=\n\n(?:During handling|The above exception)|\Z))"
)
PERSONS = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+|(?<![\w-])\+?55\d{10,11}(?![\w-])")
# most of what a line says, and none of it can hold what the two patterns above look for: an id, a short word, a moment
PLAIN = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[a-z_]{1,14}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z"
)
WRITTEN_KEYS = frozenset({"text", "body", "content", "prompt", "messages", "caption", "transcript"})
HIDDEN = "[hidden]"
Event = MutableMapping[str, Any]
QUIET = ("httpx", "httpcore", "urllib3", "LiteLLM", "rq.worker", "werkzeug")


def start_logs(settings: Settings) -> None:
    """Send structlog's and the standard library's logs to stderr in one form. Calling it again replaces the form."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        hide_secrets(settings),
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    listen_root(
        settings, structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=final_steps(settings))
    )


def final_steps(settings: Settings) -> list[Processor]:
    drop_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if settings.log_format == "console":
        return [drop_meta, escape_lines, structlog.dev.ConsoleRenderer(timestamp_key="ts", colors=sys.stderr.isatty())]
    return [drop_meta, structlog.processors.JSONRenderer(default=str, ensure_ascii=False)]


class StderrLog(logging.Handler):
    """Writes to what stderr is at the time of writing, also when it was exchanged since."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except Exception:  # as the standard handlers do: a log that cannot be written stops no request
            self.handleError(record)


def listen_root(settings: Settings, form: logging.Formatter) -> None:
    handler = StderrLog()
    handler.set_name("tawkee")
    handler.setFormatter(form)
    root = logging.getLogger()
    root.handlers = [each for each in root.handlers if each.get_name() != "tawkee"] + [handler]
    root.setLevel(settings.log_level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def escape_lines(_logger: Any, _method: str, event: Event) -> Event:
    """One event, one line, whatever a stranger put into it; a traceback keeps its lines."""
    for key, value in event.items():
        if isinstance(value, str) and key != "exception":
            event[key] = value.replace("\r", "\\r").replace("\n", "\\n")
    return event


def hide_secrets(settings: Settings) -> Callable[[Any, str, Event], Event]:
    """A step that hides values under telling keys, the settings' own secrets, tokens, and addresses of people."""
    own = [str(getattr(settings, f.name)) for f in fields(settings) if f.metadata["secret"]]
    own = [value for value in own if len(value) >= 8]
    verbose = settings.log_level.upper() == "DEBUG"

    def hide_value(key: str, value: Any) -> Any:
        if is_secret_key(key) and isinstance(value, (str, bytes, list, tuple, dict)):
            return HIDDEN
        if key in WRITTEN_KEYS and not verbose:
            return HIDDEN
        if isinstance(value, Mapping):
            return {str(k): hide_value(str(k), v) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            return [hide_value("", each) for each in value]
        return hide_text(value, own) if isinstance(value, str) else value

    def hide_event(_logger: Any, _method: str, event: Event) -> Event:
        for key, value in event.items():
            if not key.startswith("_"):
                event[key] = hide_value(key, value)
        return event

    return hide_event


@lru_cache(maxsize=512)
def is_secret_key(key: str) -> bool:
    return SECRET_KEYS.search(key) is not None


def hide_text(text: str, own: list[str]) -> str:
    for secret in own:
        text = text.replace(secret, HIDDEN)
    if PLAIN.fullmatch(text):
        return text
    return PERSONS.sub(HIDDEN, SECRET_VALUES.sub(HIDDEN, text))


def number_requests(app: Flask) -> None:
    """Give every request an id: the caller's when it is sane, else a new one; told back and put on every log line."""
    app.before_request(number_request)
    app.after_request(tell_number)


def number_request() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
    g.started = time.perf_counter()
    clear_contextvars()
    bind_contextvars(request_id=g.request_id)


def log_request(response: Response) -> None:
    milliseconds = round((time.perf_counter() - g.started) * 1000, 1)
    structlog.get_logger().debug(
        "request", method=request.method, path=request.path, status=response.status_code, duration_ms=milliseconds
    )


def tell_number(response: Response) -> Response:
    if "request_id" in g:
        response.headers["X-Request-ID"] = g.request_id
        if logging.getLogger().isEnabledFor(logging.DEBUG):
            log_request(response)
    return response
