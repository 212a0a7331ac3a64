"""Canaries: every secret of the tests is known here, to be looked for in what was logged and in what models were asked.

A fixture's secret carries MARK; what carries none is learned: tokens given to callers, and what was sealed in the
database. `watch.py` beside this does the looking."""

import secrets
from collections.abc import Iterable
from typing import Any

MARK = "canary5ecret"
SHORTEST = 6
KNOWN: set[str] = set()


def canary(name: str = "") -> str:
    """A secret that is recognised wherever it turns up."""
    return f"{MARK}-{name}-{secrets.token_hex(8)}"


def fernet_canary() -> str:
    """A Fernet key, marked."""
    return MARK + secrets.token_urlsafe(32)[: 42 - len(MARK)] + "A="


def learn(*values: Any) -> None:
    """Look for these, too; not for plain words, which stand everywhere."""
    KNOWN.update(v for v in values if isinstance(v, str) and len(v) >= SHORTEST and not v.isalpha())


def find_leaks(texts: Iterable[str], known: Iterable[str]) -> list[str]:
    """What stands before each secret that a text holds, never the secret itself."""
    wanted = [MARK, *known]
    return [f"…{text[max(0, at - 160) : at]}" for text in texts for each in wanted if (at := text.find(each)) >= 0]
