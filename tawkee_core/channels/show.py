"""A channel as people and programs see it: secrets masked."""

from collections.abc import Sequence
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
select h.id, (select max(m.sent_at) from message m where m.channel_id = h.id and m.direction = 'in'
    and m.sent_at > now() - interval '7 days') as at from unnest(%s::uuid[]) as h(id)
"""


def show_channels(tawkee: Tawkee, rows: Sequence[Channel]) -> list[dict[str, Any]]:
    """Channels' rows, when each was heard from, and their configurations; what their plugins did not declare is their
    own business."""
    heard = {row.id: row.at for row in run(HEARD, ([row.id for row in rows],))} if rows else {}
    return [{**show_row(tawkee, row), "last_event_at": heard[row.id]} for row in rows]


def show_row(tawkee: Tawkee, row: Channel) -> dict[str, Any]:
    return {
        **{name: getattr(row, name) for name in NAMES + TIMES},
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
