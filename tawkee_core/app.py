"""The web application, made anew by each call."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Flask

from .api import register_api
from .api.browser import guard_browsers, trust_proxies
from .api.errors import answer_errors
from .api.limits import limit_requests
from .check_settings import check_settings, warn_misspelt
from .context import Tawkee
from .db import open_database
from .logs import number_requests, start_logs
from .metrics import begin_series
from .plugins import load_plugins
from .safe_http import allow_hosts
from .settings import read_settings


def create_app(config: Mapping[str, Any] | None = None, plugins: Iterable[tuple[str, Any]] = ()) -> Flask:
    """An application with the given settings (names in lower case) over the environment's, and the given plugins beside
    the installed ones. Connects to nothing."""
    app = Flask("tawkee_core")
    settings = read_settings(config)
    check_settings(settings)
    start_logs(settings)
    warn_misspelt()
    allow_hosts(settings.private_hosts)
    open_database(settings)
    tawkee = Tawkee(settings, load_plugins(settings, plugins))
    tawkee.plugins.check_chosen(settings)
    app.extensions["tawkee"] = tawkee
    begin_series(tawkee.plugins.names("channel_info"))
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    trust_proxies(app, settings)
    number_requests(app)
    guard_browsers(app, settings)
    limit_requests(app, settings)
    api = register_api(app)
    answer_errors(app)
    tawkee.plugins.call_historic("register_blueprints", api=api)
    return app
