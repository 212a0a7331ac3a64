"""The servers that the environment does not name, for the launcher, for tests and for benchmarks."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

from . import places
from .children import Child, Program, StartError, stop_group, turn_logs, wait_ready
from .keys import Keys, load_keys
from .ports import answers_ok, free_port
from .postgres import postgres_program, postgres_url
from .processes import end_strays
from .redis import redis_program

PUBLIC = Path("run", "public_url")
READY_SECONDS = 300  # a database that recovers from a crash takes its time


def vectors_program(data: Path, api_key: str) -> tuple[Program, str]:
    """The vector service of this data folder and its URL."""
    port = free_port()
    folder = places.make_folder(data / "vectors")
    arguments = ["--data", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    return Program(
        name="vectors",
        command=[sys.executable, "-m", "tawkee_core.embedded.vectors", *arguments],
        env=os.environ | {"TAWKEE_QDRANT_API_KEY": api_key},
        is_ready=lambda: answers_ok("127.0.0.1", port, "/readyz"),
    ), f"http://127.0.0.1:{port}"


def plan_servers(
    data: Path, keys: Keys, environ: Mapping[str, str], fast: bool = False
) -> tuple[list[Program], dict[str, str]]:
    """The servers to start, those that others need first, and the variables that name all three."""
    programs, urls = [], {name: environ[name] for name in environ if name in URL_NAMES and environ[name]}
    if "TAWKEE_DATABASE_URL" not in urls:
        program, urls["TAWKEE_DATABASE_URL"] = postgres_program(data, keys.postgres, fast)
        programs.append(program)
    if "TAWKEE_REDIS_URL" not in urls:
        program, urls["TAWKEE_REDIS_URL"] = redis_program(data)
        programs.append(program)
    if "TAWKEE_QDRANT_URL" not in urls:
        program, urls["TAWKEE_QDRANT_URL"] = vectors_program(data, keys.qdrant)
        urls["TAWKEE_QDRANT_API_KEY"] = keys.qdrant
        programs.append(program)
    return programs, urls


URL_NAMES = ("TAWKEE_DATABASE_URL", "TAWKEE_REDIS_URL", "TAWKEE_QDRANT_URL", "TAWKEE_QDRANT_API_KEY")


def open_folder(data: Path) -> Path:
    """Make the data folder: for its user alone, though under root PostgreSQL's user may walk through it. Raises
    StartError where it cannot be made or written to."""
    try:
        folder = places.make_folder(data.absolute(), 0o711 if os.geteuid() == 0 else 0o700).resolve()
        with TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        raise StartError(f"{data} cannot be the data folder: {error.strerror}. Give another with --data.") from error


def running_settings(data: Path) -> dict[str, str]:
    """The settings `database_url`, `keys`, `secret_key` and `public_url` of a `tawkee up` that runs on this folder.
    Raises StartError."""
    if not (data / "secrets.json").exists():
        raise StartError(f"No `tawkee up` has its data in {data}; give its folder with --data.")
    data = open_folder(data)
    keys = load_keys(data, os.environ)
    url = postgres_url(places.sockets_of(data) / "postgres", keys.postgres)
    own = {"database_url": url, "keys": keys.keys, "secret_key": keys.secret_key}
    return own | ({"public_url": (data / PUBLIC).read_text()} if (data / PUBLIC).exists() else {})


@contextmanager
def start_servers(data: Path, fast: bool = True) -> Iterator[dict[str, str]]:
    """Run, while the block runs, those of PostgreSQL, Redis and the vector service that no TAWKEE_…_URL names.

    Yields TAWKEE_DATABASE_URL, TAWKEE_REDIS_URL, TAWKEE_QDRANT_URL and TAWKEE_QDRANT_API_KEY. Raises StartError.
    """
    data = open_folder(data)
    end_strays(data / "run", data)
    turn_logs(data)
    programs, urls = plan_servers(data, load_keys(data, os.environ), os.environ, fast)
    children = [Child(program, data) for program in programs]
    try:
        for child in children:
            child.start()
        wait_ready(children, READY_SECONDS)
        yield urls
    finally:
        stop_group(children)
        places.remove_sockets(data)
