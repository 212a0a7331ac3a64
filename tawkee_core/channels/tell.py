"""Telling those in charge how their channels stand, in the transaction that changes it."""

from collections.abc import Mapping
from typing import Any

from ..db import Cursor
from ..notifications import notify_team, resolve_notices

TOLD = ("channel_failed", "channel_disconnected", "channel_paused")
SCAN = {"pt": "Escaneie o código de novo para conectá-lo.", "en": "Scan its code again to connect it."}
WORSE = {"failed": "channel_failed", "disconnected": "channel_disconnected"}


def tell_change(cursor: Cursor, row: Any, before: str, intended: bool = False) -> None:
    """Tell that a channel stopped working, or that it works again. `row` is the channel's as it is now."""
    if row.status == "connected" and before != "connected":
        resolve_notices(cursor, row.workspace_id, row.id, TOLD)
    elif row.status in WORSE and not intended and was_working(cursor, row.id, before):
        tell_trouble(cursor, row, WORSE[row.status])
    elif row.status == "connecting" and row.qr and before == "connected" and not intended:
        tell_trouble(cursor, row, "channel_disconnected", SCAN)


def was_working(cursor: Cursor, channel_id: str, before: str) -> bool:
    """Whether a channel worked until now: one that was being connected did, if anybody ever wrote through it."""
    if before != "connecting":
        return before == "connected"
    cursor.execute("select 1 from chat where channel_id = %s limit 1", (channel_id,))
    return cursor.rowcount > 0


def tell_trouble(cursor: Cursor, row: Any, kind: str, reason: Mapping[str, str] | None = None) -> None:
    """Tell something of a channel, and why; `row` has its `id`, `workspace_id`, `name` and `detail`."""
    why = dict(row.detail or reason or {})
    notify_team(cursor, row.workspace_id, kind, row.id, row.id, channel=row.name, reason=why)
