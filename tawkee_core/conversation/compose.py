"""A person's own words, sent through the channel in the chat's order; and the sending again of what did not arrive."""

from typing import Any

from ..context import Tawkee
from ..db import Cursor, run, transaction
from ..doorbell import ring
from ..errors import BadInput, Conflict, NotFound, TooLarge
from ..models import new_id
from ..types import Media
from .handover import lock_chat, pass_to_person
from .media import add_media, keep_data

WRITE = """
with placed as (
    update chat set seq = seq + 1, last_message_id = %(id)s, last_message_at = now(), unread = 0,
        status = case status when 'resolved' then 'open' else status end where id = %(chat_id)s
    returning id, workspace_id, channel_id, interaction_id, seq
), said as (
    insert into message (id, workspace_id, chat_id, channel_id, interaction_id, user_id, seq, direction, author, kind,
    text, data, status)
    select %(id)s, workspace_id, id, channel_id, interaction_id, %(user_id)s, seq, 'out', 'person', %(kind)s, %(text)s,
    %(data)s, 'queued'
    from placed
)
insert into outbound (id, workspace_id, chat_id, message_id, seq, semantics, state)
select %(outbound_id)s, workspace_id, id, %(id)s, seq, %(semantics)s, 'pending' from placed
"""


def write_message(
    tawkee: Tawkee,
    workspace_id: str,
    chat_id: str,
    user_id: str,
    text: str = "",
    media: Media | None = None,
    client_id: str | None = None,
) -> str:
    """Send a person's message; writing is taking over. The same `client_id` again gives the message there is; its id.

    Raises NotFound, BadInput (nothing said, or a file the channel cannot carry), TooLarge."""
    if not text.strip() and media is None:
        raise BadInput("A message needs a text or a file.", slug="empty_message")
    info, kind = channel_info(tawkee, workspace_id, chat_id), "text"
    if media is not None:
        kind = fit_media(info, media)
        media = keep_data(tawkee.settings, workspace_id, media)
    with transaction() as cursor:
        chat = lock_chat(cursor, workspace_id, chat_id)
        known = known_message(cursor, chat_id, client_id)
        if known:
            return known
        if chat.owner != "human" or chat.owner_id != user_id:
            pass_to_person(cursor, chat_id, user_id, "a person wrote")
        message_id = new_id()
        parameters = {
            "id": message_id,
            "outbound_id": new_id(),
            "chat_id": chat_id,
            "user_id": user_id,
            "kind": kind,
            "text": text,
        }
        cursor.execute(
            WRITE,
            parameters | {"data": {"client_id": client_id} if client_id else {}, "semantics": info.send_semantics},
        )
        if media is not None:
            add_media(cursor, workspace_id, message_id, media)
    ring(tawkee.settings)
    return message_id


def channel_info(tawkee: Tawkee, workspace_id: str, chat_id: str) -> Any:
    rows = run(
        "select h.kind from chat c join channel h on h.id = c.channel_id where c.workspace_id = %s and c.id = %s",
        (workspace_id, chat_id),
    )
    if not rows:
        raise NotFound()
    return tawkee.plugins.channel(rows[0].kind).channel_info()


def fit_media(info: Any, media: Media) -> str:
    """The kind a file is sent as. Raises BadInput or TooLarge when the channel cannot carry it."""
    kind = media.mimetype.partition("/")[0]
    kind = kind if kind in ("image", "audio", "video") and kind in info.capabilities.media_out else "document"
    rule = info.capabilities.media_out.get(kind)
    if rule is None or not any(matches(media.mimetype, allowed) for allowed in rule.mimetypes):
        raise BadInput(f"This channel cannot carry {media.mimetype}.", slug="unsupported_media")
    if media.data is not None and len(media.data) > rule.max_bytes:
        raise TooLarge(f"This channel carries at most {rule.max_bytes} bytes.")
    return kind


def matches(mimetype: str, allowed: str) -> bool:
    return allowed in ("*/*", mimetype) or (allowed.endswith("/*") and mimetype.startswith(allowed[:-1]))


def known_message(cursor: Cursor, chat_id: str, client_id: str | None) -> str | None:
    if not client_id:
        return None
    cursor.execute(
        "select id from message where chat_id = %s and direction = 'out' and data ->> 'client_id' = %s",
        (chat_id, client_id),
    )
    row: Any = cursor.fetchone()
    return row.id if row else None


def resend_message(tawkee: Tawkee, workspace_id: str, chat_id: str, message_id: str) -> None:
    """Send again what failed or was never confirmed; a person decides this. Raises NotFound or Conflict."""
    with transaction() as cursor:
        lock_chat(cursor, workspace_id, chat_id)
        cursor.execute("select status from message where chat_id = %s and id = %s", (chat_id, message_id))
        row: Any = cursor.fetchone()
        if row is None:
            raise NotFound()
        cursor.execute(
            "update outbound set state = 'pending', next_at = now(), attempts = 0, recoveries = 0, epoch = null,"
            " turn_id = null, error = ''"
            " where message_id = %s and state in ('dead', 'unconfirmed', 'cancelled') returning id",
            (message_id,),
        )
        if cursor.fetchone() is None:
            raise Conflict(f"A message that is {row.status} is not sent again.", slug="not_resendable")
        cursor.execute("update message set status = 'queued', error = '' where id = %s", (message_id,))
        cursor.execute("update chat set attention = '' where id = %s and attention like 'a message%%'", (chat_id,))
    ring(tawkee.settings)
