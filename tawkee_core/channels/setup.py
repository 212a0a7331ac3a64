"""Making, finding and changing channels."""

from collections.abc import Mapping
from typing import Any

from peewee import ModelSelect

from ..audit import changes as compare, note_change
from ..context import Tawkee
from ..db import connection, database
from ..errors import NotFound, UnknownPlugin
from ..models import Agent, Channel, new_id, now
from ..security import new_secret, seal
from ..types import ChannelInfo
from .config import MASK, read_config
from .load import open_channel, seal_context

WIRING = ("url", "secret", "text")


def channel_info(tawkee: Tawkee, kind: str) -> ChannelInfo:
    """How a kind of channel presents itself. Raises UnknownPlugin, also for a plugin that is no channel."""
    info = tawkee.plugins.channel(kind).channel_info()
    if info is None:
        raise UnknownPlugin(f"{kind!r} is no kind of channel.")
    return info


def create_channel(
    tawkee: Tawkee, workspace_id: str, agent_id: str, kind: str, name: str, config: Mapping[str, Any]
) -> Channel:
    """Make a channel; one that needs no connecting is connected. Raises NotFound, UnknownPlugin, BadConfig."""
    info = channel_info(tawkee, kind)
    plain, secrets = read_config(info.fields, config)
    channel_id = new_id()
    with connection(), database.atomic():
        Agent.find(workspace_id, agent_id)
        created: Channel = Channel.create(
            id=channel_id,
            workspace=workspace_id,
            agent=agent_id,
            kind=kind,
            name=name,
            config=plain,
            sealed=seal(tawkee.settings, seal_context(workspace_id, channel_id), secrets),
            webhook_token=new_secret(),
            status=first_status(info),
        )
        given = {"kind": kind, "name": name, "agent_id": agent_id, "config": hide_secrets(info, plain | secrets)}
        note_change(workspace_id, "channel.create", channel_id, after=given)
    return created


def hide_secrets(info: ChannelInfo, values: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration for the audit: the declared plain fields as they are; of all else that it is there."""
    shown = {field.name for field in info.fields if field.kind != "secret"}
    return {name: value if name in shown else MASK for name, value in values.items()}


def first_status(info: ChannelInfo) -> str:
    return "connected" if info.connects == "none" else "disconnected"


def list_channels(workspace_id: str, agent_id: str | None = None) -> "ModelSelect[Channel]":
    """The channels of a workspace, or of one agent of it, newest first. Raises NotFound for an unknown agent."""
    query = Channel.within(workspace_id).where(Channel.deleted_at.is_null())
    if agent_id:
        Agent.find(workspace_id, agent_id)
        query = query.where(Channel.agent == agent_id)
    return query.order_by(Channel.created_at.desc(), Channel.id.desc())


def change_channel(tawkee: Tawkee, workspace_id: str, channel_id: str, values: Mapping[str, Any]) -> Channel:
    """Change a channel's `name`, `agent_id` or `config` (given fields over those it has); new addresses or keys have to
    be connected again. Raises NotFound, UnknownPlugin, BadConfig."""
    with connection(), database.atomic():
        found = lock_channel(workspace_id, channel_id)
        changes: dict[str, Any] = {"updated_at": now()}
        if "name" in values:
            changes["name"] = values["name"]
        if "agent_id" in values:
            changes["agent"] = Agent.find(workspace_id, values["agent_id"]).id
        if "config" in values:
            changes |= change_config(tawkee, found, values["config"])
        Channel.update(changes).where(Channel.id == channel_id).execute()
        row = Channel.find(workspace_id, channel_id)
        note_change(workspace_id, "channel.change", channel_id, *channel_changes(tawkee, found, row, values))
        return row


def channel_changes(
    tawkee: Tawkee, before: Channel, after: Channel, values: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What of a channel was and is; of its secrets only that they were replaced."""
    was, now_is = compare(before.__data__, after.__data__, [{"agent_id": "agent"}.get(name, name) for name in values])
    if "config" not in values:
        return was, now_is
    info = channel_info(tawkee, before.kind)
    configs = [open_channel(tawkee.settings, row).config for row in (before, after)]
    shown = [
        hide_secrets(info, part) for part in compare(configs[0], configs[1], configs[0].keys() | configs[1].keys())
    ]
    return was | {"config": shown[0]}, now_is | {"config": shown[1]}


def lock_channel(workspace_id: str, channel_id: str) -> Channel:
    query = Channel.within(workspace_id).where(Channel.id == channel_id, Channel.deleted_at.is_null())
    found: Channel | None = query.for_update().first()
    if found is None:
        raise NotFound()
    return found


def change_config(tawkee: Tawkee, row: Channel, given: Mapping[str, Any]) -> dict[str, Any]:
    info = channel_info(tawkee, row.kind)
    channel = open_channel(tawkee.settings, row)
    before = channel.config
    plain, secrets = read_config(info.fields, given, before)
    sealed = seal(tawkee.settings, seal_context(channel.workspace_id, channel.id), secrets)
    after = plain | secrets
    rewired = any(after.get(f.name) != before.get(f.name) for f in info.fields if f.kind in WIRING)
    changes: dict[str, Any] = {"config": plain, "sealed": sealed}
    return changes | {"status": "disconnected", "qr": None} if rewired and info.connects != "none" else changes
