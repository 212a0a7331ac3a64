"""A channel as people and programs see it: secrets masked."""

from typing import Any

from ..context import Tawkee
from ..db import run
from ..errors import Unavailable, UnknownPlugin
from ..models import Channel
from .config import MASK, mask
from .load import open_channel, webhook_url
from .setup import channel_info

NAMES = ("id", "workspace_id", "agent_id", "kind", "name", "status", "detail", "qr")
TIMES = ("created_at", "updated_at", "paused_until", "deleted_at")
HEARD = """
select max(sent_at) as at from message
where channel_id = %s and direction = 'in' and sent_at > now() - interval '7 days'
"""


def show_channel(tawkee: Tawkee, row: Channel) -> dict[str, Any]:
    """A channel's row with its configuration; what its plugin did not declare is its own business."""
    return {
        **{name: getattr(row, name) for name in NAMES + TIMES},
        "last_event_at": run(HEARD, (row.id,))[0].at,
        "detail": row.detail or None,
        "config": show_config(tawkee, row),
        "webhook_url": webhook_url(tawkee.settings, row.id, row.webhook_token),
    }


def show_config(tawkee: Tawkee, row: Channel) -> dict[str, Any]:
    try:
        info = channel_info(tawkee, row.kind)
    except UnknownPlugin:  # not installed any more
        return dict(row.config)
    try:
        values = open_channel(tawkee.settings, row).config
    except Unavailable:  # the key is gone: what is not secret can be shown still
        values = {field.name: MASK for field in info.fields if field.kind == "secret"} | row.config
    return {f.name: mask(values.get(f.name)) if f.kind == "secret" else values.get(f.name) for f in info.fields}
