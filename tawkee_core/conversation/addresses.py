"""Who wrote: from the addresses of a message to its contact and chat. A phone is one address among others."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..db import Cursor
from ..models import new_id
from ..statements import Statement
from ..types import Address, Channel, Moved

# before 2016 mobiles had no ninth digit and began with 6 to 9; what begins with 2 to 5 is a landline, another phone
BRAZIL_MOBILE = re.compile(r"55(\d\d)9([6-9]\d{7})")

FIND = Statement(
    """
select a.key, a.contact_id, c.id as chat_id, c.offer
from contact_address a left join chat c on c.channel_id = a.channel_id and c.contact_id = a.contact_id
where a.channel_id = %(channel_id)s and a.key = any(%(keys)s)
"""
)
ADD_ADDRESSES = """
insert into contact_address (id, workspace_id, channel_id, contact_id, kind, value, key)
select * from unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s, %s, %s)
on conflict (channel_id, key) do nothing
"""
ADD_CHAT = """
insert into chat (id, workspace_id, channel_id, contact_id, address_kind, address) values (%s, %s, %s, %s, %s, %s)
on conflict (channel_id, contact_id) do update set contact_id = excluded.contact_id returning id
"""


class Place(NamedTuple):
    """Where a message belongs, and the choices last offered there."""

    contact_id: str
    chat_id: str
    offer: Any = None


def digits_of(value: str) -> str:
    """The digits of a phone or of the part of a JID before its server and device."""
    return re.sub(r"\D", "", value.partition("@")[0].partition(":")[0])


def address_key(address: Address) -> str:
    """The same text for every spelling of one address; Brazilian mobiles with and without their ninth digit are one."""
    if address.kind != "phone":
        return f"{address.kind}:{address.value}"
    digits = digits_of(address.value)
    match = BRAZIL_MOBILE.fullmatch(digits)
    return f"phone:55{match[1]}{match[2]}" if match else f"phone:{digits}"


def phone_of(addresses: Sequence[Address]) -> str | None:
    """The first phone among the addresses, as people write it."""
    return next(("+" + digits_of(a.value) for a in addresses if a.kind == "phone" and digits_of(a.value)), None)


def find_place(cursor: Cursor, channel: Channel, addresses: Sequence[Address], name: str, group: bool = False) -> Place:
    """The contact and chat these addresses belong to, created when none of them is known yet."""
    keys = {address_key(a): a for a in addresses}
    place, known = look_up(cursor, channel, list(keys))
    if place is None:
        lock_keys(cursor, channel, list(keys))
        place, known = look_up(cursor, channel, list(keys))
    if place is None:
        contact_id = add_contact(cursor, channel, name, phone_of(addresses), group)
    else:
        contact_id = place.contact_id
    missing = {key: a for key, a in keys.items() if key not in known}
    if missing:
        add_addresses(cursor, channel, contact_id, missing)
    if place is None or not place.chat_id:
        place = Place(contact_id, add_chat(cursor, channel, contact_id, addresses[0]))
    return place


def look_up(cursor: Cursor, channel: Channel, keys: list[str]) -> tuple[Place | None, set[str]]:
    cursor.execute(FIND, {"channel_id": channel.id, "keys": keys})
    found: list[Any] = cursor.fetchall()
    rows = {row.key: row for row in found}
    first = next((rows[key] for key in keys if key in rows), None)
    return (Place(first.contact_id, first.chat_id or "", first.offer) if first else None), set(rows)


def lock_keys(cursor: Cursor, channel: Channel, keys: list[str]) -> None:
    """Of two first messages from one address, the second waits here until the first has made the contact."""
    for key in sorted(keys):
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"{channel.id}|{key}",))


def add_contact(cursor: Cursor, channel: Channel, name: str, phone: str | None, group: bool) -> str:
    contact_id = new_id()
    cursor.execute(
        "insert into contact (id, workspace_id, name, phone, is_group) values (%s, %s, %s, %s, %s)",
        (contact_id, channel.workspace_id, name[:200], phone, group),
    )
    return contact_id


def add_addresses(cursor: Cursor, channel: Channel, contact_id: str, missing: dict[str, Address]) -> None:
    count = len(missing)
    columns = ([new_id() for _ in missing], [channel.workspace_id] * count, [channel.id] * count, [contact_id] * count)
    texts = ([a.kind for a in missing.values()], [a.value for a in missing.values()], list(missing))
    cursor.execute(ADD_ADDRESSES, (*columns, *texts))


def add_chat(cursor: Cursor, channel: Channel, contact_id: str, address: Address) -> str:
    row = (new_id(), channel.workspace_id, channel.id, contact_id, address.kind, address.value)
    cursor.execute(ADD_CHAT, row)
    added: Any = cursor.fetchone()
    return str(added.id)


def move_contact(cursor: Cursor, channel: Channel, moved: Moved) -> str | None:
    """Reach a contact at other addresses from now on, in the same chat; the old one is free for whoever gets it next.
    The contact's id, or None when nobody here had the old address. An address that another contact has stays theirs."""
    keys = [address_key(address) for address in (moved.before, *moved.after)]
    lock_keys(cursor, channel, keys)
    place, _ = look_up(cursor, channel, keys[:1])
    if place is None or not moved.after or keys[0] in keys[1:]:
        return place.contact_id if place else None
    add_addresses(cursor, channel, place.contact_id, dict(zip(keys[1:], moved.after, strict=True)))
    cursor.execute("delete from contact_address where channel_id = %s and key = %s", (channel.id, keys[0]))
    cursor.execute(
        "update chat set address_kind = %s, address = %s where channel_id = %s and contact_id = %s"
        " and address_kind = %s",
        (moved.after[0].kind, moved.after[0].value, channel.id, place.contact_id, moved.before.kind),
    )
    phone = phone_of(moved.after)
    if moved.before.kind == "phone" and phone:
        cursor.execute("update contact set phone = %s where id = %s", (phone, place.contact_id))
    return place.contact_id
