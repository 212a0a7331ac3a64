"""A person's notifications in a workspace: listed newest first, counted, marked as read."""

from typing import Any

from ..db import run, transaction
from ..errors import NotFound
from .kinds import describe
from .notify import show_soon

COLUMNS = """n.id, n.event, n.kind, n.data, n.page, n.object_id, n.times, n.happened_at, n.read_at, n.resolved_at,
    n.created_at, u.locale"""
LIST = f"""
select {COLUMNS} from notification n join account_user u on u.id = n.user_id
where n.workspace_id = %(workspace_id)s and n.user_id = %(user_id)s
    and (not %(unread)s or n.read_at is null) and (%(event)s::text is null or n.event = %(event)s)
    and (%(before)s::uuid is null or (n.happened_at, n.id) < (select b.happened_at, b.id from notification b
        where b.id = %(before)s and b.user_id = %(user_id)s and b.workspace_id = %(workspace_id)s))
order by n.happened_at desc, n.id desc limit %(limit)s
"""
BEFORE = "select 1 from notification where workspace_id = %s and user_id = %s and id = %s"
FIND = f"""
select {COLUMNS} from notification n join account_user u on u.id = n.user_id
where n.workspace_id = %s and n.user_id = %s and n.id = %s
"""
UNREAD = "select count(*)::int as unread from notification where workspace_id = %s and user_id = %s and read_at is null"
READ = """
update notification set read_at = now() where workspace_id = %(workspace_id)s and user_id = %(user_id)s
    and (%(id)s::uuid is null or id = %(id)s) and read_at is null returning id
"""


def list_notices(
    workspace_id: str,
    user_id: str,
    limit: int,
    before: str | None = None,
    unread: bool = False,
    event: str | None = None,
) -> list[dict[str, Any]]:
    """A page of a person's notifications, newest first, after the one `before`. Raises NotFound for a `before` that is
    not there."""
    if before and not run(BEFORE, (workspace_id, user_id, before)):
        raise NotFound()
    place = {"workspace_id": workspace_id, "user_id": user_id, "before": before, "limit": limit}
    return [show(row) for row in run(LIST, place | {"unread": unread, "event": event})]


def count_unread(workspace_id: str, user_id: str) -> int:
    """How many a person has not read."""
    return int(run(UNREAD, (workspace_id, user_id))[0].unread)


def read_notice(workspace_id: str, user_id: str, notice_id: str) -> dict[str, Any]:
    """Mark one as read; how it is then. Raises NotFound."""
    mark(workspace_id, user_id, notice_id)
    rows = run(FIND, (workspace_id, user_id, notice_id))
    if not rows:
        raise NotFound()
    return show(rows[0])


def read_all(workspace_id: str, user_id: str) -> int:
    """Mark all as read; how many there were."""
    return mark(workspace_id, user_id, None)


def mark(workspace_id: str, user_id: str, notice_id: str | None) -> int:
    with transaction() as cursor:
        cursor.execute(READ, {"workspace_id": workspace_id, "user_id": user_id, "id": notice_id})
        marked = len(cursor.fetchall())
        show_soon(workspace_id, [user_id] if marked else [])
    return marked


def show(row: Any) -> dict[str, Any]:
    """A notification as its reader sees it."""
    shown: dict[str, Any] = row._asdict()
    locale, data = shown.pop("locale"), shown.pop("data")
    return {**shown, "description": describe(row.kind, data, locale)}
