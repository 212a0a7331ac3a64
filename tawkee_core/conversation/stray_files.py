"""Kept files that no message has: sent along with a message that was there already, or by a process that was killed
before it wrote its message down. Nothing else would ever remove them, not even their contact's erasure."""

import time
from collections.abc import Iterator
from pathlib import Path

import structlog

from ..channels.load import is_id
from ..db import run
from ..settings import Settings
from .media import media_folder

DAY = 86_400
YOUNG_DAYS, OLD_DAYS = 1, 8  # a younger one may get its message still; older ones were looked at before
BATCH = 500
log = structlog.get_logger()


def forget_strays(settings: Settings) -> int:
    """Remove the files of the last days that belong to nothing; how many."""
    moment = time.time()
    count, batch = 0, []
    for path in kept_between(media_folder(settings), moment - OLD_DAYS * DAY, moment - YOUNG_DAYS * DAY):
        batch.append(path)
        if len(batch) == BATCH:
            count += remove_strays(batch)
            batch = []
    count += remove_strays(batch)
    if count:
        log.info("stray_files_removed", count=count)
    return count


def kept_between(folder: Path, since: float, until: float) -> Iterator[Path]:
    """Files by the folder they lie in, whose name is the beginning of their id and so tells when they were made."""
    for workspace in folder.iterdir() if folder.is_dir() else ():
        for place in workspace.iterdir() if workspace.is_dir() else ():
            if since <= made_at(place.name) < until:
                yield from place.iterdir()


def made_at(name: str) -> float:
    """Seconds since 1970; 0 for a name that tells none."""
    try:
        return int(name.replace("-", ""), 16) / 1000
    except ValueError:
        return 0.0


def remove_strays(paths: list[Path]) -> int:
    ids = [path.stem for path in paths if is_id(path.stem)]
    known = {row.id for row in run("select id from media where id = any(%s::uuid[])", (ids,))} if ids else set()
    strays = [path for path in paths if path.stem in ids and path.stem not in known]
    for path in strays:
        path.unlink(missing_ok=True)
    return len(strays)
