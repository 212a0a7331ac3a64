"""The people who write, as their workspace looks through them."""

from typing import Any

from ..db import run
from ..errors import NotFound
from .chats import escape_like

SELECT = """
select k.id, k.name, k.phone, k.is_group, k.created_at, (
    select coalesce(json_agg(json_build_object('channel_id', a.channel_id, 'channel_kind', h.kind, 'kind', a.kind,
        'value', a.value) order by a.id), '[]')
    from contact_address a join channel h on h.id = a.channel_id where a.contact_id = k.id) as addresses
from contact k where k.workspace_id = %(workspace_id)s and k.deleted_at is null
"""
FILTERS = {
    "words": "(k.name ilike %(words)s or k.phone like %(digits)s)",
    "before": "k.id < %(before)s",
}
FIND = "select 1 from contact where workspace_id = %s and id = %s"


def list_contacts(workspace_id: str, limit: int, q: str = "", before: str | None = None) -> list[dict[str, Any]]:
    """A page of contacts, newest first: with the words `q` in their name or its digits in their phone, after the one
    `before`. Raises NotFound for a `before` that is not there."""
    if before and not run(FIND, (workspace_id, before)):
        raise NotFound()
    digits = "".join(filter(str.isdigit, q))
    wanted = {"words": f"%{escape_like(q)}%" if q else None, "before": before}
    values = {name: value for name, value in wanted.items() if value}
    conditions = "".join(f" and {FILTERS[name]}" for name in values)
    place = {**values, "digits": f"%{digits}%" if digits else None, "workspace_id": workspace_id, "limit": limit}
    rows = run(f"{SELECT}{conditions} order by k.id desc limit %(limit)s", place)
    return [row._asdict() for row in rows]


def read_contact(workspace_id: str, contact_id: str) -> dict[str, Any]:
    """One contact and how they are reached. Raises NotFound."""
    rows = run(f"{SELECT} and k.id = %(id)s", {"workspace_id": workspace_id, "id": contact_id})
    if not rows:
        raise NotFound()
    return dict(rows[0]._asdict())
