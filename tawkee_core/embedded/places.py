"""Where things live that cannot lie in the data folder: sockets (short paths), and what another user must reach."""

import hashlib
import os
import pwd
import shutil
import tempfile
from pathlib import Path

from .children import StartError
from .processes import Owner

SYSTEM = Path("/var/lib/tawkee")
SOCKET_PATH_LIMIT = 100


def make_folder(path: Path, mode: int = 0o700, owner: Owner | None = None) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    if path.stat().st_uid == os.geteuid():
        path.chmod(mode)
    if owner is not None:
        os.chown(path, owner.uid, owner.gid)
    return path


def empty_folder(path: Path) -> Path:
    shutil.rmtree(path, ignore_errors=True)
    return make_folder(path)


def unprivileged_owner() -> Owner | None:
    """Who runs what refuses to run as root: `nobody` when we are root, ourselves otherwise."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam("nobody")
    return Owner(entry.pw_uid, entry.pw_gid)


def is_reachable(path: Path) -> bool:
    """Whether any user of the machine may walk to this existing path."""
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))


def sockets_of(data: Path) -> Path:
    mark = hashlib.sha256(str(data).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"tawkee-{mark}"


def remove_sockets(data: Path) -> None:
    """After all servers ended."""
    shutil.rmtree(sockets_of(data), ignore_errors=True)


def socket_folder(data: Path, name: str, owner: Owner | None = None) -> Path:
    """A folder for one server's socket: private to its user, and of a short path however deep the data lies.

    Raises StartError when somebody else made it first, or when the machine's temporary folder is itself too deep.
    """
    base = sockets_of(data)
    base.mkdir(mode=0o711, exist_ok=True)
    if base.is_symlink() or base.stat().st_uid != os.geteuid():
        raise StartError(f"{base} belongs to somebody else; remove it, or set TMPDIR to a folder of your own.")
    folder = make_folder(base / name, owner=owner)
    if len(str(folder)) > SOCKET_PATH_LIMIT - len("/.s.PGSQL.5432.lock"):
        raise StartError(f"{folder} is too long for a socket; set TMPDIR to a shorter path such as /tmp.")
    return folder
