"""The answering of one or more messages, from the first one collected to the last part sent."""

from peewee import BigIntegerField, DecimalField, FloatField, IntegerField, TextField

from .base import Base, IdField, JsonField, Owned, TimeField, link, now
from .chat import Chat
from .workspace import Workspace


class Turn(Owned):
    """collecting → running → replying → done, or cancelled, or dead; `fence` tells a worker from its successor."""

    id = IdField(primary_key=True)
    workspace = link(Workspace, "workspace_id")
    chat = link(Chat, "chat_id")
    epoch = IntegerField()
    state = TextField()
    reason = TextField(default="")
    from_seq = BigIntegerField()
    upto_seq = BigIntegerField()
    due_at = TimeField()
    deadline = TimeField()
    attempts = IntegerField(default=0)
    recoveries = IntegerField(default=0)
    supersedes = IntegerField(default=0)
    fence = IntegerField(default=0)
    lease_owner = TextField(default="")
    lease_until = TimeField(null=True)
    inbound_event_id = IdField(null=True)
    created_at = TimeField(default=now)
    claimed_at = TimeField(null=True)
    done_at = TimeField(null=True)
    steps = JsonField(null=True)


class Usage(Owned):
    """One call of a model: what it took and what it cost."""

    id = IdField(primary_key=True)
    workspace = link(Workspace, "workspace_id")
    agent_id = IdField(null=True)
    turn_id = IdField(null=True)
    kind = TextField()
    model = TextField()
    outcome = TextField()
    tokens_in = IntegerField(default=0)
    tokens_out = IntegerField(default=0)
    cost_usd = DecimalField(max_digits=14, decimal_places=8, default=0)
    seconds = FloatField(default=0)
    created_at = TimeField(default=now)


class Leader(Base):
    """Who dispatches: a lease, renewed while its holder lives."""

    name = TextField(primary_key=True)
    holder = TextField()
    elected_at = TimeField()
    expires_at = TimeField()


class Heartbeat(Base):
    """That a process lives, and what it holds."""

    name = TextField(primary_key=True)
    kind = TextField()
    beaten_at = TimeField(default=now)
    data = JsonField(default=dict)
