"""Erasing a contact. At once they are nobody's contact any more, their conversations are silent, and what they write
next is a stranger's. Then all that was kept of them goes, a batch at a time; an entry without personal data stays."""

from typing import Any

import structlog

from ..audit import note_change
from ..context import Tawkee
from ..conversation.handover import silence_agent
from ..conversation.media import forget_file
from ..db import Cursor, run, transaction
from ..doorbell import ring
from ..errors import NotFound
from ..models import new_id
from .tasks import Slice, remove_export
from .traces import blank_events, blank_group_words

BATCH = 500
HIDE = """
update contact set deleted_at = now(), name = '', phone = null where workspace_id = %s and id = %s
    and deleted_at is null returning id
"""
# the addresses are needed until the raw events were looked through; nobody is found by them any more
UNKNOWN = "update contact_address set key = 'erased:' || id where contact_id = %s"
LOCK = "select id from chat where contact_id = %s order by id for update"
CLOSE = """
update chat set owner = 'human', owner_id = null, epoch = epoch + 1, status = 'resolved', attention = '', unread = 0
where id = %s
"""
UNSENT = "update outbound set state = 'cancelled' where chat_id = %s and state = 'pending'"
STOP_EXPORTS = """
update contact_task set state = 'failed', error = 'the contact was erased', path = '', finished_at = now()
where contact_id = %s and kind = 'export' and (state in ('pending', 'running') or path <> '') returning id
"""
ADD = """
insert into contact_task (id, workspace_id, contact_id, kind) values (%s, %s, %s, 'erase') returning id
"""
CHATS = "select id from chat where contact_id = %s order by id"
FILES = f"select d.id, d.path from media d join message m on m.id = d.message_id where m.chat_id = %s limit {BATCH}"
MEDIA = "delete from media where id = any(%s::uuid[])"
MESSAGES = f"delete from message where id in (select id from message where chat_id = %s limit {BATCH}) returning id"
REST = ("turn", "interaction")
NOTICES = "delete from notification where workspace_id = %s and object_id = any(%s::uuid[])"
DELETE_CHAT = "delete from chat where id = %s"
DELETE_CONTACT = "delete from contact where id = %s and deleted_at is not null"
DONE = """
update contact_task set state = 'done', done = done + %s, total = done + %s, finished_at = now(), error = ''
where id = %s returning done
"""
log = structlog.get_logger()


def request_erasure(tawkee: Tawkee, workspace_id: str, contact_id: str) -> str:
    """Erase a contact: from now on they are unknown here; the id of the task that removes what was kept. Raises
    NotFound."""
    with transaction() as cursor:
        cursor.execute(HIDE, (workspace_id, contact_id))
        if cursor.fetchone() is None:
            raise NotFound()
        cursor.execute(UNKNOWN, (contact_id,))
        close_chats(cursor, contact_id)
        cursor.execute(STOP_EXPORTS, (contact_id,))
        exports: list[Any] = cursor.fetchall()
        task_id = new_id()
        cursor.execute(ADD, (task_id, workspace_id, contact_id))
        note_change(workspace_id, "contact.erase", contact_id)
    for export in exports:
        remove_export(tawkee.settings, export.id)
    ring(tawkee.settings)
    return task_id


def close_chats(cursor: Cursor, contact_id: str) -> None:
    """Nothing more is said in them; what is being sent cannot be called back."""
    cursor.execute(LOCK, (contact_id,))
    chats: list[Any] = cursor.fetchall()
    for chat in chats:
        cursor.execute(CLOSE, (chat.id,))
        cursor.execute(UNSENT, (chat.id,))
        silence_agent(cursor, chat.id, "the contact was erased")


def erase_contact(tawkee: Tawkee, share: Slice) -> float | None:
    """Go on with an erasure; None when nothing is left. Broken off anywhere, it begins anew and finds less to do."""
    contact_id = share.task.contact_id
    wait = blank_events(share, contact_id)
    if wait is not None:
        return wait
    blank_group_words(tawkee, contact_id)
    chats = [row.id for row in run(CHATS, (contact_id,))]
    for chat_id in chats:
        if not empty_chat(tawkee, share, chat_id):
            return 0.0
    finish(tawkee, share, chats)
    return None


def empty_chat(tawkee: Tawkee, share: Slice, chat_id: str) -> bool:
    """Remove files, messages, turns and attendances, in batches; whether all of them are gone."""
    statements = (FILES, MESSAGES, *(table_rows(table) for table in REST))
    for statement in statements:
        while rows := run(statement, (chat_id,)):
            if statement is FILES:  # the files first, so that none is left behind that nothing tells of
                forget_paths(tawkee, rows)
                run(MEDIA, ([row.id for row in rows],))
            share.count(share.done + len(rows))
            if share.over:
                return False
            if len(rows) < BATCH:
                break
    return True


def table_rows(table: str) -> str:
    return f"delete from {table} where id in (select id from {table} where chat_id = %s limit {BATCH}) returning id"


def forget_paths(tawkee: Tawkee, rows: list[Any]) -> None:
    for row in rows:
        if row.path:
            forget_file(tawkee.settings, row.path)


def finish(tawkee: Tawkee, share: Slice, chats: list[str]) -> None:
    """The chats themselves, with what came into them at the last moment, the contact, and the entry that stays."""
    task = share.task
    with transaction() as cursor:
        cursor.execute(LOCK, (task.contact_id,))
        for chat_id in chats:
            cursor.execute(FILES, (chat_id,))
            forget_paths(tawkee, cursor.fetchall())
            cursor.execute(DELETE_CHAT, (chat_id,))
        cursor.execute(NOTICES, (task.workspace_id, chats))
        cursor.execute(DELETE_CONTACT, (task.contact_id,))
        cursor.execute(DONE, (len(chats), len(chats), task.id))
        row: Any = cursor.fetchone()
        note_change(task.workspace_id, "contact.erased", task.contact_id, after={"chats": len(chats), "rows": row.done})
    log.info("contact_erased", contact_id=task.contact_id, task_id=task.id, chats=len(chats))
