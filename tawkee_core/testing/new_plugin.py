"""A working plugin to begin with, written from the templates beside this file."""

import re
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from string import Template

from ..contract import CONTRACT
from ..errors import BadInput, Conflict

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
MAX_NAME = 40
#: template → where its text goes; the package's name stands for {}
CHANNEL = {
    "README.md": "README.md",
    "pyproject.toml": "pyproject.toml",
    "setup.cfg": "setup.cfg",
    "channel.py": "{}/__init__.py",
    "fake_server.py": "tests/fake_server.py",
    "test_channel.py": "tests/test_{}.py",
}


def write_channel(kind: str, into: Path) -> Path:
    """Write the package tawkee_<kind> into a folder; the package's own folder. Raises BadInput, Conflict, OSError."""
    if not NAME.fullmatch(kind) or len(kind) > MAX_NAME:
        raise BadInput(f"{kind!r} is no name for a channel: small letters, digits and single _, at most {MAX_NAME}.")
    words = name_words(kind)
    target = into / words["package"]
    if target.exists():
        raise Conflict(f"{target} exists already.")
    for template, place in CHANNEL.items():
        write_file(target / place.format(words["package"]), fill(template, words))
    write_file(target / words["package"] / "py.typed", "")
    return target


def name_words(kind: str) -> dict[str, str]:
    """What the templates' marks stand for."""
    title = kind.replace("_", " ").title()
    return {
        "kind": kind,
        "package": f"tawkee_{kind}",
        "dashed": kind.replace("_", "-"),
        "dashed_package": f"tawkee-{kind.replace('_', '-')}",
        "title": title,
        "class_name": title.replace(" ", ""),
        "contract": str(CONTRACT),
        "version": version("tawkee"),
    }


def fill(template: str, words: dict[str, str]) -> str:
    text = (files(__package__) / "templates" / f"{template}.txt").read_text(encoding="utf-8")
    return Template(text).substitute(words)


def write_file(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
