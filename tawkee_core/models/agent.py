"""The assistants and what they were taught."""

from peewee import BooleanField, IntegerField, TextField

from .base import IdField, Owned, TimeField, link, now
from .workspace import Workspace


class Agent(Owned):
    """An assistant with a job, a style and a behaviour."""

    id = IdField(primary_key=True)
    workspace = link(Workspace, "workspace_id")
    name = TextField()
    type = TextField(default="SUPPORT")
    communication_style = TextField(default="NORMAL")
    job_name = TextField(default="")
    job_site = TextField(default="")
    job_description = TextField(default="")
    behavior = TextField(default="")
    status = TextField(default="ACTIVE")
    created_at = TimeField(default=now)
    updated_at = TimeField(default=now)
    deleted_at = TimeField(null=True)


class AgentSettings(Owned):
    """How an assistant converses. Times are in seconds."""

    agent = link(Agent, "agent_id", primary_key=True)
    workspace = link(Workspace, "workspace_id")
    preferred_model = TextField(default="")
    fallback_model = TextField(default="")
    message_grouping_time = IntegerField(default=3)
    enabled_human_transfer = BooleanField(default=True)
    enabled_emoji = BooleanField(default=True)
    limit_subjects = BooleanField(default=False)
    split_messages = BooleanField(default=False)
    sign_messages = BooleanField(default=False)
    timezone = TextField(default="America/Sao_Paulo")


class Training(Owned):
    """Something an assistant is taught: PENDING → TRAINING → TRAINED or FAILED."""

    id = IdField(primary_key=True)
    workspace = link(Workspace, "workspace_id")
    agent = link(Agent, "agent_id")
    type = TextField()
    title = TextField(default="")
    text = TextField()
    status = TextField(default="PENDING")
    error = TextField(default="")
    space = TextField(default="")
    attempts = IntegerField(default=0)
    next_at = TimeField(default=now)
    lease_until = TimeField(null=True)
    created_at = TimeField(default=now)
    deleted_at = TimeField(null=True)


class Passage(Owned):
    """A piece of a training, short enough for a prompt; its vector has the same id."""

    id = IdField(primary_key=True)
    workspace = link(Workspace, "workspace_id")
    agent_id = IdField()
    training = link(Training, "training_id")
    position = IntegerField()
    text = TextField()
    source = TextField()
