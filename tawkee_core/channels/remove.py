"""Removing channels, and bringing them back within thirty days."""

from datetime import timedelta
from typing import NamedTuple

import structlog
from peewee import ModelSelect

from ..audit import note_change
from ..context import Tawkee
from ..db import connection, database
from ..errors import NotFound, TawkeeError
from ..models import Agent, Channel, now
from .connect import find_channel
from .setup import channel_info, first_status

RESTORABLE = timedelta(days=30)
log = structlog.get_logger()


class Removal(NamedTuple):
    """Whether the provider was cleaned up too, and if not, why."""

    cleaned: bool
    reason: str = ""


def delete_channel(tawkee: Tawkee, workspace_id: str, channel_id: str) -> Removal:
    """Remove a channel at once, then what it left at its provider, if that can be reached. Raises NotFound."""
    channel = find_channel(tawkee, workspace_id, channel_id)
    with connection(), database.atomic():
        Channel.update(deleted_at=now(), status="disconnected", qr=None).where(Channel.id == channel_id).execute()
        told = {"kind": channel.kind, "name": channel.name}
        note_change(workspace_id, "channel.delete", channel_id, before=told)
    try:
        tawkee.plugins.channel(channel.kind).channel_delete(channel=channel)
    except (
        Exception
    ) as error:  # neither a provider that is down nor a plugin's fault keeps a channel from being removed
        log.warning("channel_left_behind", channel_id=channel.id, kind=channel.kind, exc_info=error)
        reason = str(error) if isinstance(error, TawkeeError) else "its plugin failed."
        return Removal(False, f"The channel is removed; what it left at its provider is not: {reason}")
    return Removal(True)


def restore_channel(tawkee: Tawkee, workspace_id: str, channel_id: str) -> Channel:
    """Bring a channel back that was removed within thirty days; it has to be connected again. Raises NotFound."""
    with connection(), database.atomic():
        row = Channel.within(workspace_id).where(Channel.id == channel_id).first()
        if row is None or (row.deleted_at and row.deleted_at < now() - RESTORABLE):
            raise NotFound()
        if row.deleted_at:
            Agent.find(workspace_id, row.agent_id)
            status = first_status(channel_info(tawkee, row.kind))
            Channel.update(deleted_at=None, status=status, detail={}).where(Channel.id == channel_id).execute()
            note_change(workspace_id, "channel.restore", channel_id)
        return Channel.find(workspace_id, channel_id)


def list_removed(workspace_id: str) -> "ModelSelect[Channel]":
    """The channels that can be brought back, newest first."""
    query = Channel.within(workspace_id).where(Channel.deleted_at > now() - RESTORABLE)
    return query.order_by(Channel.deleted_at.desc(), Channel.id.desc())
