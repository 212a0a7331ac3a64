"""Writing down a change, in the transaction that makes it. Secrets and what customers wrote have no place here."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

from psycopg2.extensions import TRANSACTION_STATUS_INTRANS
from psycopg2.extras import Json

from ..db import database
from ..models import new_id

Values = Mapping[str, Any]
ADD = """
insert into audit_entry (id, workspace_id, user_id, api_key_id, action, object_kind, object_id, before, after, address,
    request_id)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is at work: a person, or a program with a key; neither for what Tawkee does by itself."""

    user_id: str | None = None
    api_key_id: str | None = None
    address: str = ""
    request_id: str = ""


_actor: ContextVar[Actor] = ContextVar("actor")


@contextmanager
def acting(actor: Actor) -> Iterator[None]:
    """What happens inside is this actor's doing."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


def current_actor() -> Actor:
    """Whose doing the present work is."""
    return _actor.get(Actor())


def note_change(
    workspace_id: str, action: str, object_id: str | None, before: Values | None = None, after: Values | None = None
) -> None:
    """Write down a change within the open transaction of this thread. `action` is `channel.delete`; its first word says
    what of. Raises RuntimeError outside a transaction: the change could be kept without its entry."""
    cursor = database.cursor()
    if cursor.connection.info.transaction_status != TRANSACTION_STATUS_INTRANS:
        raise RuntimeError(f"{action} is noted outside the transaction that does it")
    who = current_actor()
    kept = [
        None if values is None else Json({name: plain(value) for name, value in values.items()})
        for values in (before, after)
    ]
    row = (new_id(), workspace_id, who.user_id, who.api_key_id, action, action.partition(".")[0], object_id)
    cursor.execute(ADD, (*row, *kept, who.address, who.request_id))


def note_account(user_id: str, action: str, before: Values | None = None, after: Values | None = None) -> None:
    """Write down a change of a person's own account, in every workspace they belong to: who owns it counts on its
    members' accounts. Within the open transaction, as `note_change`."""
    cursor = database.cursor()
    cursor.execute("select workspace_id from membership where user_id = %s order by workspace_id", (user_id,))
    places: list[Any] = cursor.fetchall()
    with acting(replace(current_actor(), user_id=user_id)):  # whoever comes by a mail's link has proved to be them
        for place in places:
            note_change(place.workspace_id, action, user_id, before, after)


def plain(value: Any) -> Any:
    """A value as JSON can keep it."""
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def changes(before: Values, after: Values, names: Iterable[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Of these names, what was and what is, where that differs."""
    changed = [name for name in names if before.get(name) != after.get(name)]
    return {name: before.get(name) for name in changed}, {name: after.get(name) for name in changed}
