"""Exports and erasures: asked for by a person, done by a worker a slice at a time, looked at meanwhile."""

import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from ..context import Tawkee
from ..db import run
from ..errors import NotFound
from ..security import same_text
from ..settings import Settings

SLICE_SECONDS = 20.0  # of one claim: no thread of a worker belongs to one contact for long
LEASE_SECONDS = 90
MOST_ATTEMPTS = 8
LINK_SECONDS = 900
KEEP_HOURS = 24
COLUMNS = "id, contact_id, kind, state, done, total, error, path, created_at, finished_at, expires_at"
CLAIM = """
with due as (
    select id from contact_task where state in ('pending', 'running') and next_at <= now() order by next_at
    limit %(count)s for update skip locked
)
update contact_task t set state = 'running', attempts = attempts + 1,
    next_at = now() + make_interval(secs => %(lease)s)
from due where t.id = due.id returning t.*
"""
AGAIN = """
update contact_task set state = 'pending', attempts = attempts - %(uncounted)s, error = %(error)s,
    next_at = now() + make_interval(secs => %(wait)s) where id = %(id)s and state = 'running'
"""
FAIL = """
update contact_task set state = 'failed', error = %s, finished_at = now() where id = %s and state = 'running'
"""
COUNT = "update contact_task set done = %s, total = greatest(total, %s) where id = %s"
FIND = f"select {COLUMNS} from contact_task where workspace_id = %s and id = %s"
EXPIRED = "update contact_task set path = '' where path <> '' and expires_at < now() returning id"
log = structlog.get_logger()


@dataclass
class Slice:
    """One claim's share of a task."""

    task: Any
    done: int
    ends: float = field(default_factory=lambda: time.monotonic() + SLICE_SECONDS)

    @property
    def over(self) -> bool:
        return time.monotonic() > self.ends

    def count(self, done: int, total: int = 0) -> None:
        """Tell whoever looks how far it is."""
        self.done = done
        run(COUNT, (done, total, self.task.id))


def claim_tasks(count: int) -> list[Any]:
    """Take up to `count` tasks that are due, and those whose worker died."""
    return run(CLAIM, {"count": count, "lease": LEASE_SECONDS})


def work_on(task: Any, step: Callable[[Slice], float | None]) -> None:
    """Do a slice of a claimed task. `step` finishes it and gives None, or says after how many seconds to go on."""
    try:
        wait = step(Slice(task, task.done))
    except Exception as error:  # whatever it is: tried again, then shown as failed
        log.exception("contact_task_failed", task_id=task.id, kind=task.kind)
        if task.attempts >= MOST_ATTEMPTS:
            run(FAIL, (type(error).__name__, task.id))
            return
        pause = float(min(2**task.attempts * 5, 600))
        run(AGAIN, {"id": task.id, "wait": pause, "uncounted": 0, "error": type(error).__name__})
        return
    if wait is not None:
        run(AGAIN, {"id": task.id, "wait": wait, "uncounted": 1, "error": ""})


def read_task(settings: Settings, workspace_id: str, task_id: str) -> dict[str, Any]:
    """How a task stands; a finished export's link is good for a quarter of an hour. Raises NotFound."""
    rows = run(FIND, (workspace_id, task_id))
    if not rows:
        raise NotFound()
    shown: dict[str, Any] = rows[0]._asdict()
    path = shown.pop("path")
    return {**shown, "url": export_url(settings, task_id) if path else None}


def export_url(settings: Settings, task_id: str) -> str:
    until = int(time.time()) + LINK_SECONDS
    return f"{settings.public_url.rstrip('/')}/exports/{task_id}/{until}/{sign_link(settings, task_id, until)}"


def sign_link(settings: Settings, task_id: str, until: int) -> str:
    text = f"export|{task_id}|{until}".encode()
    return hmac.new(settings.secret_key.encode(), text, hashlib.sha256).hexdigest()[:43]


def find_export(settings: Settings, task_id: str, until: str, signature: str) -> Path:
    """The file that a link names. Raises NotFound for a link that is over, or not ours, or whose file is gone."""
    if not until.isdecimal() or len(until) > 12 or not same_text(signature, sign_link(settings, task_id, int(until))):
        raise NotFound()
    rows = run("select path from contact_task where id = %s and path <> '' and expires_at > now()", (task_id,))
    if int(until) < time.time() or not rows or not (export_folder(settings) / rows[0].path).is_file():
        raise NotFound()
    return export_folder(settings) / str(rows[0].path)


def export_folder(settings: Settings) -> Path:
    return Path(settings.data).resolve() / "exports"


def remove_expired(tawkee: Tawkee) -> None:
    """Exports are copies of personal data: their files go after a day, also those that were never finished."""
    for row in run(EXPIRED):
        remove_export(tawkee.settings, row.id)
    folder = export_folder(tawkee.settings)
    oldest = time.time() - (KEEP_HOURS + 1) * 3600
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)


def remove_export(settings: Settings, task_id: str) -> None:
    for suffix in (".zip", ".part"):
        (export_folder(settings) / f"{task_id}{suffix}").unlink(missing_ok=True)
