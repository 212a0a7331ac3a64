"""Reading a chat's messages, in the shape that the API and the web chat tell them."""

from typing import Any

from ..db import run
from ..errors import NotFound
from ..settings import Settings
from .hidden import shown_data
from .media import media_shape

SELECT = """
select m.id, m.seq, m.direction, m.author, m.kind, m.text, m.data, m.sender, m.quoted_id, m.provider_message_id,
m.status, m.error,
    m.sent_at, m.edited_at, m.deleted_at, m.user_id, d.id as media_id, d.mimetype, d.filename, d.size, d.state as
    media_state
from message m left join media d on d.message_id = m.id
"""
BEFORE = SELECT + "where m.chat_id = %(chat_id)s and m.seq < %(seq)s order by m.seq desc limit %(limit)s"
AFTER = SELECT + "where m.chat_id = %(chat_id)s and m.seq > %(seq)s order by m.seq limit %(limit)s"
LAST = 2**62


def read_messages(
    settings: Settings, chat_id: str, before: str | None = None, after: str | None = None, limit: int = 50
) -> list[dict[str, Any]]:
    """A page of a chat's messages, oldest first: the last ones, or those before or after a message's id or place
    (`seq`)."""
    if after is not None:
        rows = run(AFTER, {"chat_id": chat_id, "seq": place_of(chat_id, after, 0), "limit": limit})
    else:
        rows = run(BEFORE, {"chat_id": chat_id, "seq": place_of(chat_id, before, LAST), "limit": limit})[::-1]
    return [message_shape(settings, row) for row in rows]


def read_message(settings: Settings, chat_id: str, message_id: str) -> dict[str, Any] | None:
    """One message of a chat; None when it is not there."""
    rows = run(SELECT + "where m.chat_id = %s and m.id = %s", (chat_id, message_id))
    return message_shape(settings, rows[0]) if rows else None


def place_of(chat_id: str, mark: str | None, default: int) -> int:
    """The place in the chat that a mark names: itself a number, or a message's id."""
    if not mark:
        return default
    if mark.isdecimal():
        return min(int(mark[:20]), LAST)
    rows = run("select seq from message where chat_id = %s and id::text = %s", (chat_id, mark))
    return rows[0].seq if rows else default


def check_mark(chat_id: str, mark: str | None) -> None:
    """Raise NotFound for a message's id that is none of this chat."""
    if mark and place_of(chat_id, mark, -1) < 0:
        raise NotFound()


def message_shape(settings: Settings, row: Any) -> dict[str, Any]:
    """A message as the API tells it; one taken back keeps its place without its words."""
    gone = row.deleted_at is not None
    names = (
        "id",
        "seq",
        "direction",
        "author",
        "kind",
        "sender",
        "quoted_id",
        "provider_message_id",
        "status",
        "error",
        "user_id",
    )
    shape = {name: getattr(row, name) for name in names}
    shape |= {"text": "" if gone else row.text, "data": {} if gone else shown_data(row.data)}
    shape |= {name: moment(getattr(row, name)) for name in ("sent_at", "edited_at", "deleted_at")}
    if row.media_id and not gone:
        values = {
            "id": row.media_id,
            "mimetype": row.mimetype,
            "filename": row.filename,
            "size": row.size,
            "state": row.media_state,
        }
        shape["media"] = media_shape(settings, values)
    return shape


def moment(value: Any) -> str | None:
    return value.isoformat() if value else None
