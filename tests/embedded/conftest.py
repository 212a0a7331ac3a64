"""Data folders that PostgreSQL's user may reach under root, which pytest's own folder is not."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tawkee_core.embedded.ports import free_port
from tawkee_core.embedded.servers import start_servers


@contextmanager
def open_to_all() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="tawkee-test-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def empty() -> Iterator[Path]:
    """Where a data folder may be made."""
    with open_to_all() as folder:
        yield folder / "data"


@pytest.fixture(scope="session")
def used() -> Iterator[Path]:
    """A data folder whose servers ran before; making a cluster takes longer than copying one."""
    with open_to_all() as folder:
        with without_urls(), start_servers(folder / "data", fast=True):
            pass
        yield folder / "data"


@contextmanager
def without_urls() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("TAWKEE_DATABASE_URL", "TAWKEE_REDIS_URL", "TAWKEE_QDRANT_URL"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture
def only_embedded() -> Iterator[None]:
    """No server of the environment, so that all three are started."""
    with without_urls():
        yield


@pytest.fixture
def data(empty: Path, used: Path) -> Path:
    """A copy of it, with its owners."""
    subprocess.run(["cp", "-a", str(used), str(empty)], check=True)
    return empty


@pytest.fixture
def port() -> int:
    return free_port()
