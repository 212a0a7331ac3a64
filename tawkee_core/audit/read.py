"""Looking through what was changed."""

from typing import Any

from ..db import run
from ..errors import NotFound

LIST = """
select e.id, e.action, e.object_kind, e.object_id, e.before, e.after, e.address, e.request_id, e.created_at,
    e.user_id, u.name as user_name, u.email as user_email, e.api_key_id, k.name as api_key_name
from audit_entry e left join account_user u on u.id = e.user_id left join api_key k on k.id = e.api_key_id
where {conditions} order by e.id desc limit %(limit)s
"""
CONDITIONS = {
    "action": "(e.action = %(action)s or e.object_kind = %(action)s)",
    "object_id": "e.object_id = %(object_id)s",
    "user_id": "e.user_id = %(user_id)s",
    "api_key_id": "e.api_key_id = %(api_key_id)s",
    "since": "e.created_at >= %(since)s",
    "until": "e.created_at < %(until)s",
    "before": "e.id < %(before)s",
}
BEFORE = "select 1 from audit_entry where workspace_id = %s and id = %s"


def list_entries(workspace_id: str, limit: int, **given: Any) -> list[dict[str, Any]]:
    """A page of what was changed, newest first, as far as it fits what is given (see CONDITIONS); `before` is the last
    entry of the page before. Raises NotFound for one that is not there."""
    if "before" in given and not run(BEFORE, (workspace_id, given["before"])):
        raise NotFound()
    conditions = " and ".join(["e.workspace_id = %(workspace_id)s", *(CONDITIONS[name] for name in given)])
    rows = run(LIST.format(conditions=conditions), {**given, "workspace_id": workspace_id, "limit": limit})
    return [show(row) for row in rows]


def show(row: Any) -> dict[str, Any]:
    """An entry and who did it: a person, a key, or Tawkee itself."""
    shown: dict[str, Any] = row._asdict()
    user = {"id": shown.pop("user_id"), "name": shown.pop("user_name"), "email": shown.pop("user_email")}
    key = {"id": shown.pop("api_key_id"), "name": shown.pop("api_key_name")}
    return {**shown, "user": user if user["id"] else None, "api_key": key if key["id"] else None}
