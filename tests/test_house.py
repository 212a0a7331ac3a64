"""The rules of the house (docs/architecture.md): each is kept by the code, and each can be broken."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from flask import Flask

from tawkee_core.api.permissions import AREA_OF
from tawkee_core.plugins import load_plugins
from tawkee_core.settings import Settings
from tests.api.routes import own_routes
from tests.house import borders, hooks, shape, shelves, watched
from tests.house.borders import entry_names
from tests.house.samples import BAD, Bad, write_sample
from tests.house.source import House, read_house

ROOT = Path(__file__).parent.parent
Rule = Callable[[House], list[str]]
RULES: list[Rule] = [
    borders.core_imports_downward,
    borders.core_imports_no_plugin,
    borders.core_names_no_plugin,
    borders.plugins_import_public_names,
    borders.plugins_reach_in_by_no_name,
    borders.only_plugins_module_knows_pluggy,
    borders.only_api_knows_the_request,
    borders.hooks_know_no_request,
    borders.http_goes_through_safe_http,
    borders.imports_go_in_no_circle,
    hooks.hooks_say_what_they_do,
    hooks.argument_means_one_type,
    hooks.specs_take_plain_arguments,
    hooks.hooks_are_used,
    hooks.hookimpls_keep_the_spec,
    shape.modules_are_short,
    shape.functions_are_short,
    shape.sizes_are_even,
    shape.names_say_what_happens,
    shape.names_are_short,
    shape.modules_say_why,
    shape.settings_are_read,
    shape.errors_are_not_swallowed,
    shape.broad_catches_say_why,
    shape.disabled_lints_say_why,
    shelves.packages_are_shipped,
    shelves.shelves_are_mapped,
    shelves.plugins_are_announced,
    shelves.packages_are_typed,
    watched.metrics_are_counted,
    watched.metrics_are_explained,
    watched.alerts_name_metrics,
    watched.alerts_are_explained,
]


@pytest.fixture(scope="module")
def house() -> House:
    return read_house(ROOT)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule_is_kept(rule: Rule, house: House) -> None:
    assert rule(house) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_good_sample_keeps_rule(rule: Rule, tmp_path: Path) -> None:
    assert rule(write_sample(tmp_path)) == []


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: f"{bad.rule.__name__}-{bad.path}")
def test_bad_sample_breaks_rule(bad: Bad, tmp_path: Path) -> None:
    assert callable(bad.rule)
    assert bad.rule(write_sample(tmp_path, bad)) != []


def test_every_rule_has_a_bad_sample() -> None:
    assert {bad.rule for bad in BAD} == set(RULES)


def test_house_is_read_whole(house: House) -> None:
    """The rules would hold for an empty house too."""
    assert len(house.core()) > 80
    assert len({module.package for module in house.plugins()}) >= 5
    assert len(house.tests) > 20
    assert {module.name.split(".")[1] for module in house.examples()} == {"tawkee_discord", "tawkee_echo"}
    assert len(hooks.specs(house)) > 15
    assert len(borders.public_names(house)) > 50
    assert sum(1 for _ in borders.core_imports(house)) > 100
    assert len(watched.all_metrics(house)) > 20 and len(watched.alerts(house)) > 10


def test_every_plugin_loads(house: House) -> None:
    plugins = load_plugins(Settings())
    assert plugins.broken == {}
    assert {report.name for report in plugins.report()} >= set(entry_names(house))
    assert {entry.name for entry in entry_points(group="tawkee")} >= set(entry_names(house))


def test_every_route_has_a_row(app: Flask) -> None:
    """Who may call a route is written down before it can be called."""
    assert {route.endpoint for route in own_routes(app)} == set(AREA_OF), "see tawkee_core/api/permissions.py"


def check_docs(root: Path) -> subprocess.CompletedProcess[str]:
    pages = ["README.md", *(str(page.relative_to(root)) for page in sorted((root / "docs").glob("*.md")))]
    command = [sys.executable, "-m", "cogapp", "--check", *pages]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60)


def test_generated_docs_are_up_to_date() -> None:
    checked = check_docs(ROOT)
    assert checked.returncode == 0, f"run `make docs`\n{checked.stdout}{checked.stderr}"


def test_stale_docs_are_noticed(tmp_path: Path) -> None:
    for name in ("README.md", "docs", "examples", "tawkee_core", "setup.cfg"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    page = tmp_path / "docs" / "settings.md"
    page.write_text(page.read_text().replace("TAWKEE_DATABASE_URL", "TAWKEE_DATABASE"))
    assert check_docs(tmp_path).returncode != 0
