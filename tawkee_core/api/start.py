"""The page at `/`: what runs here and what to do next, in Portuguese or English."""

from typing import Any

from flask import Blueprint, render_template, request

from ..agents.models import has_language_model
from ..context import current
from ..db import LOST
from ..demo import find_demo

blueprint = Blueprint("start", __name__)
LANGUAGES = ("pt-BR", "en")


@blueprint.route("/")
def start() -> tuple[str, dict[str, str]]:
    page = render_template("start.html", lang=choose_language(), **describe_installation())
    return page, {"Vary": "Accept-Language", "Cache-Control": "no-store"}


def choose_language() -> str:
    """The language asked for with `?lang=`, else the browser's, else Portuguese."""
    asked = request.args.get("lang", "")
    if asked in LANGUAGES:
        return asked
    best = request.accept_languages.best_match(("pt-BR", "pt", "en"), default="pt-BR")
    return "en" if best == "en" else "pt-BR"


def describe_installation() -> dict[str, Any]:
    tawkee = current()
    report = tawkee.plugins.report()
    return {
        "plugins": [plugin for plugin in report if not plugin.broken],
        "broken": [plugin.name for plugin in report if plugin.broken],
        "has_model": has_language_model(tawkee),
        "demo": demo_page(),
        "public_url": tawkee.settings.public_url.rstrip("/"),
    }


def demo_page() -> str | None:
    """Where to chat with the demo, if there is one; this page is shown also while the database is away."""
    try:
        demo = find_demo(current())
    except LOST:
        return None
    return f"/chat/{demo['channel_id']}" if demo else None
