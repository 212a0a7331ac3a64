"""A contact of a workspace with an owner."""

from tawkee_core.conversation.media import keep_data
from tawkee_core.db import run
from tawkee_core.models import new_id
from tawkee_core.types import Media
from tests.lines import Line
from tests.notifications.conftest import line as line, owner as owner


def the_contact(line: Line) -> str:
    """The contact of the line's only chat."""
    return str(line.chat.contact_id)


def add_file(line: Line, data: bytes, seq: int = 1) -> str:
    """Give a message of the line's chat a file; its id."""
    kept = keep_data(
        line.tawkee.settings, line.company.workspace_id, Media(id=new_id(), mimetype="image/png", data=data)
    )
    run(
        "insert into media (id, workspace_id, message_id, mimetype, filename, size, path, state)"
        " select %s, workspace_id, id, 'image/png', 'photo.png', %s, %s, 'stored' from message"
        " where chat_id = %s and seq = %s",
        (kept.id, kept.size, kept.ref["path"], line.chat.id, seq),
    )
    return kept.id
