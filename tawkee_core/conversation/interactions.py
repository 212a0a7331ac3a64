"""The end of an attendance. It begins by itself with a contact's first message."""

from ..context import Tawkee
from ..db import transaction
from .handover import lock_chat, silence_agent


def resolve_chat(tawkee: Tawkee, workspace_id: str, chat_id: str, user_id: str | None) -> None:
    """Close the attendance; the contact's next message opens another, and the AI answers it. Raises NotFound."""
    with transaction() as cursor:
        lock_chat(cursor, workspace_id, chat_id)
        silence_agent(cursor, chat_id, "resolved")
        cursor.execute(
            "update interaction set status = 'RESOLVED', resolved_at = now(), resolved_by = %s"
            " where chat_id = %s and status in ('RUNNING', 'WAITING')",
            (user_id, chat_id),
        )
        cursor.execute(
            "update chat set status = 'resolved', owner = 'ai', owner_id = null, epoch = epoch + 1, attention = '',"
            " unread = 0,"
            " interaction_id = null where id = %s",
            (chat_id,),
        )
