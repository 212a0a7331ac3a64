"""The people who write to us. A phone is one of their addresses, never their identity."""

from peewee import BooleanField, TextField

from .base import IdField, Owned, TimeField, link, now
from .channel import Channel
from .workspace import Workspace


class Contact(Owned):
    """A customer, or a group of them."""

    id = IdField(primary_key=True)
    workspace = link(Workspace, "workspace_id")
    name = TextField(default="")
    phone = TextField(null=True)
    is_group = BooleanField(default=False)
    created_at = TimeField(default=now)


class ContactAddress(Owned):
    """One way to reach a contact on a channel; `key` is the same for every spelling of one address."""

    id = IdField(primary_key=True)
    workspace = link(Workspace, "workspace_id")
    channel = link(Channel, "channel_id")
    contact = link(Contact, "contact_id")
    kind = TextField()
    value = TextField()
    key = TextField()
    created_at = TimeField(default=now)
