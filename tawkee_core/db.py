"""The database: one pool a process, and SQL where a statement says more than a model can.

A connection is held for a transaction and never while a provider is waited for; `transaction()` and `run()` take one
and give it back."""

import os
import select
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import psycopg2
import structlog
from peewee import InterfaceError, OperationalError
from playhouse.pool import MaxConnectionsExceeded, PooledPostgresqlDatabase
from psycopg2.errors import LockNotAvailable
from psycopg2.extensions import (
    TRANSACTION_STATUS_IDLE,
    TransactionRollbackError,
    cursor,
    new_array_type,
    new_type,
    register_adapter,
    register_type,
)
from psycopg2.extras import Json

from .errors import Unavailable
from .settings import Settings
from .statements import PreparingConnection, PreparingCursor

Cursor: TypeAlias = cursor
Result = TypeVar("Result")
Parameters = Mapping[str, Any] | tuple[Any, ...]
LOST = (
    OperationalError,
    InterfaceError,
    MaxConnectionsExceeded,
    psycopg2.OperationalError,
    psycopg2.InterfaceError,
)
log = structlog.get_logger()
_later = threading.local()

# ids are texts everywhere in Python: what JSON, URLs and plugins use
ID_TYPE = new_type((2950,), "ID", lambda value, _: value)
register_type(ID_TYPE)
register_type(new_array_type((2951,), "IDS", ID_TYPE))
register_adapter(dict, Json)


class Database(PooledPostgresqlDatabase):  # type: ignore[misc]  # peewee ships no types
    """The pool, safe to use after a fork: a child drops its parent's connections without closing them."""

    def _is_closed(self, conn: Any) -> bool:
        """Whether a pooled connection is unusable. peewee asks PostgreSQL each time, while all other threads wait; an
        idle connection that has nothing to say is open, and only one that has is asked."""
        if conn.closed or conn.info.transaction_status != TRANSACTION_STATUS_IDLE:
            return bool(super()._is_closed(conn))
        poll = select.poll()
        poll.register(conn.fileno(), select.POLLIN)
        return bool(poll.poll(0)) and bool(super()._is_closed(conn))


database = Database(None, autoconnect=False)  # a connection taken by accident would never be given back


def open_database(settings: Settings) -> None:
    """Point the pool at the configured PostgreSQL. Connects when first used."""
    if not settings.database_url:
        raise Unavailable("TAWKEE_DATABASE_URL is not set; `tawkee up` starts a PostgreSQL of its own.")
    if not database.is_closed():
        database.close()
    database.close_idle()
    database.init(
        settings.database_url.replace("postgres://", "postgresql://", 1),
        max_connections=settings.database_connections,
        timeout=10,
        connection_factory=PreparingConnection if settings.prepared_statements else None,
        cursor_factory=PreparingCursor,
        connect_timeout=5,
        keepalives_idle=30,
        application_name=f"tawkee-{os.getpid()}",
        options="-c idle_in_transaction_session_timeout=60000 -c lock_timeout=20000 -c statement_timeout=60000",
    )


@contextmanager
def connection() -> Iterator[None]:
    """Hold a pooled connection; one that broke is thrown away, its idle siblings with it. Nests."""
    if not database.is_closed():
        yield
        return
    database.connect()
    try:
        yield
    except (TransactionRollbackError, LockNotAvailable):  # the connection is whole, the step may be done again
        raise
    except LOST:
        database.manual_close()
        database.close_idle()
        raise
    except Exception:
        raise
    except BaseException:  # a thread ended from outside: nobody knows what its connection was in the middle of
        database.manual_close()
        raise
    finally:
        if not database.is_closed():
            database.close()


@contextmanager
def transaction() -> Iterator[Cursor]:
    """One transaction on one connection: begun with its first statement, committed at the end (where its last statement
    did not), rolled back on any exception."""
    steps: list[Callable[[], object]] = []
    around, _later.steps = getattr(_later, "steps", None), steps
    try:
        with connection():
            cursor = database.cursor()
            cursor.opening = True
            try:
                yield cursor
            except BaseException:
                if not cursor.connection.closed and not cursor.opening:
                    cursor.execute("rollback")
                raise
            if cursor.connection.info.transaction_status != TRANSACTION_STATUS_IDLE:
                cursor.execute("commit")
    finally:
        _later.steps = around
    for step in steps:
        after_commit(step)


def after_commit(step: Callable[[], object]) -> None:
    """Do something once this thread's transaction is committed and its connection given back; never when it is rolled
    back, and at once outside a transaction."""
    steps: list[Callable[[], object]] | None = getattr(_later, "steps", None)
    if steps is None:
        step()
    else:
        steps.append(step)


def run(sql: str, parameters: Parameters = ()) -> list[Any]:
    """Run one statement by itself, committed at once; its rows as named tuples."""
    with connection():
        cursor = database.cursor()
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []


def persist(step: Callable[[], Result], seconds: float = 30.0) -> Result:
    """Do a step that may safely be done again, through a restart of PostgreSQL: tried for `seconds`, then the error is
    raised."""
    deadline = time.monotonic() + seconds
    pause = 0.05
    while True:
        try:
            return step()
        except LOST as error:
            if time.monotonic() + pause > deadline:
                raise
            log.warning("database_lost", error=str(error).strip().split("\n")[0])
            time.sleep(pause)
            pause = min(pause * 2, 2.0)


def ping_database(settings: Settings) -> None:
    """Ask PostgreSQL for a sign of life on a connection of its own: 2 s to connect, 1 s to answer. Raises one of
    LOST."""
    options = "-c statement_timeout=1000"
    with closing(psycopg2.connect(settings.database_url, connect_timeout=2, options=options)) as fresh:
        fresh.cursor().execute("select 1")


def migrate() -> list[str]:
    """Bring the schema up to date, one process at a time; the names of the migrations that were applied."""
    with connection():
        cursor = database.cursor()
        cursor.execute("select pg_advisory_lock(7418531)")
        try:
            return list(migrations().up())
        finally:
            cursor.execute("select pg_advisory_unlock(7418531)")


def pending_migrations() -> list[str]:
    """The names of the migrations that this code has and the database has not."""
    with connection():
        return [m.name for m in migrations().status() if not m.applied]


def migrations() -> Any:
    from playhouse.migrations import Runner

    return Runner(database, directory=str(Path(__file__).parent / "migrations"))
