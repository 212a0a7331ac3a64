"""The conversations of a workspace, as people look through them."""

from typing import Any

from ..db import run
from ..errors import NotFound

SELECT = """
select c.id, c.status, c.owner, c.owner_id, c.attention, c.unread, c.last_message_at, c.created_at,
    k.id as contact_id, k.name as contact_name, k.phone, k.is_group,
    h.id as channel_id, h.kind as channel_kind, h.name as channel_name, g.id as agent_id, g.name as agent_name,
    m.id as message_id, m.direction, m.author, m.kind, m.status as message_status, m.sent_at,
    case when m.deleted_at is null then m.text else '' end as text
from chat c join contact k on k.id = c.contact_id join channel h on h.id = c.channel_id
join agent g on g.id = h.agent_id
left join message m on m.id = c.last_message_id
where c.workspace_id = %(workspace_id)s
"""
FILTERS = {
    "agent_id": "h.agent_id = %(agent_id)s",
    "channel_id": "c.channel_id = %(channel_id)s",
    "status": "c.status = %(status)s",
    "owner": "c.owner = %(owner)s",
    "words": "(k.name ilike %(words)s or k.phone like %(digits)s)",
    "before": "(c.last_message_at, c.id) < (select b.last_message_at, b.id from chat b where b.id = %(before)s)",
}
# a removed agent or channel still has its chats
NAMED = {
    "agent_id": "select 1 from agent where workspace_id = %s and id = %s",
    "channel_id": "select 1 from channel where workspace_id = %s and id = %s",
    "before": "select 1 from chat where workspace_id = %s and id = %s",
}
MARK_READ = "update chat set unread = 0 where workspace_id = %s and id = %s returning id"


def list_chats(workspace_id: str, limit: int, q: str = "", **wanted: str | None) -> list[dict[str, Any]]:
    """Up to `limit` chats, those with the newest message first: of an `agent_id`, `channel_id`, `status` or `owner`,
    with the words `q` in the contact's name or its digits in their phone, after the chat `before`. Raises NotFound for
    an agent, a channel or a `before` that is not there."""
    for name in NAMED.keys() & wanted.keys():
        if wanted[name] and not run(NAMED[name], (workspace_id, wanted[name])):
            raise NotFound()
    values: dict[str, Any] = {name: value for name, value in wanted.items() if value}
    if q:
        values["words"] = f"%{escape_like(q)}%"
    conditions = "".join(f" and {FILTERS[name]}" for name in values)
    digits = "".join(filter(str.isdigit, q))
    parameters = {**values, "digits": f"%{digits}%" if digits else None, "workspace_id": workspace_id, "limit": limit}
    rows = run(f"{SELECT}{conditions} order by c.last_message_at desc, c.id desc limit %(limit)s", parameters)
    return [chat_shape(row) for row in rows]


def escape_like(words: str) -> str:
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def read_chat(workspace_id: str, chat_id: str) -> dict[str, Any]:
    """One chat as the API tells it. Raises NotFound."""
    rows = run(f"{SELECT} and c.id = %(chat_id)s", {"workspace_id": workspace_id, "chat_id": chat_id})
    if not rows:
        raise NotFound()
    return chat_shape(rows[0])


def find_chat(workspace_id: str, chat_id: str) -> None:
    """Raise NotFound unless the workspace has this chat."""
    if not run("select 1 from chat where workspace_id = %s and id = %s", (workspace_id, chat_id)):
        raise NotFound()


def mark_read(workspace_id: str, chat_id: str) -> None:
    """Note that people have seen all that the contact wrote. Raises NotFound."""
    if not run(MARK_READ, (workspace_id, chat_id)):
        raise NotFound()


def chat_shape(row: Any) -> dict[str, Any]:
    """A chat as the API tells it."""
    names = ("id", "status", "owner", "owner_id", "attention", "unread", "last_message_at", "created_at")
    return {
        **{name: getattr(row, name) for name in names},
        "contact": {"id": row.contact_id, "name": row.contact_name, "phone": row.phone, "is_group": row.is_group},
        "channel": {"id": row.channel_id, "kind": row.channel_kind, "name": row.channel_name},
        "agent": {"id": row.agent_id, "name": row.agent_name},
        "last_message": last_message(row),
    }


def last_message(row: Any) -> dict[str, Any] | None:
    if row.message_id is None:
        return None
    names = ("direction", "author", "kind", "text", "sent_at")
    return {"id": row.message_id, "status": row.message_status, **{name: getattr(row, name) for name in names}}
