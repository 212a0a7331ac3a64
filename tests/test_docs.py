"""What the pages name exists: settings, routes, links. Metrics and alerts: tests/house/watched.py."""

import re
from pathlib import Path

import pytest
from flask import Flask

from tawkee_core.settings import SETTINGS

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "examples" / "tawkee_echo" / "README.md"])
PLUGINS_SETTINGS = {"TAWKEE_LITELLM_MODELS"}
pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def routes_named(text: str) -> list[tuple[str, str]]:
    """Methods and paths such as `POST …/chats/{id}/takeover`; a leading … stands for /api/workspaces/{workspace_id}."""
    found = re.findall(r"\b(GET|POST|PATCH|DELETE) ([/…][^\s`,;)]*)", text)
    return [(method, re.sub(r"^…", "/api/workspaces/x", path).partition("?")[0]) for method, path in found]


def answers(app: Flask, method: str, path: str) -> bool:
    """Whether the application has a rule for this, whatever stands for the ids."""
    wanted = re.sub(r"\{\w+\}|…", "x", path)
    rules = [rule for rule in app.url_map.iter_rules() if method in (rule.methods or ())]
    return any(re.fullmatch(re.sub(r"<[^>]+>", "[^/]+", rule.rule), wanted) for rule in rules)


@pages
def test_links_lead_somewhere(page: Path) -> None:
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", page.read_text()) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


@pages
def test_settings_exist(page: Path) -> None:
    own = {"TAWKEE_CONTRACT"}  # no setting: a name in a plugin's module
    known = {setting.name for setting in SETTINGS} | PLUGINS_SETTINGS | own
    assert set(re.findall(r"\bTAWKEE_[A-Z][A-Z_]*[A-Z]\b", page.read_text())) - known == set()


@pages
def test_routes_exist(page: Path, app: Flask) -> None:
    assert [route for route in routes_named(page.read_text()) if not answers(app, *route)] == []


def test_what_is_not_there_is_noticed(app: Flask) -> None:
    named = routes_named("Send `POST …/chats/{id}/takeover`, `GET /api/plugins` and `POST …/chats/{id}/applaud`.")
    assert [answers(app, *route) for route in named] == [True, True, False]
    assert sum(len(routes_named(page.read_text())) for page in PAGES) > 30
