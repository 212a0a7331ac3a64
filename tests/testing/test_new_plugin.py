"""`tawkee plugin new channel`: what it writes, and what it refuses. That it works is tried in tests/examples."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tawkee_core.cli import main
from tawkee_core.testing.new_plugin import CHANNEL

RULES = ["--isolated", "--line-length", "120"]


def write_new(kind: str, into: Path) -> Result:
    return CliRunner().invoke(main, ["plugin", "new", "channel", kind, "--into", str(into)])


def test_package_is_whole_and_named(tmp_path: Path) -> None:
    result = write_new("acme_chat", tmp_path)
    assert result.exit_code == 0, result.output
    made = tmp_path / "tawkee_acme_chat"
    assert str(made) in result.output
    assert sorted(str(p.relative_to(made)) for p in made.rglob("*") if p.is_file()) == [
        "README.md",
        "pyproject.toml",
        "setup.cfg",
        "tawkee_acme_chat/__init__.py",
        "tawkee_acme_chat/py.typed",
        "tests/fake_server.py",
        "tests/test_tawkee_acme_chat.py",
    ]
    setup = (made / "setup.cfg").read_text()
    assert "name = tawkee-acme-chat\n" in setup
    assert f"install_requires = tawkee>={version('tawkee')}\n" in setup
    assert "tawkee =\n    acme_chat = tawkee_acme_chat\n" in setup


def test_no_mark_of_the_templates_is_left_and_the_linter_is_content(tmp_path: Path) -> None:
    assert write_new("acme", tmp_path).exit_code == 0
    texts = [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(texts) == len(CHANNEL) + 1
    assert not any("$" in text for text in texts)
    for command in (["check", "--select", "B,E,F,I,UP,W"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *command, *RULES, "--no-cache", "."]
        done = subprocess.run(ruff, cwd=tmp_path / "tawkee_acme", capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("missing", "code"),
    [
        (("pytest", "hypothesis"), "from tawkee_core.cli import main; main(['plugin', 'new', 'channel', 'acme'])"),
        (("hypothesis",), "import tawkee_core.testing.plugin"),  # which every pytest beside Tawkee loads
    ],
)
def test_only_the_kit_needs_what_production_does_not_install(
    tmp_path: Path, missing: tuple[str, ...], code: str
) -> None:
    hidden = f"import sys; sys.modules.update(dict.fromkeys({missing!r})); {code}"
    done = subprocess.run([sys.executable, "-c", hidden], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kind", ["Acme", "1acme", "acme-chat", "../acme", "acme__chat", "_acme", "a" * 41, "ação", ""])
def test_bad_names_are_refused(tmp_path: Path, kind: str) -> None:
    result = write_new(kind, tmp_path / "new")
    assert result.exit_code == 1
    assert "is no name for a channel" in result.output
    assert not (tmp_path / "new").exists()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    assert write_new("acme", tmp_path).exit_code == 0
    mine = tmp_path / "tawkee_acme" / "README.md"
    mine.write_text("mine")
    again = write_new("acme", tmp_path)
    assert (again.exit_code, "exists already" in again.output, mine.read_text()) == (1, True, "mine")


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = write_new("acme", tmp_path / "file" / "inner")
    assert result.exit_code != 0
    assert "file" in result.output
    assert not isinstance(result.exception, OSError)
