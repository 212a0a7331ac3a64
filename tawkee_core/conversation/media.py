"""The files of messages: kept under the data folder, fetched from the provider when they did not come along, shown by
signed address."""

import hashlib
import hmac
import mimetypes
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog

from ..db import Cursor, run
from ..errors import Unavailable
from ..models import new_id
from ..settings import Settings
from ..types import Media

log = structlog.get_logger()
ADD = """
insert into media (id, workspace_id, message_id, mimetype, filename, size, ref, path, state, next_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, now())
"""


def add_media(cursor: Cursor, workspace_id: str, message_id: str, media: Media) -> str:
    """Note a message's file. One with `data` was kept already and has its path as `ref["path"]`; the others are
    fetched later."""
    media_id = media.id or new_id()
    path = media.ref.get("path")
    row = (media_id, workspace_id, message_id, media.mimetype, media.filename[:200], media.size, dict(media.ref), path)
    cursor.execute(ADD, (*row, "stored" if path else "remote"))
    return media_id


def keep_data(settings: Settings, workspace_id: str, media: Media) -> Media:
    """Write a file's bytes to the data folder; the media without its bytes, knowing where they are. Raises Unavailable
    where nothing can be written."""
    if media.data is None:
        return media
    media_id = media.id or new_id()
    path = f"{workspace_id}/{media_id[:13]}/{media_id}{suffix_of(media.mimetype)}"
    place = media_folder(settings) / path
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        unfinished = place.with_suffix(".part")
        unfinished.write_bytes(media.data)
        os.replace(unfinished, place)
    except OSError as error:  # the disk is full, or may not be written to
        log.error("file_not_kept", workspace_id=workspace_id, reason=error.strerror)
        raise Unavailable("Files cannot be kept at the moment.", slug="files_unavailable") from error
    return Media(
        id=media_id,
        mimetype=media.mimetype,
        filename=media.filename or place.name,
        size=len(media.data),
        ref={**media.ref, "path": path},
        url=media_url(settings, media_id),
    )


def suffix_of(mimetype: str) -> str:
    guess = mimetypes.guess_extension(mimetype.partition(";")[0].strip()) or ""
    return guess if re.fullmatch(r"\.[a-z0-9]{1,8}", guess) else ".bin"


def media_folder(settings: Settings) -> Path:
    return Path(settings.data).resolve() / "media"


def why_unwritable(settings: Settings) -> str:
    """What keeps files from being kept here now; empty when nothing does."""
    folder = media_folder(settings)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
    except OSError as error:
        return error.strerror or type(error).__name__
    return ""


def forget_files(settings: Settings, workspace_id: str) -> None:
    """Remove all files of a workspace."""
    folder = media_folder(settings) / workspace_id
    if folder.is_dir():
        shutil.rmtree(folder)


def forget_file(settings: Settings, path: str) -> None:
    """Remove one kept file; one that is gone already is no fault."""
    (media_folder(settings) / path).unlink(missing_ok=True)


def read_data(settings: Settings, path: str) -> bytes:
    """The bytes of a kept file. Raises FileNotFoundError."""
    return (media_folder(settings) / path).read_bytes()


def media_signature(settings: Settings, media_id: str) -> str:
    return hmac.new(settings.secret_key.encode(), b"media|" + media_id.encode(), hashlib.sha256).hexdigest()[:32]


def media_url(settings: Settings, media_id: str) -> str:
    """An address that shows one file to whoever has it."""
    return f"{settings.public_url.rstrip('/')}/media/{media_id}/{media_signature(settings, media_id)}"


def media_shape(settings: Settings, row: Mapping[str, Any]) -> dict[str, Any]:
    """A file as the API tells it."""
    url = media_url(settings, row["id"]) if row["state"] == "stored" else None
    return {"id": row["id"], "url": url, **{key: row[key] for key in ("mimetype", "filename", "size", "state")}}


def mark_stored(media_id: str, media: Media) -> bool:
    """The file was fetched and kept; False when its message was erased meanwhile."""
    stored = run(
        "update media set state = 'stored', path = %s, size = %s, mimetype = %s, filename = %s, error = '' where id ="
        " %s returning id",
        (media.ref["path"], media.size, media.mimetype, media.filename[:200], media_id),
    )
    return bool(stored)


def mark_failed(media_id: str, error: str, again_seconds: float | None) -> None:
    """The file could not be fetched: to be tried again in so many seconds, or never."""
    run(
        "update media set attempts = attempts + 1, error = %(error)s,"
        " next_at = now() + make_interval(secs => coalesce(%(again)s, 0)),"
        " state = case when %(again)s is null or attempts >= 7 then 'failed' else 'remote' end"
        " where id = %(id)s and state = 'remote'",
        {"error": error[:500], "again": again_seconds, "id": media_id},
    )
