"""The secrets of one data folder: made once, kept in a file of mode 0600, never shown."""

import base64
import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from .children import StartError

STARTED = Path("run", "keys")


class Keys(NamedTuple):
    """What signs tokens, what encrypts stored secrets (a Fernet key), and what the servers ask for."""

    secret_key: str
    keys: str
    postgres: str
    qdrant: str


def load_keys(data: Path, environ: Mapping[str, str]) -> Keys:
    """The data folder's keys, made when it has none. TAWKEE_SECRET_KEY, _KEYS and _QDRANT_API_KEY replace theirs.

    Raises StartError when the file is broken, or missing beside a database that was made with it.
    """
    path = data / "secrets.json"
    if not path.exists():
        if (data / "postgres").exists():
            raise StartError(f"{path} is missing, and with it the password of the database beside it. Put it back.")
        write_private(path, json.dumps(make_keys()._asdict()))
    try:
        kept = Keys(**json.loads(path.read_text()))
    except (ValueError, TypeError) as error:
        raise StartError(f"{path} cannot be read: {error}") from error
    return kept._replace(
        secret_key=environ.get("TAWKEE_SECRET_KEY") or kept.secret_key,
        keys=environ.get("TAWKEE_KEYS") or kept.keys,
        qdrant=environ.get("TAWKEE_QDRANT_API_KEY") or kept.qdrant,
    )


def prepend_key(data: Path) -> int:
    """Put a fresh encryption key before those of a data folder; how many there are then. Raises StartError."""
    kept = load_keys(data, {})
    fresh = kept._replace(keys=f"{make_keys().keys},{kept.keys}")
    write_private(data / "secrets.json", json.dumps(fresh._asdict()))
    return len(fresh.keys.split(","))


def keep_first(data: Path) -> int:
    """Forget all encryption keys of a data folder but the first; how many. Raises StartError."""
    kept = load_keys(data, {})
    first, *others = kept.keys.split(",")
    write_private(data / "secrets.json", json.dumps(kept._replace(keys=first)._asdict()))
    return len(others)


def note_started(data: Path, keys: str) -> None:
    """Write down which key a launcher starts with, and nothing by which it could be guessed."""
    note = data / STARTED
    note.parent.mkdir(mode=0o700, exist_ok=True)
    note.write_text(first_mark(keys))


def check_started(data: Path) -> None:
    """Raise StartError where the launcher of a data folder started before the first of its keys was there: what is
    encrypted with that one could not be opened by what runs."""
    note = data / STARTED
    if not note.exists():
        raise StartError(f"No `tawkee up` runs on {data}.")
    if note.read_text() != first_mark(load_keys(data, os.environ).keys):
        raise StartError("What runs does not know the newest key yet: start `tawkee up` again first.")


def first_mark(keys: str) -> str:
    return hashlib.sha256(keys.partition(",")[0].strip().encode()).hexdigest()


def make_keys() -> Keys:
    fernet = base64.urlsafe_b64encode(os.urandom(32)).decode()
    return Keys(secrets.token_urlsafe(48), fernet, secrets.token_urlsafe(24), secrets.token_urlsafe(24))


def write_private(path: Path, text: str) -> None:
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
