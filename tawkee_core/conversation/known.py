"""What nearly every webhook is: one message of a contact who is known, kept and collected into a turn in one statement.
Whatever is more than that is left to `receive.py`'s transaction, and nothing is done here."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..db import run
from ..statements import Statement
from ..types import MEDIA_KINDS, Channel, ChannelEvent, Incoming
from .addresses import address_key
from .store import BODY, RESULT, Kept, store_parameters

# `place` is empty unless all the addresses are known already, the first of them has its chat, and nothing was offered
# there that the message may be an answer to
KEEP = Statement(
    f"""
with found as (
    select a.key, c.id as chat_id, c.offer is null as plain
    from contact_address a join chat c on c.channel_id = a.channel_id and c.contact_id = a.contact_id
    where a.channel_id = %(channel_id)s and a.key = any(%(keys)s::text[])
), place as (
    select chat_id from found where key = (%(keys)s::text[])[1] and plain
        and (select count(*) from found) = cardinality(%(keys)s::text[])
), event as (
    insert into inbound_event (id, workspace_id, channel_id, dedupe_key, headers, body, state, reason)
    select %(event_id)s, %(workspace_id)s, %(channel_id)s, %(dedupe_key)s, %(headers)s, %(body)s,
        case when known then 'ignored' else 'applied' end, case when known then 'message known already' else '' end
    from place, lateral (select exists (select from message m where m.channel_id = %(channel_id)s
        and m.provider_message_id = %(provider_id)s) as known) before
    on conflict (channel_id, dedupe_key) do nothing returning id
), {BODY.format(chat="(select chat_id from place, event)")}
select exists (select from place) as known, exists (select from found) as met, (select id from event) as event_id,
    {RESULT}
from (select) as always left join kept on true
"""
)


class Arrived(NamedTuple):
    """What became of the webhook; `kept` is None when its message is here already."""

    duplicate: bool
    kept: Kept | None


class Unplaced(NamedTuple):
    """Nothing was kept; `met` when somebody is known by one of the addresses."""

    met: bool


def plain_message(events: Sequence[ChannelEvent]) -> Incoming | None:
    """The one message without a file that these are, if they are that."""
    first = events[0] if len(events) == 1 else None
    if isinstance(first, Incoming) and (first.media is None or first.kind not in MEDIA_KINDS):
        return first
    return None


def keep_known(channel: Channel, event: dict[str, Any], incoming: Incoming) -> Arrived | Unplaced:
    """Keep the message and the raw webhook it came in (the columns of `inbound_event`); Unplaced, and nothing is
    changed, when its contact or chat has to be made first, or it may be a choice."""
    keys = list(dict.fromkeys(address_key(address) for address in incoming.addresses))
    stored = store_parameters(channel, event["id"], incoming)
    columns = {"dedupe_key": event["key"], "headers": event["headers"], "body": event["body"]}
    row = run(KEEP, stored | columns | {"keys": keys, "workspace_id": channel.workspace_id})[0]
    if not row.known:
        return Unplaced(row.met)
    return Arrived(row.event_id is None, Kept(row.id, row.seq, bool(row.due)) if row.id else None)
