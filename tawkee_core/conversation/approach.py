"""Writing first: to a person on WhatsApp, by a channel of the workspace that can, on the ordinary way of a message."""

from typing import Any

from ..channels.load import open_channel
from ..context import Tawkee
from ..db import Cursor, run
from ..errors import TawkeeError
from ..types import Address, Channel
from .addresses import find_place
from .compose import Draft, Part, add_message
from .hidden import hide_code

CONNECTED = """
select id, workspace_id, agent_id, kind, name, config, sealed, webhook_token, status from channel
where workspace_id = %s and status = 'connected' and deleted_at is null
    and (paused_until is null or paused_until <= now())
order by created_at, id
"""


def find_whatsapp(tawkee: Tawkee, workspace_id: str) -> Channel | None:
    """The workspace's oldest connected channel that may write first on WhatsApp, if it has one."""
    able = (row for row in run(CONNECTED, (workspace_id,)) if opens_whatsapp(tawkee, row.kind))
    return next((open_channel(tawkee.settings, row) for row in able), None)


def opens_whatsapp(tawkee: Tawkee, kind: str) -> bool:
    try:
        info = tawkee.plugins.channel(kind).channel_info()
    except TawkeeError:  # its plugin is not here any more
        return False
    return info is not None and info.capabilities.opens_whatsapp


def write_first(
    cursor: Cursor, tawkee: Tawkee, channel: Channel, phone: str, name: str, text: str, code: str, user_id: str | None
) -> str:
    """Queue a text, whose dots stand for the code, to a phone (digits with country code); the message's id. Ring after
    the commit."""
    info: Any = tawkee.plugins.channel(channel.kind).channel_info()
    place = find_place(cursor, channel, (Address("phone", phone),), name)
    draft = Draft(text, hidden=hide_code(tawkee.settings, place.chat_id, code))
    return add_message(cursor, place.chat_id, user_id, Part("text", draft), info.send_semantics)
