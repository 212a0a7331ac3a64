"""A conversation with one contact on one channel, and the attendances it is divided into."""

from peewee import BigIntegerField, IntegerField, TextField

from .agent import Agent
from .base import IdField, JsonField, Owned, TimeField, link, now
from .channel import Channel
from .contact import Contact
from .user import User
from .workspace import Workspace


class Chat(Owned):
    """Who owns the conversation now (`owner`, `epoch`), how far it has come (`seq`), and where replies go
    (`address`)."""

    id = IdField(primary_key=True)
    workspace = link(Workspace, "workspace_id")
    channel = link(Channel, "channel_id")
    contact = link(Contact, "contact_id")
    address_kind = TextField()
    address = TextField()
    owner = TextField(default="ai")
    owner_person = link(User, "owner_id", null=True)
    status = TextField(default="open")
    attention = TextField(default="")
    epoch = IntegerField(default=0)
    seq = BigIntegerField(default=0)
    unread = IntegerField(default=0)
    interaction_id = IdField(null=True)
    last_message_id = IdField(null=True)
    last_message_at = TimeField(default=now)
    last_in_at = TimeField(null=True)
    offer = JsonField(null=True)
    paced_until = TimeField(null=True)
    created_at = TimeField(default=now)


class Interaction(Owned):
    """One attendance: RUNNING → WAITING (for a person) → RESOLVED or CLOSED."""

    id = IdField(primary_key=True)
    workspace = link(Workspace, "workspace_id")
    chat = link(Chat, "chat_id")
    agent = link(Agent, "agent_id")
    status = TextField(default="RUNNING")
    started_at = TimeField(default=now)
    resolved_at = TimeField(null=True)
    resolved_person = link(User, "resolved_by", null=True)


class Handover(Owned):
    """A change of hands: who has the chat since when, by whose doing and why."""

    id = IdField(primary_key=True)
    workspace = link(Workspace, "workspace_id")
    chat = link(Chat, "chat_id")
    epoch = IntegerField()
    owner = TextField()
    user = link(User, "user_id", null=True)
    reason = TextField(default="")
    happened_at = TimeField(default=now)
