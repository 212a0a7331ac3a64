"""Deleting a workspace: at once it is gone for everybody and its agents fall silent; for some days its owner may bring
it back; then `erase.py` removes what was in it."""

from typing import Any

from ..audit import note_change
from ..db import Cursor, transaction
from ..errors import Conflict
from ..settings import Settings
from .credentials import prove_password

DELETE = """
update workspace set deleted_at = now(), erase_at = now() + make_interval(days => %(days)s)
where id = %(id)s and deleted_at is null returning deleted_at
"""
# agents removed before keep their own time, so that bringing the workspace back does not bring them back
SILENCE = """
with asleep as (update agent set deleted_at = %(at)s where workspace_id = %(id)s and deleted_at is null),
stopped as (
    update outbound set state = 'cancelled'
    where workspace_id = %(id)s and state = 'pending' and turn_id is not null returning message_id
), unsaid as (update message set status = 'cancelled' from stopped where message.id = stopped.message_id)
update turn set state = 'cancelled', reason = 'the workspace was deleted', done_at = now()
where workspace_id = %(id)s and state = 'collecting'
"""
RESTORE = """
with found as (
    select id, deleted_at from workspace where id = %(id)s and deleted_at is not null and erasing_at is null for update
), awake as (
    update agent set deleted_at = null from found
    where agent.workspace_id = found.id and agent.deleted_at = found.deleted_at
)
update workspace set deleted_at = null, erase_at = null from found where workspace.id = found.id returning workspace.id
"""
GONE = "select erasing_at is not null as erasing from workspace where id = %s and deleted_at is not null"


def delete_workspace(settings: Settings, user_id: str, workspace_id: str, password: str) -> None:
    """Delete a workspace; again is the same. Raises Forbidden for a wrong password, TooMany."""
    prove_password(user_id, password)
    with transaction() as cursor:
        cursor.execute(DELETE, {"id": workspace_id, "days": settings.restore_days})
        row: Any = cursor.fetchone()
        if row is not None:
            cursor.execute(SILENCE, {"id": workspace_id, "at": row.deleted_at})
            note_change(workspace_id, "workspace.delete", workspace_id)


def restore_workspace(workspace_id: str) -> None:
    """Bring a workspace back; one that is there stays as it is. Raises Conflict when its time is over."""
    with transaction() as cursor:
        cursor.execute(RESTORE, {"id": workspace_id})
        if cursor.fetchone() is not None:
            note_change(workspace_id, "workspace.restore", workspace_id)
        elif is_erasing(cursor, workspace_id):
            raise Conflict("This workspace is being erased.", slug="being_erased")


def is_erasing(cursor: Cursor, workspace_id: str) -> bool:
    cursor.execute(GONE, (workspace_id,))
    row: Any = cursor.fetchone()
    return row is not None and bool(row.erasing)
