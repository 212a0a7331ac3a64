"""Erasing a workspace whose time is over: its channels at their providers, vectors, files, and rows a thousand at a
time, so that no statement is long. Broken off anywhere, it begins anew and finds less to do."""

import time
from typing import Any

import structlog

from ..channels.remove import delete_channel
from ..context import Tawkee
from ..conversation.media import forget_files
from ..db import run

AGAIN_SECONDS = 600
AT_ONCE_SECONDS = 20.0
BATCH = 1000
CLAIM = """
with due as (
    select id from workspace where erase_at <= now() order by erase_at limit %(count)s for update skip locked
)
update workspace w set erasing_at = coalesce(erasing_at, now()), erase_at = now() + make_interval(secs => %(again)s)
from due where w.id = due.id returning w.id
"""
CHANNELS = "select id from channel where workspace_id = %s and deleted_at is null"
# everybody's: an agent that was taken elsewhere while the vectors' keeper was away left its vectors, but no training
SPACES = "select distinct space from training where space <> ''"
# the tables that grow, those that others refer to last; what is left goes with the workspace's own row
ROWS = (
    "inbound_event where channel_id in (select id from channel where workspace_id = %(id)s)",
    "media where workspace_id = %(id)s",
    "outbound where workspace_id = %(id)s",
    "message where workspace_id = %(id)s",
    "turn where workspace_id = %(id)s",
    "interaction where workspace_id = %(id)s",
    "usage where workspace_id = %(id)s",
    "passage where training_id in (select id from training where workspace_id = %(id)s)",
    "chat where workspace_id = %(id)s",
    "contact where workspace_id = %(id)s",
)
LATER = "update workspace set erase_at = now() where id = %s"
LAST = "delete from workspace where id = %s"
log = structlog.get_logger()


def claim_erasures(count: int) -> list[Any]:
    """Take up to `count` workspaces whose time is over; what fails is taken again ten minutes later."""
    return run(CLAIM, {"count": count, "again": AGAIN_SECONDS})


def erase_workspace(tawkee: Tawkee, workspace: Any) -> None:
    """Remove a claimed workspace and everything of it, for good. Raises what the vectors' keeper raises; a provider
    that cannot be reached is left alone."""
    for channel in run(CHANNELS, (workspace.id,)):
        delete_channel(tawkee, workspace.id, channel.id)
    forget_vectors(tawkee, workspace.id)
    forget_files(tawkee.settings, workspace.id)
    if delete_rows(workspace.id):
        run(LAST, (workspace.id,))
        log.info("workspace_erased", workspace_id=workspace.id)
    else:
        run(LATER, (workspace.id,))


def delete_rows(workspace_id: str) -> bool:
    """Delete what there is, for some seconds; whether all is gone."""
    deadline = time.monotonic() + AT_ONCE_SECONDS
    for rows in ROWS:
        while len(delete_batch(rows, workspace_id)) == BATCH:
            if time.monotonic() > deadline:
                return False
    return True


def forget_vectors(tawkee: Tawkee, workspace_id: str) -> None:
    for row in run(SPACES):
        tawkee.plugins.vectors(tawkee.settings).vectors_delete(
            settings=tawkee.settings, space=row.space, workspace_id=workspace_id, agent_id=None, training_id=None
        )


def delete_batch(rows: str, workspace_id: str) -> list[Any]:
    table, _, condition = rows.partition(" where ")
    sql = f"delete from {table} where id in (select id from {table} where {condition} limit {BATCH}) returning id"
    return run(sql, {"id": workspace_id})
