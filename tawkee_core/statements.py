"""Statements that PostgreSQL plans once a connection: planning those on a message's way costs more than running one."""

import re
from hashlib import sha256
from typing import Any

from psycopg2.extensions import connection
from psycopg2.extras import NamedTupleCursor

PLACEHOLDER = re.compile(r"%\((\w+)\)s(::\w+(?:\[\])?)?")


class Statement(str):
    """SQL with named parameters, for `db.run` and a transaction's cursor. Its columns are named, never `*`: a prepared
    statement may not change its result when a migration adds one."""

    def __init__(self, sql: str) -> None:
        casts: dict[str, str] = {}
        for name, cast in PLACEHOLDER.findall(sql):
            casts[name] = casts.get(name) or cast
        numbers = {name: str(number) for number, name in enumerate(casts, 1)}
        self.name = f"tawkee_{sha256(sql.encode()).hexdigest()[:16]}"
        numbered = PLACEHOLDER.sub(lambda found: f"${numbers[found[1]]}{found[2] or ''}", sql).replace("%%", "%")
        self.prepare = f"prepare {self.name} as {numbered}"
        given = ", ".join(f"%({name})s{cast}" for name, cast in casts.items())
        self.execute = f"execute {self.name}" + (f" ({given})" if given else "")
        self.parts: tuple[Statement, ...] = (self,)


class Chain(str):
    """Statements that go to PostgreSQL together, one round trip for all: each sees what was committed before it began,
    and the last one's rows come back."""

    def __new__(cls, *parts: str) -> "Chain":
        return super().__new__(cls, "; ".join(parts))

    def __init__(self, *parts: str) -> None:
        self.parts = tuple(part for part in parts if isinstance(part, Statement))
        self.execute = "; ".join(part.execute if isinstance(part, Statement) else part for part in parts)


class PreparingConnection(connection):
    """A connection that knows what was prepared on it."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.prepared: set[str] = set()


class PreparingCursor(NamedTupleCursor):
    """Rows as named tuples. Prepares a `Statement` where its connection can; a transaction `opening` begins with its
    first statement."""

    opening = False

    def _prepare(self, statement: Statement) -> None:
        try:
            super().execute(statement.prepare)  # type: ignore[no-untyped-call]  # psycopg2's own gap
            self.connection.prepared.add(statement.name)  # type: ignore[attr-defined]  # where there is none, none asks
        except BaseException:  # also a turn ended from outside: nobody knows any more what this connection has prepared
            self.connection.close()
            raise

    def execute(self, query: Any, vars: Any = None) -> None:
        prepared = getattr(self.connection, "prepared", None)
        if isinstance(query, Statement | Chain) and prepared is not None:
            for part in query.parts:
                if part.name not in prepared:
                    self._prepare(part)
            query = query.execute
        if self.opening:
            query, self.opening = f"begin; {query}", False
        super().execute(query, vars)  # type: ignore[no-untyped-call]  # psycopg2's own gap
