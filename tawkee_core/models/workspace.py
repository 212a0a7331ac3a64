"""A company's room: everything else belongs to one."""

from peewee import CompositeKey, IntegerField, TextField

from .base import Base, IdField, Owned, TimeField, link, now
from .user import User


class Workspace(Base):
    """A company's agents, channels, chats and money."""

    id = IdField(primary_key=True)
    name = TextField()
    status = TextField(default="TRIAL")
    created_at = TimeField(default=now)
    deleted_at = TimeField(null=True)
    erase_at = TimeField(null=True)
    erasing_at = TimeField(null=True)


class Membership(Base):
    """A person's role in a workspace: OWNER, MANAGER, TRAINER or ATTENDANT."""

    workspace = link(Workspace, "workspace_id")
    user = link(User, "user_id")
    role = TextField()
    created_at = TimeField(default=now)
    selected_at = TimeField(null=True)

    class Meta:
        primary_key = CompositeKey("workspace", "user")


class Invitation(Owned):
    """A role offered to an e-mail address. Of its two tokens, the mail's and the link's, only hashes are kept."""

    id = IdField(primary_key=True)
    workspace = link(Workspace, "workspace_id")
    email = TextField()
    role = TextField()
    mail_hash = TextField(unique=True)
    link_hash = TextField(unique=True)
    invited_person = link(User, "invited_by", null=True)
    created_at = TimeField(default=now)
    sent_at = TimeField(null=True)
    expires_at = TimeField()
    accepted_at = TimeField(null=True)
    accepted_person = link(User, "accepted_by", null=True)
    revoked_at = TimeField(null=True)


class Activation(Owned):
    """What an invited person has filled in, until they confirm it with the code they were sent."""

    invitation = link(Invitation, "invitation_id", primary_key=True)
    workspace = link(Workspace, "workspace_id")
    name = TextField()
    phone = TextField()
    locale = TextField()
    password_hash = TextField()
    code_hash = TextField()
    sent_by = TextField()
    tries = IntegerField(default=0)
    sent = IntegerField(default=1)
    sent_since = TimeField(default=now)
    expires_at = TimeField()
