"""The pool, its transactions, and the schema."""

import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest
from flask import Flask
from peewee import InterfaceError
from psycopg2.errors import CheckViolation, ForeignKeyViolation

from tawkee_core.db import (
    LOST,
    connection,
    database,
    migrate,
    open_database,
    pending_migrations,
    persist,
    ping_database,
    run,
    transaction,
)
from tawkee_core.errors import NotFound, Unavailable
from tawkee_core.models import Agent, Workspace, new_id
from tawkee_core.settings import Settings

pytestmark = pytest.mark.usefixtures("app")


def make_workspace() -> str:
    workspace_id = new_id()
    run("insert into workspace (id, name) values (%s, 'W')", (workspace_id,))
    return workspace_id


def make_agent(workspace_id: str) -> str:
    with connection():
        return str(Agent.create(workspace=workspace_id, name="A").id)


def test_a_transaction_is_kept_whole_or_not_at_all() -> None:
    workspace_id = new_id()
    with pytest.raises(RuntimeError), transaction() as cursor:
        cursor.execute("insert into workspace (id, name) values (%s, 'x')", (workspace_id,))
        raise RuntimeError
    assert run("select 1 from workspace where id = %s", (workspace_id,)) == []
    with transaction() as cursor:
        cursor.execute("insert into workspace (id, name) values (%s, 'x')", (workspace_id,))
    assert len(run("select 1 from workspace where id = %s", (workspace_id,))) == 1


def test_connections_go_back_to_the_pool_also_after_errors() -> None:
    for _ in range(50):
        with pytest.raises(psycopg2.Error):
            run("select 1/0")
    assert run("select 1 as one")[0].one == 1
    assert len(database._in_use) == 0


def test_many_threads_share_a_bounded_pool(app: Flask) -> None:
    most = app.extensions["tawkee"].settings.database_connections
    barrier = threading.Barrier(8)

    def work(number: int) -> int:
        barrier.wait(10)
        return int(run("select %s::int as n, pg_sleep(0.01)", (number,))[0].n)

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(work, range(64))) == list(range(64))
    assert len(database._connections) <= most


def test_a_connection_that_the_server_closed_is_replaced() -> None:
    with pytest.raises(LOST), connection():
        (mine,) = run("select pg_backend_pid() as pid")
        killer = psycopg2.connect(str(database.database))
        killer.autocommit = True
        killer.cursor().execute("select pg_terminate_backend(%s)", (mine.pid,))
        killer.close()
        run("select 1")
    (row,) = run("select pg_backend_pid() as pid")
    assert row.pid != mine.pid


def test_a_model_used_without_a_connection_is_an_error_not_a_leak() -> None:
    with pytest.raises(InterfaceError):
        Workspace.select().count()


def test_a_step_is_repeated_while_the_database_is_away_and_then_given_up() -> None:
    tries: list[int] = []

    def step() -> str:
        tries.append(1)
        if len(tries) < 3:
            raise psycopg2.OperationalError("gone")
        return "done"

    assert persist(step) == "done" and len(tries) == 3
    with pytest.raises(psycopg2.OperationalError):
        persist(lambda: run("select pg_terminate_backend(pg_backend_pid())"), seconds=0.2)


def test_a_database_that_does_not_answer_is_known_within_seconds() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute, pytest.raises(psycopg2.OperationalError):
        ping_database(Settings(database_url=f"postgresql://u@127.0.0.1:{mute.getsockname()[1]}/d"))


def test_without_a_database_url_one_is_told_what_to_do() -> None:
    with pytest.raises(Unavailable, match="TAWKEE_DATABASE_URL"):
        open_database(Settings())


def test_the_schema_is_up_to_date_and_migrating_again_changes_nothing() -> None:
    assert pending_migrations() == []
    assert migrate() == []


def test_ids_sort_by_time_and_are_versioned_as_rfc_9562_says() -> None:
    ids = [new_id() for _ in range(200)]
    assert all(i[14] == "7" and i[19] in "89ab" and len(i) == 36 for i in ids)
    assert len(set(ids)) == 200
    assert [i[:13] for i in ids] == sorted(i[:13] for i in ids)


def test_a_row_is_found_only_within_its_workspace() -> None:
    mine, other = make_workspace(), make_workspace()
    agent_id = make_agent(mine)
    with connection():
        assert Agent.find(mine, agent_id).name == "A"
        for workspace_id, unknown in ((other, agent_id), (mine, new_id())):
            with pytest.raises(NotFound):
                Agent.find(workspace_id, unknown)


def test_the_database_itself_refuses_a_reference_into_another_workspace() -> None:
    mine, other = make_workspace(), make_workspace()
    agent_id = make_agent(mine)
    with pytest.raises(ForeignKeyViolation):
        run("insert into agent_settings (agent_id, workspace_id) values (%s, %s)", (agent_id, other))


@pytest.mark.parametrize(
    ("column", "value"), [("name", ""), ("type", "OTHER"), ("behavior", "x" * 3001), ("status", "x")]
)
def test_the_database_itself_refuses_what_no_agent_can_be(column: str, value: str) -> None:
    workspace_id = make_workspace()
    values = {"name": "A", column: value}
    columns = ", ".join(values)
    with pytest.raises(CheckViolation):
        run(
            f"insert into agent (id, workspace_id, {columns}) values (%s, %s, {', '.join(['%s'] * len(values))})",
            (new_id(), workspace_id, *values.values()),
        )


def test_ids_of_a_forked_child_are_its_own() -> None:
    assert len({new_id() for _ in range(300)}) == 300
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(into, " ".join(new_id() for _ in range(70)).encode())
        os._exit(0)
    ours = {new_id()[-12:] for _ in range(70)}
    os.waitpid(child, 0)
    theirs = {each[-12:] for each in os.read(out, 8192).decode().split()}
    os.close(out)
    os.close(into)
    assert len(theirs) == 70 and not ours & theirs
