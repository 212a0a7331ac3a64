"""The rooms that companies work in, and who has a role in them."""

from typing import Any

from ..db import Cursor, run, transaction
from ..errors import Conflict, NotFound
from ..models import new_id

ADD = "insert into workspace (id, name) values (%s, %s) returning id, name, status, created_at"
JOIN = "insert into membership (workspace_id, user_id, role) values (%s, %s, 'OWNER')"
COLUMNS = "w.id, w.name, w.status, w.created_at, m.role"
OF_PERSON = f"""
select {COLUMNS} from membership m join workspace w on w.id = m.workspace_id
where m.user_id = %s order by m.created_at, w.id
"""
OF_ID = (
    f"select {COLUMNS} from membership m join workspace w on w.id = m.workspace_id where m.user_id = %s and w.id = %s"
)
PERSON = "select id, name, email, locale, created_at from account_user where id = %s"
RENAME = "update workspace set name = %s where id = %s"
HAS_CHANNELS = "select 1 from channel where workspace_id = %s and deleted_at is null limit 1"
SPACES = "select distinct space from training where workspace_id = %s and space <> ''"
DELETE = "delete from workspace where id = %s"


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


def read_workspace(user_id: str, workspace_id: str) -> dict[str, Any]:
    """One workspace as a person sees it. Raises NotFound."""
    rows = run(OF_ID, (user_id, workspace_id))
    if not rows:
        raise NotFound()
    return dict(rows[0]._asdict())


def rename_workspace(workspace_id: str, name: str) -> None:
    """Give a workspace another name."""
    run(RENAME, (name, workspace_id))


def read_person(user_id: str) -> dict[str, Any]:
    """A person's own record."""
    return dict(run(PERSON, (user_id,))[0]._asdict())


def vector_spaces(workspace_id: str) -> list[str]:
    """The vector spaces that hold something of the workspace, to be forgotten before it is deleted."""
    return [row.space for row in run(SPACES, (workspace_id,))]


def delete_workspace(workspace_id: str) -> None:
    """Remove a workspace and all that is in it, for good. Raises Conflict while it has channels: a provider would go on
    sending to them."""
    with transaction() as cursor:
        cursor.execute(HAS_CHANNELS, (workspace_id,))
        if cursor.fetchone():
            raise Conflict("Delete the workspace's channels first.", slug="workspace_has_channels")
        cursor.execute(DELETE, (workspace_id,))
