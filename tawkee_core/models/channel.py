"""The connected places people write from, and the raw events they send."""

from peewee import BlobField, IntegerField, TextField

from .agent import Agent
from .base import IdField, JsonField, Owned, TimeField, link, now
from .workspace import Workspace


class Channel(Owned):
    """A connected place; `sealed` holds the encrypted secrets of its configuration."""

    id = IdField(primary_key=True)
    workspace = link(Workspace, "workspace_id")
    agent = link(Agent, "agent_id")
    kind = TextField()
    name = TextField()
    config = JsonField(default=dict)
    sealed = TextField(default="")
    webhook_token = TextField()
    status = TextField(default="disconnected")
    detail = JsonField(default=dict)
    qr = JsonField(null=True)
    paused_until = TimeField(null=True)
    oauth_nonce = TextField(default="")
    check_at = TimeField(default=now)
    caught_up_at = TimeField(default=now)
    created_at = TimeField(default=now)
    updated_at = TimeField(default=now)
    deleted_at = TimeField(null=True)


class InboundEvent(Owned):
    """A webhook as it came, kept before anything is made of it: new → applied, ignored or dead."""

    id = IdField(primary_key=True)
    workspace = link(Workspace, "workspace_id")
    channel = link(Channel, "channel_id")
    dedupe_key = TextField()
    headers = JsonField()
    body = BlobField()
    state = TextField()
    reason = TextField(default="")
    attempts = IntegerField(default=0)
    next_at = TimeField(default=now)
    received_at = TimeField(default=now)
