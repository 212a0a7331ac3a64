"""What left from our own side: our own send come back, which confirms it, or words typed on the phone, which are a
takeover."""

import re
from typing import Any

from ..db import Cursor
from ..models import new_id
from ..types import MEDIA_KINDS, Channel, Echo, Status
from .addresses import find_place
from .choices import buttons_of, numbered_text
from .handover import pass_to_person
from .media import add_media
from .statuses import apply_status

# the messages of ours this may be: on their way, or never confirmed, also while they wait to be sent once more, and the
# one under whose id it comes back, whatever was thought to have become of that; the oldest first
OWN = """
select m.id, m.kind, m.text, m.data from message m join outbound o on o.message_id = m.id
where o.chat_id = %(chat_id)s and m.provider_message_id is null and (
    o.state in ('sending', 'reconciling', 'unconfirmed') or o.state = 'pending' and o.doubtful
    or m.id::text = %(client_id)s)
order by o.seq
"""
# what marks and their forms differ in: *bold*, - points, a link as [name](address) or name: address
MARKS = re.compile(r"[\s*_~#`!:()\[\]-]+")
STORE = """
with chat_now as (select id, workspace_id, seq + 1 as seq, interaction_id from chat where id = %(chat_id)s for update),
kept as (
    insert into message (id, workspace_id, chat_id, channel_id, interaction_id, inbound_event_id, seq, direction,
        author, kind, text, data, provider_message_id, status, sent_at)
    select %(id)s, workspace_id, id, %(channel_id)s, interaction_id, %(event_id)s, seq, 'out',
        'person', %(kind)s, %(text)s, %(data)s, %(provider_id)s, 'sent', coalesce(%(sent_at)s, now()) from chat_now
    on conflict (channel_id, provider_message_id) do nothing returning id, seq
)
update chat set seq = kept.seq, last_message_id = kept.id, last_message_at = now(), unread = 0 from kept
where chat.id = %(chat_id)s returning kept.id, kept.seq
"""


def apply_echo(cursor: Cursor, channel: Channel, event_id: str | None, echo: Echo) -> str | None:
    """Confirm our own message, or keep a person's and pass the chat to people; the message's id, or None when it is
    known."""
    place = find_place(cursor, channel, echo.addresses, "")
    cursor.execute("select id from chat where id = %s for update", (place.chat_id,))
    cursor.execute(
        "select 1 as known from message where channel_id = %s and provider_message_id = %s", (channel.id, echo.id)
    )
    if cursor.fetchone():
        return None
    own = own_message(cursor, place.chat_id, echo)
    if own:
        return apply_status(cursor, channel, Status("sent", id=echo.id, client_id=own))
    message_id = keep_echo(cursor, channel, event_id, echo, place.chat_id)
    if message_id and not echo.sent_by_api:
        pass_to_person(cursor, place.chat_id, None, "a person wrote on the phone")
    return message_id


def own_message(cursor: Cursor, chat_id: str, echo: Echo) -> str | None:
    cursor.execute(OWN, {"chat_id": chat_id, "client_id": echo.client_id})
    rows: list[Any] = cursor.fetchall()
    return next((row.id for row in rows if is_own(row, echo)), None)


def is_own(row: Any, echo: Echo) -> bool:
    """Whether a message of ours came back: under its client id, or as the same words, marks and choices aside; a file
    may have been sent as a document, or its words alone."""
    if echo.client_id is not None:
        return bool(row.id == echo.client_id)
    if echo.kind == "text":
        return ("hidden" in row.data and row.kind == "text") or says_same(row, echo.text)
    return row.kind == echo.kind or (echo.sent_by_api and row.kind in MEDIA_KINDS and echo.kind == "document")


def says_same(row: Any, text: str) -> bool:
    """Whether a message's words, with its choices numbered under them or not, are these."""
    forms = (row.text, numbered_text(row.text, buttons_of(row.data)))
    return bool(text.strip()) and any(MARKS.sub("", form) == MARKS.sub("", text) for form in forms)


def keep_echo(cursor: Cursor, channel: Channel, event_id: str | None, echo: Echo, chat_id: str) -> str | None:
    parameters = {
        "chat_id": chat_id,
        "id": new_id(),
        "channel_id": channel.id,
        "event_id": event_id,
        "kind": echo.kind,
        "text": echo.text,
        "data": dict(echo.data),
        "provider_id": echo.id,
        "sent_at": echo.sent_at,
    }
    cursor.execute(STORE, parameters)
    row: Any = cursor.fetchone()
    if row and echo.media is not None and echo.kind in MEDIA_KINDS:
        add_media(cursor, channel.workspace_id, row.id, echo.media)
    return row.id if row else None
