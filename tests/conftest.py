"""What every test may ask for."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tawkee_core.embedded.servers import start_servers


@pytest.fixture(scope="session")
def servers() -> Iterator[dict[str, str]]:
    """The TAWKEE_… variables of PostgreSQL, Redis and the vector service: the environment's, else embedded ones."""
    folder = Path(tempfile.mkdtemp(prefix="tawkee-tests-"))  # not pytest's own: no other user may walk there
    try:
        with start_servers(folder) as urls:
            yield urls
    finally:
        shutil.rmtree(folder)
