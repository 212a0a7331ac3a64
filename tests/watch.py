"""The look-out for secrets, over every test: its output, and what the models that it had were asked."""

import json
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from cryptography.fernet import Fernet, InvalidToken

from tests.canary import KNOWN, find_leaks, learn

SEEN: list[str] = []  # by every test of this process
SEALED = "select table_name from information_schema.columns where table_schema = 'public' and column_name = 'sealed'"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """A test has failed whose output holds a marked secret, or whose model was told one, whatever it asserts."""
    report: Any = yield
    if report.when == "teardown":
        seen = [*outputs(report), *questions(item)]
        SEEN.extend(seen)
        leaks = find_leaks(seen, ())
        if leaks:
            report.outcome = "failed"
            report.longrepr = "a secret was logged, or told to a model, after:\n" + "\n".join(leaks)
    return report


def outputs(report: Any) -> list[str]:
    """What was written; pytest's own view of the log is left out, since it is taken before secrets are hidden."""
    return [text for name, text in report.sections if "log" not in name]


def questions(item: Any) -> Iterator[str]:
    """What the models were asked that a test had, themselves or inside another fixture."""
    given = list(getattr(item, "funcargs", {}).values())
    inside = [getattr(each, name, None) for each in given for name in ("model", "server", "models")]
    for each in {id(each): each for each in (*given, *inside)}.values():
        if hasattr(each, "asked") and hasattr(each, "script"):
            yield json.dumps([[(m.role, m.content) for m in messages] for messages in each.asked], ensure_ascii=False)
        elif hasattr(each, "chats"):
            yield from (request.body.decode("utf-8", "replace") for request in list(each.requests))


def check_everything(config: Mapping[str, Any]) -> None:
    """At the end: what was sealed in the database, and what callers were given, was told to nobody either."""
    learn_sealed(config["database_url"], config["keys"])
    leaks = find_leaks(SEEN, KNOWN)
    assert leaks == [], "secrets were logged, or told to a model, after:\n" + "\n".join(leaks)


def learn_sealed(url: str, keys: str) -> None:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(SEALED)
        tables = [row[0] for row in cursor.fetchall() if row[0] != "mail"]  # whose words are no secrets
        for table in tables:
            cursor.execute(f"select sealed from \"{table}\" where sealed <> ''")
            for (sealed,) in cursor.fetchall():
                learn(*open_sealed(keys, sealed))


def open_sealed(keys: str, sealed: str) -> list[Any]:
    """The secrets in it; none where a test sealed with a key of its own."""
    try:
        _, values = json.loads(Fernet(keys.split(",")[0]).decrypt(sealed.encode()))
    except (InvalidToken, ValueError):
        return []
    return list(values.values())
