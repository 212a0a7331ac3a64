"""A company's room: everything else belongs to one."""

from peewee import CompositeKey, TextField

from .base import Base, IdField, TimeField, link, now
from .user import User


class Workspace(Base):
    """A company's agents, channels, chats and money."""

    id = IdField(primary_key=True)
    name = TextField()
    status = TextField(default="TRIAL")
    created_at = TimeField(default=now)


class Membership(Base):
    """A person's role in a workspace: OWNER, MANAGER, TRAINER or ATTENDANT."""

    workspace = link(Workspace, "workspace_id")
    user = link(User, "user_id")
    role = TextField()
    created_at = TimeField(default=now)

    class Meta:
        primary_key = CompositeKey("workspace", "user")
