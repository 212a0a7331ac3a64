"""What was said, the files that came with it, and the way of our own words to the provider."""

from peewee import BigIntegerField, BooleanField, IntegerField, TextField

from .base import IdField, JsonField, Owned, TimeField, link, now
from .channel import Channel
from .chat import Chat
from .user import User
from .workspace import Workspace


class Message(Owned):
    """One message; `seq` is its place in the chat."""

    id = IdField(primary_key=True)
    workspace = link(Workspace, "workspace_id")
    chat = link(Chat, "chat_id")
    channel = link(Channel, "channel_id")
    interaction_id = IdField(null=True)
    turn_id = IdField(null=True)
    inbound_event_id = IdField(null=True)
    user = link(User, "user_id", null=True)
    seq = BigIntegerField()
    direction = TextField()
    author = TextField()
    kind = TextField()
    text = TextField(default="")
    data = JsonField(default=dict)
    sender = TextField(default="")
    quoted_id = TextField(null=True)
    provider_message_id = TextField(null=True)
    status = TextField()
    error = TextField(default="")
    sent_at = TimeField(default=now)
    delivered_at = TimeField(null=True)
    read_at = TimeField(null=True)
    failed_at = TimeField(null=True)
    edited_at = TimeField(null=True)
    deleted_at = TimeField(null=True)


class Media(Owned):
    """A message's file: remote → stored or failed; `path` is relative to the data folder's media."""

    id = IdField(primary_key=True)
    workspace = link(Workspace, "workspace_id")
    message = link(Message, "message_id", unique=True)
    mimetype = TextField()
    filename = TextField(default="")
    size = BigIntegerField(null=True)
    ref = JsonField(default=dict)
    path = TextField(null=True)
    state = TextField()
    error = TextField(default="")
    attempts = IntegerField(default=0)
    next_at = TimeField(default=now)


class Outbound(Owned):
    """The sending of one message: pending → sending → sent, or what became of it instead."""

    id = IdField(primary_key=True)
    workspace = link(Workspace, "workspace_id")
    chat = link(Chat, "chat_id")
    message = link(Message, "message_id", unique=True)
    turn_id = IdField(null=True)
    epoch = IntegerField(null=True)
    seq = BigIntegerField()
    semantics = TextField()
    state = TextField()
    attempts = IntegerField(default=0)
    recoveries = IntegerField(default=0)
    fence = IntegerField(default=0)
    next_at = TimeField(default=now)
    lease_until = TimeField(null=True)
    intent_at = TimeField(null=True)
    error = TextField(default="")
    doubtful = BooleanField(default=False)
    created_at = TimeField(default=now)
    settled_at = TimeField(null=True)
    steps = JsonField(null=True)
