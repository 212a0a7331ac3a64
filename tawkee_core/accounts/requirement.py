"""Workspaces whose members must have two factors."""

from ..audit import note_change
from ..db import run, transaction
from ..errors import Conflict
from .two_factors import factors_on

LOCK = "select require_two_factors from workspace where id = %s for update"
SET = "update workspace set require_two_factors = %s where id = %s"
READ = """
select w.require_two_factors as required,
    (select count(*) from membership m where m.workspace_id = w.id and not exists (
        select from two_factors t where t.user_id = m.user_id and t.enabled_at is not null)) as members_without
from workspace w where w.id = %s
"""


def require_factors(workspace_id: str, user_id: str, required: bool) -> None:
    """Let in only members with two factors, or everybody. Raises Conflict for one who would lock themselves out."""
    if required and not factors_on(user_id):
        raise Conflict("Switch two factors on for yourself first.", slug="two_factors_off")
    with transaction() as cursor:
        cursor.execute(LOCK, (workspace_id,))
        if cursor.fetchone() == (required,):
            return
        cursor.execute(SET, (required, workspace_id))
        before, after = {"require_two_factors": not required}, {"require_two_factors": required}
        note_change(workspace_id, "workspace.change", workspace_id, before, after)


def read_requirement(workspace_id: str) -> dict[str, object]:
    """Whether two factors are required, and how many members have none yet."""
    return dict(run(READ, (workspace_id,))[0]._asdict())
