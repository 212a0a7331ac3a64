"""People who sign in, and where they are signed in."""

from peewee import TextField

from .base import Base, IdField, TimeField, link, now


class User(Base):
    """A person with an account."""

    id = IdField(primary_key=True)
    email = TextField()
    name = TextField()
    password_hash = TextField()
    locale = TextField(default="pt-BR")
    phone = TextField(null=True)
    phone_confirmed_at = TimeField(null=True)
    created_at = TimeField(default=now)

    class Meta:
        table_name = "account_user"


class Session(Base):
    """A sign-in: one refresh token at a time, and the one before it, whose reuse revokes the session."""

    id = IdField(primary_key=True)
    user = link(User, "user_id")
    refresh_hash = TextField(unique=True)
    previous_hash = TextField(null=True)
    rotated_at = TimeField(default=now)
    created_at = TimeField(default=now)
    expires_at = TimeField()
    revoked_at = TimeField(null=True)
    user_agent = TextField(default="")
