"""Prepared statements: each of ours is one that PostgreSQL takes, and they behave as any statement does."""

import importlib
import pkgutil
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from flask import Flask

import tawkee_core
from tawkee_core.db import connection, database, run, transaction
from tawkee_core.statements import Statement

ECHO = Statement("select %(word)s::text as word, %(ids)s::uuid[] as ids, %(word)s::text || '%%' as share")
UNKNOWN_ID = "01890000-0000-7000-8000-000000000000"


def our_statements() -> Iterator[Statement]:
    for module in pkgutil.walk_packages(tawkee_core.__path__, "tawkee_core."):
        if "gunicorn" not in module.name and "testing" not in module.name:
            yield from (v for v in vars(importlib.import_module(module.name)).values() if isinstance(v, Statement))


@pytest.mark.parametrize(
    "statement", list({each.name: each for each in our_statements()}.values()), ids=lambda s: s.name
)
def test_postgresql_prepares_each_statement(app: Flask, statement: Statement) -> None:
    with transaction() as cursor:
        cursor.execute(statement.prepare.replace(statement.name, "tried_once", 1))
        cursor.execute("deallocate tried_once")


def test_a_statement_is_planned_once_a_connection(app: Flask) -> None:
    with connection():
        for word in ("first", "second"):
            assert run(ECHO, {"word": word, "ids": [UNKNOWN_ID]}) == [(word, [UNKNOWN_ID], word + "%")]
        prepared = run("select count(*)::int as times from pg_prepared_statements where name = %s", (ECHO.name,))
    assert prepared[0].times == 1


def test_a_rolled_back_transaction_leaves_its_statement_usable(app: Flask) -> None:
    with connection():
        with pytest.raises(ZeroDivisionError), transaction() as cursor:
            cursor.execute(ECHO, {"word": "rolled back", "ids": []})
            raise ZeroDivisionError
        assert run(ECHO, {"word": "again", "ids": []})[0].word == "again"


def test_a_pooled_connection_that_postgresql_ended_is_not_given_out(app: Flask, config: dict[str, Any]) -> None:
    database.close_idle()
    with connection():
        ended = run("select pg_backend_pid() as pid")[0].pid
    with closing(psycopg2.connect(config["database_url"])) as other:
        other.cursor().execute("select pg_terminate_backend(%s, 5000)", (ended,))
    assert run("select pg_backend_pid() as pid")[0].pid != ended
