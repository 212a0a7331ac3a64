"""When the AI's words come after the window closed: the owner's chosen template goes in their place, once, so that the
contact may write and open it again. Without one, a person is asked."""

from psycopg2.extras import Json

from ..db import run
from ..models import new_id
from ..types import Capabilities, Channel, Message, Template

# said as the AI, under the chat's epoch, so that a takeover still stops it
WRITE = """
with placed as (
    update chat set seq = seq + 1, last_message_id = %(id)s, last_message_at = now() where id = %(chat_id)s
        and owner = 'ai' and not exists (select from message m where m.chat_id = chat.id and m.direction = 'out'
            and m.data ? 'template' and m.sent_at > coalesce(chat.last_in_at, '-infinity'))
    returning id, workspace_id, channel_id, interaction_id, seq, epoch
), said as (
    insert into message (id, workspace_id, chat_id, channel_id, interaction_id, seq, direction, author, kind, text,
        data, status)
    select %(id)s, workspace_id, id, channel_id, interaction_id, seq, 'out', 'agent', 'text', '', %(data)s, 'queued'
    from placed
)
insert into outbound (id, workspace_id, chat_id, message_id, epoch, seq, semantics, state)
select %(outbound_id)s, workspace_id, id, %(id)s, epoch, seq, %(semantics)s, 'pending' from placed returning id
"""


def window_template(channel: Channel, capabilities: Capabilities) -> Template | None:
    """The template that the owner chose for this, as `name:language` in the channel's `window_template`."""
    name, _, language = str(channel.config.get("window_template") or "").strip().partition(":")
    return Template(name, language or "pt_BR") if name and capabilities.templates else None


def reopen_window(channel: Channel, capabilities: Capabilities, chat_id: str, message: Message, semantics: str) -> bool:
    """Have the owner's template sent after words of the AI that came too late; whether it will be."""
    template = window_template(channel, capabilities)
    if template is None or message.author != "agent" or message.template is not None:
        return False
    kept = {"name": template.name, "language": template.language, "parameters": []}
    parameters = {
        "id": new_id(),
        "outbound_id": new_id(),
        "chat_id": chat_id,
        "data": Json({"template": kept}),
        "semantics": semantics,
    }
    return bool(run(WRITE, parameters))
