"""What every table shares: the database, ids that sort by time, and a model's own way of being found inside a
workspace."""

import os
import time
from datetime import UTC, datetime
from typing import Any, Self

from peewee import Field, ForeignKeyField, Model, ModelSelect
from playhouse.postgres_ext import BinaryJSONField

from ..db import database
from ..errors import NotFound

DRAWN = 64
_drawn: list[bytes] = []
os.register_at_fork(after_in_child=_drawn.clear)  # or two processes would make the same ids


def draw_bytes() -> bytes:
    """Ten random bytes from the system, drawn many at a time: each call for them lets another thread go first."""
    try:
        return _drawn.pop()
    except IndexError:
        drawn = os.urandom(10 * DRAWN)
        _drawn.extend(drawn[place : place + 10] for place in range(10, len(drawn), 10))
        return drawn[:10]


def new_id() -> str:
    """A UUIDv7 (RFC 9562): 48 bits of milliseconds, then 74 random ones."""
    number = int.from_bytes((time.time_ns() // 1_000_000).to_bytes(6, "big") + draw_bytes(), "big")
    number = number & ~(0xF << 76) | 0x7 << 76
    digits = f"{number & ~(0x3 << 62) | 0x2 << 62:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def first_id(seconds: float) -> str:
    """The lowest id of a moment, in seconds since 1970: what was made before it has a lower one."""
    digits = f"{int(seconds * 1000):012x}70008000000000000000"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def now() -> datetime:
    return datetime.now(UTC)


class IdField(Field):
    """A UUID, a text in Python."""

    field_type = "UUID"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if kwargs.get("primary_key"):
            kwargs.setdefault("default", new_id)
        super().__init__(*args, **kwargs)


class TimeField(Field):
    """A moment, aware and in UTC."""

    field_type = "TIMESTAMPTZ"


class JsonField(BinaryJSONField):  # type: ignore[misc]  # playhouse ships no types
    """An object or a list."""


class Base(Model):
    """A table."""

    class Meta:
        database = database
        legacy_table_names = False


class Owned(Base):
    """A table of a workspace's rows; the only way to one of them is through its workspace."""

    workspace: Any

    class Meta:
        abstract = True

    @classmethod
    def within(cls, workspace_id: str) -> "ModelSelect[Self]":
        """The workspace's rows."""
        return cls.select().where(cls.workspace == workspace_id)

    @classmethod
    def find(cls, workspace_id: str, id: str) -> Self:
        """One row of the workspace. Raises NotFound, the same for an unknown id and for another workspace's."""
        found: Self | None = cls.within(workspace_id).where(cls._meta.primary_key == id).first()
        if found is None or getattr(found, "deleted_at", None) is not None:
            raise NotFound()
        return found


def link(model: type[Base], name: str, **options: Any) -> ForeignKeyField:
    """A reference kept in a column of the given name."""
    return ForeignKeyField(model, column_name=name, backref="+", lazy_load=False, **options)
