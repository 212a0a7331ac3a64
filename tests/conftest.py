"""What every test may ask for."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2
import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import strategies as st

from tawkee_core import create_app
from tawkee_core.context import end_application
from tawkee_core.db import database, migrate
from tawkee_core.embedded.servers import start_servers
from tawkee_core.testing.echo_model import ECHO
from tests.callers import Caller, register_caller
from tests.canary import canary, fernet_canary
from tests.watch import check_everything, pytest_runtest_makereport

__all__ = ["pytest_runtest_makereport"]  # a hook of every test


@pytest.fixture(scope="session", autouse=True)
def unicode_table() -> None:
    """In a fresh clone Hypothesis first builds its table of Unicode (2 s): here, not in a draw that it times."""
    st.text().validate()


@pytest.fixture(scope="session")
def servers() -> Iterator[dict[str, str]]:
    """The TAWKEE_… variables of PostgreSQL, Redis and the vector service: the environment's, else embedded ones."""
    folder = Path(tempfile.mkdtemp(prefix="tawkee-tests-"))  # not pytest's own: no other user may walk there
    try:
        with start_servers(folder) as urls:
            yield urls
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def config(servers: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What `create_app` is given: the servers, a database of this session's own, fresh keys and a data folder. At the
    end no secret may have been told to anybody."""
    given = {
        "database_url": make_database(servers["TAWKEE_DATABASE_URL"], "tawkee_tests"),
        "redis_url": servers["TAWKEE_REDIS_URL"],
        "qdrant_url": servers["TAWKEE_QDRANT_URL"],
        "qdrant_api_key": servers.get("TAWKEE_QDRANT_API_KEY", ""),
        "data": str(tmp_path_factory.mktemp("data")),
        "secret_key": canary("signs"),
        "keys": fernet_canary(),
        "log_format": "console",
    }
    yield given
    check_everything(given)


@pytest.fixture(scope="session")
def tawkee_config(config: dict[str, Any]) -> dict[str, Any]:
    """The kit's fixtures (`tawkee`, `ChannelConformance`) run on the same servers and database."""
    return config | {"model": ECHO, "log_level": "WARNING", "reconcile_seconds": 0.1, "worker_threads": 16}


def make_database(url: str, name: str) -> str:
    """An empty database beside the one given; its URL."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    connection.cursor().execute(f"drop database if exists {name} with (force)")
    connection.cursor().execute(f"create database {name}")
    connection.close()
    return urlsplit(url)._replace(path=f"/{name}").geturl()


@pytest.fixture(scope="session")
def app(config: dict[str, Any]) -> Iterator[Flask]:
    """The application with the installed plugins, its schema up to date. Tests make accounts of their own."""
    app = create_app(config)
    migrate()
    yield app
    end_application(app)
    database.close_all()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def caller(client: FlaskClient) -> Caller:
    """Someone new who is signed in."""
    return register_caller(client)


@pytest.fixture
def stranger(client: FlaskClient) -> Caller:
    """Someone else, with a workspace of their own."""
    return register_caller(client)
