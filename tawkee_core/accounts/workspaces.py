"""The rooms that companies work in, and who has a role in them."""

from typing import Any

from ..audit import note_change
from ..db import Cursor, run, transaction
from ..errors import NotFound
from ..models import new_id

ADD = "insert into workspace (id, name) values (%s, %s) returning id, name, status, created_at, require_two_factors"
JOIN = "insert into membership (workspace_id, user_id, role) values (%s, %s, 'OWNER')"
COLUMNS = "w.id, w.name, w.status, w.created_at, w.deleted_at, w.erase_at, w.require_two_factors, m.role"
OF_PERSON = f"""
select {COLUMNS} from membership m join workspace w on w.id = m.workspace_id
where m.user_id = %s and w.deleted_at is null order by m.created_at, w.id
"""
# what can be brought back, by its owner
DELETED = f"""
select {COLUMNS} from membership m join workspace w on w.id = m.workspace_id
where m.user_id = %s and m.role = 'OWNER' and w.deleted_at is not null and w.erasing_at is null
order by w.deleted_at desc, w.id
"""
OF_ID = (
    f"select {COLUMNS} from membership m join workspace w on w.id = m.workspace_id where m.user_id = %s and w.id = %s"
)
SELECT = "update membership set selected_at = now() where user_id = %s and workspace_id = %s"
RENAME = """
with before as (select id, name from workspace where id = %(id)s for update)
update workspace w set name = %(name)s from before where w.id = before.id returning before.name
"""


def add_workspace(cursor: Cursor, user_id: str, name: str) -> dict[str, Any]:
    """Make a workspace owned by a person, within the caller's transaction."""
    cursor.execute(ADD, (new_id(), name))
    row: Any = cursor.fetchone()
    cursor.execute(JOIN, (row.id, user_id))
    return {**row._asdict(), "role": "OWNER"}


def create_workspace(user_id: str, name: str) -> dict[str, Any]:
    """Make a workspace owned by a person."""
    with transaction() as cursor:
        return add_workspace(cursor, user_id, name)


def list_workspaces(user_id: str) -> list[dict[str, Any]]:
    """The workspaces that a person has a role in, oldest membership first."""
    return [row._asdict() for row in run(OF_PERSON, (user_id,))]


def list_deleted(user_id: str) -> list[dict[str, Any]]:
    """The workspaces that a person has deleted and may bring back, the last deleted first."""
    return [row._asdict() for row in run(DELETED, (user_id,))]


def select_workspace(user_id: str, workspace_id: str) -> None:
    """Remember where a person works: their next sign-in begins there."""
    run(SELECT, (user_id, workspace_id))


def read_workspace(user_id: str, workspace_id: str) -> dict[str, Any]:
    """One workspace as a person sees it. Raises NotFound."""
    rows = run(OF_ID, (user_id, workspace_id))
    if not rows:
        raise NotFound()
    return dict(rows[0]._asdict())


def rename_workspace(workspace_id: str, name: str) -> None:
    """Give a workspace another name."""
    with transaction() as cursor:
        cursor.execute(RENAME, {"name": name, "id": workspace_id})
        row: Any = cursor.fetchone()
        note_change(workspace_id, "workspace.rename", workspace_id, {"name": row.name}, {"name": name})
