"""The end of an attendance. It begins by itself with a contact's first message."""

from ..context import Tawkee
from ..db import transaction
from ..models import new_id
from .handover import RESOLVE, lock_chat, silence_agent


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
        cursor.execute(RESOLVE, {"id": new_id(), "chat_id": chat_id, "user_id": user_id, "reason": "resolved"})
