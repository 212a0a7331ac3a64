"""The first message of somebody who is not known by any of their addresses: contact, chat, raw webhook, message and
turn in one statement. Whatever is more than that is left to `receive.py`'s transaction, and nothing is done here."""

from typing import Any

from psycopg2.errors import UniqueViolation

from ..db import run
from ..models import new_id
from ..statements import Chain, Statement
from ..types import Channel, Incoming
from .addresses import address_key, phone_of
from .store import Kept, contact_name, store_parameters

# by itself and before, as `addresses.lock_keys` takes them: the statement after sees whom another one made meanwhile
LOCK = Statement(
    """
select pg_advisory_xact_lock(hashtextextended(%(channel_id)s::text || '|' || key, 0))
from unnest(%(locks)s::text[]) key
"""
)
# `place` is empty when somebody has one of the addresses, or the message or its webhook is here already
KEEP = Statement(
    """
with place as (
    select h.workspace_id, g.id as agent_id, g.status = 'ACTIVE' and g.deleted_at is null as awake,
        make_interval(secs => s.message_grouping_time) as grouping
    from channel h join agent g on g.id = h.agent_id join agent_settings s on s.agent_id = g.id
    where h.id = %(channel_id)s
        and not exists (select from contact_address a where a.channel_id = %(channel_id)s
            and a.key = any(%(keys)s::text[]))
        and not exists (select from message m where m.channel_id = %(channel_id)s
            and m.provider_message_id = %(provider_id)s)
        and not exists (select from inbound_event e where e.channel_id = %(channel_id)s
            and e.dedupe_key = %(dedupe_key)s)
), event as (
    insert into inbound_event (id, workspace_id, channel_id, dedupe_key, headers, body, state)
    select %(event_id)s, workspace_id, %(channel_id)s, %(dedupe_key)s, %(headers)s, %(body)s, 'applied' from place
), person as (
    insert into contact (id, workspace_id, name, phone, is_group)
    select %(contact_id)s, workspace_id, %(name)s, %(phone)s, %(is_group)s from place
), reached as (
    insert into contact_address (id, workspace_id, channel_id, contact_id, kind, value, key)
    select a.id, place.workspace_id, %(channel_id)s, %(contact_id)s, a.kind, a.value, a.key
    from place, unnest(%(address_ids)s::uuid[], %(kinds)s::text[], %(values)s::text[], %(keys)s::text[])
        as a(id, kind, value, key)
), opened as (
    insert into chat (id, workspace_id, channel_id, contact_id, address_kind, address, seq, unread, interaction_id,
        last_message_id, last_in_at)
    select %(chat_id)s, workspace_id, %(channel_id)s, %(contact_id)s, %(address_kind)s, %(address)s, 1, 1,
        %(interaction_id)s, %(id)s, now() from place
), started as (
    insert into interaction (id, workspace_id, chat_id, agent_id)
    select %(interaction_id)s, workspace_id, %(chat_id)s, agent_id from place
), kept as (
    insert into message (id, workspace_id, chat_id, channel_id, interaction_id, inbound_event_id, seq, direction,
        author, kind, text, data, sender, quoted_id, provider_message_id, status, sent_at)
    select %(id)s, workspace_id, %(chat_id)s, %(channel_id)s, %(interaction_id)s, %(event_id)s, 1, 'in', 'contact',
        %(kind)s, %(text)s, %(data)s, %(sender)s, %(quoted_id)s, %(provider_id)s, 'received',
        coalesce(%(sent_at)s, now()) from place
), collected as (
    insert into turn (id, workspace_id, chat_id, epoch, state, from_seq, upto_seq, due_at, deadline, inbound_event_id)
    select %(turn_id)s, workspace_id, %(chat_id)s, 0, 'collecting', 1, 1, now() + grouping,
        now() + least(grouping * %(max_wait)s, greatest(grouping, interval '60 seconds')), %(event_id)s
    from place where %(answer)s and awake returning due_at
)
select (select due_at <= now() from collected) as due from place
"""
)
MEET = Chain(LOCK, KEEP)


def keep_stranger(channel: Channel, event: dict[str, Any], incoming: Incoming) -> Kept | None:
    """Keep the message and the raw webhook it came in (the columns of `inbound_event`); None, and nothing is changed,
    when somebody is known by one of the addresses, or the message is here already."""
    stored = store_parameters(channel, event["id"], incoming)
    columns = {"dedupe_key": event["key"], "headers": event["headers"], "body": event["body"]}
    try:
        rows = run(MEET, stored | columns | new_person(incoming))
    except UniqueViolation:  # the same message came under another address at this very moment
        return None
    return Kept(stored["id"], 1, bool(rows[0].due)) if rows else None


def new_person(incoming: Incoming) -> dict[str, Any]:
    """The rows of a contact, and its chat."""
    addresses = {address_key(address): address for address in incoming.addresses}
    return {
        "locks": sorted(addresses),
        "keys": list(addresses),
        "address_ids": [new_id() for _ in addresses],
        "kinds": [address.kind for address in addresses.values()],
        "values": [address.value for address in addresses.values()],
        "contact_id": new_id(),
        "chat_id": new_id(),
        "name": contact_name(incoming),
        "phone": phone_of(incoming.addresses),
        "is_group": incoming.group,
    }
