"""Who works in a workspace beside its owner: listed, given another role, let go. A role is read from here with every
request, so that a change counts at once and everywhere."""

from typing import Any

from ..audit import note_change
from ..db import Cursor, run, transaction
from ..errors import Conflict, Forbidden, NotFound
from ..notifications.notify import show_soon
from .roles import check_gift

LIST = """
select u.id, u.name, u.email, m.role, 'ACTIVE' as status, m.created_at, null::timestamptz as expires_at,
    false as expired
from membership m join account_user u on u.id = m.user_id
where m.workspace_id = %(workspace_id)s and m.role <> 'OWNER'
union all
select i.id, '', i.email, i.role, 'PENDING', i.created_at, i.expires_at, i.expires_at <= now()
from invitation i where i.workspace_id = %(workspace_id)s and i.accepted_at is null and i.revoked_at is null
"""
FILTERED = f"""
select * from ({LIST}) as team
where (%(role)s::text is null or role = %(role)s) and (%(status)s::text is null or status = %(status)s)
    and (%(words)s::text is null or email ilike %(words)s or name ilike %(words)s)
order by created_at desc, id desc
"""
PEOPLE = """
select u.id, u.name, u.photo_tag from membership m join account_user u on u.id = m.user_id
where m.workspace_id = %s order by lower(u.name), u.id
"""
ROLE = "select role from membership where workspace_id = %s and user_id = %s for update"
CHANGE = "update membership set role = %s where workspace_id = %s and user_id = %s"
REMOVE = "delete from membership where workspace_id = %s and user_id = %s"
OWNERS = "select user_id from membership where workspace_id = %s and role = 'OWNER' order by user_id for update"
# what they were looking after asks for somebody else
RELEASE = """
update chat set owner_id = null, status = case status when 'open' then 'waiting' else status end,
    attention = case attention when '' then 'whoever looked after it has left the team' else attention end
where workspace_id = %s and owner_id = %s
"""


def list_team(
    workspace_id: str, role: str | None = None, status: str | None = None, words: str = ""
) -> list[dict[str, Any]]:
    """Members and pending invitations, newest first; the owner is none of them."""
    like = "%" + words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%" if words else None
    asked = {"workspace_id": workspace_id, "role": role, "status": status, "words": like}
    return [row._asdict() for row in run(FILTERED, asked)]


def list_people(workspace_id: str) -> list[dict[str, Any]]:
    """Everybody with a role here, the owner too, as they are called and look: nothing that only who leads may see."""
    return [row._asdict() for row in run(PEOPLE, (workspace_id,))]


def read_member(workspace_id: str, user_id: str) -> dict[str, Any]:
    """One member. Raises NotFound."""
    asked = {"workspace_id": workspace_id, "id": user_id}
    rows = run(f"select * from ({LIST}) as team where id = %(id)s and status = 'ACTIVE'", asked)
    if not rows:
        raise NotFound()
    return dict(rows[0]._asdict())


def change_role(workspace_id: str, user_id: str, role: str, actor_id: str, actor_role: str | None) -> None:
    """Give a member another role. Raises NotFound, Forbidden (one's own, an owner's, or one above one's own)."""
    check_gift(actor_role, role)
    with transaction() as cursor:
        before = check_member(cursor, workspace_id, user_id)
        if user_id == actor_id:
            raise Forbidden("Somebody else has to change your role.", slug="own_role")
        cursor.execute(CHANGE, (role, workspace_id, user_id))
        note_change(workspace_id, "member.change", user_id, {"role": before}, {"role": role})


def remove_member(workspace_id: str, user_id: str) -> None:
    """Take a member's role away: their next request here is answered as a stranger's; elsewhere nothing changes.
    Raises NotFound, Forbidden for an owner."""
    with transaction() as cursor:
        role = check_member(cursor, workspace_id, user_id)
        end_membership(cursor, workspace_id, user_id)
        note_change(workspace_id, "member.remove", user_id, before={"role": role})


def leave_workspace(workspace_id: str, user_id: str) -> None:
    """Give one's own role up. Raises Conflict for the last owner."""
    with transaction() as cursor:
        cursor.execute(OWNERS, (workspace_id,))
        if [row[0] for row in cursor.fetchall()] == [user_id]:
            raise Conflict("The last owner cannot leave; delete the workspace instead.", slug="last_owner")
        end_membership(cursor, workspace_id, user_id)
        note_change(workspace_id, "member.leave", user_id)


def check_member(cursor: Cursor, workspace_id: str, user_id: str) -> str:
    """A member's role. Raises NotFound where they have none here, Forbidden when it is the owner's."""
    cursor.execute(ROLE, (workspace_id, user_id))
    row: Any = cursor.fetchone()
    if row is None:
        raise NotFound()
    if row.role == "OWNER":
        raise Forbidden("An owner's role stays.", slug="owner_stays")
    return str(row.role)


def end_membership(cursor: Cursor, workspace_id: str, user_id: str) -> None:
    cursor.execute(REMOVE, (workspace_id, user_id))
    cursor.execute(RELEASE, (workspace_id, user_id))
    show_soon(workspace_id, [user_id])  # to whom nothing is shown any more
