"""Keep a contact's message, and have it answered: the message, its chat and its turn in one statement."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from ..db import Cursor
from ..models import new_id
from ..statements import Statement
from ..types import MEDIA_KINDS, Channel, Incoming
from .addresses import find_place
from .choices import understand_choice
from .media import add_media

MAX_TEXT = 65_536
MAX_WAIT = 3
TOO_LATE = timedelta(hours=24)

# chat_now locks the chat, so that one message after another gets its place; everything hangs on `kept`,
# which is empty when the message is here already.
BODY = """chat_now as (
    select c.id, c.workspace_id, c.owner, c.epoch, c.seq + 1 as seq, c.interaction_id, g.id as agent_id,
        g.status = 'ACTIVE' and g.deleted_at is null as awake,
        make_interval(secs => s.message_grouping_time) as grouping
    from chat c join channel h on h.id = c.channel_id join agent g on g.id = h.agent_id
        join agent_settings s on s.agent_id = g.id
    where c.id = {chat} for update of c
), kept as (
    insert into message (id, workspace_id, chat_id, channel_id, interaction_id, inbound_event_id, seq, direction,
        author, kind, text, data, sender, quoted_id, provider_message_id, status, sent_at)
    select %(id)s, workspace_id, id, %(channel_id)s, coalesce(interaction_id, %(interaction_id)s), %(event_id)s, seq,
        'in', 'contact', %(kind)s, %(text)s, %(data)s, %(sender)s, %(quoted_id)s, %(provider_id)s, 'received',
        coalesce(%(sent_at)s, now())
    from chat_now on conflict (channel_id, provider_message_id) do nothing returning id, seq, interaction_id
), started as (
    insert into interaction (id, workspace_id, chat_id, agent_id)
    select kept.interaction_id, c.workspace_id, c.id, c.agent_id from chat_now c, kept where c.interaction_id is null
), touched as (
    update chat set seq = kept.seq, unread = unread + 1, interaction_id = kept.interaction_id,
        last_message_id = kept.id, last_message_at = now(), last_in_at = now(), offer = null,
        address_kind = %(address_kind)s, address = %(address)s,
        status = case chat.status when 'resolved' then 'open' else chat.status end
    from kept where chat.id = {chat}
), collected as (
    insert into turn (id, workspace_id, chat_id, epoch, state, from_seq, upto_seq, due_at, deadline, inbound_event_id)
    select %(turn_id)s, c.workspace_id, c.id, c.epoch, 'collecting', kept.seq, kept.seq, now() + c.grouping,
        now() + least(c.grouping * %(max_wait)s, greatest(c.grouping, interval '60 seconds')), %(event_id)s
    from chat_now c, kept where %(answer)s and c.owner = 'ai' and c.awake
    on conflict (chat_id) where state = 'collecting' do update
    set upto_seq = excluded.upto_seq, due_at = least(turn.deadline, excluded.due_at) returning due_at
)"""
RESULT = "kept.id, kept.seq, (select due_at <= now() from collected) as due"
STORE = Statement(f"with {BODY.format(chat='%(chat_id)s')} select {RESULT} from kept")


class Kept(NamedTuple):
    """A message that was not here before; `due` when its answer may begin at once."""

    id: str
    seq: int
    due: bool


def store_incoming(cursor: Cursor, channel: Channel, event_id: str | None, incoming: Incoming) -> Kept | None:
    """Keep a message and collect it into the chat's turn; None when it is here already.

    A group's message is answered only when it mentions the agent, a reaction never."""
    place = find_place(cursor, channel, incoming.addresses, contact_name(incoming), incoming.group)
    incoming = understand_choice(place.offer, incoming)
    cursor.execute(STORE, store_parameters(channel, event_id, incoming) | {"chat_id": place.chat_id})
    row: Any = cursor.fetchone()
    if row is None:
        return None
    if incoming.media is not None and incoming.kind in MEDIA_KINDS:
        add_media(cursor, channel.workspace_id, row.id, incoming.media)
    return Kept(row.id, row.seq, bool(row.due))


def contact_name(incoming: Incoming) -> str:
    """What whoever a chat is with is called: a person's name, or a group's, never its writer's."""
    return str(incoming.data.get("group_name") or "")[:200] if incoming.group else incoming.name[:200]


def store_parameters(channel: Channel, event_id: str | None, incoming: Incoming) -> dict[str, Any]:
    address = incoming.addresses[0]
    return {
        "id": new_id(),
        "turn_id": new_id(),
        "interaction_id": new_id(),
        "channel_id": channel.id,
        "event_id": event_id,
        "kind": incoming.kind,
        "text": incoming.text[:MAX_TEXT],
        "data": {**incoming.data, "group": True} if incoming.group else dict(incoming.data),
        "sender": incoming.sender or incoming.name,
        "quoted_id": incoming.quoted_id,
        "provider_id": incoming.id,
        "sent_at": incoming.sent_at,
        "address_kind": address.kind,
        "address": address.value,
        "max_wait": MAX_WAIT,
        "answer": wants_answer(incoming),
    }


def wants_answer(incoming: Incoming) -> bool:
    """A reaction wants none, nor what its channel calls quiet, nor a group that did not call the agent, nor what was
    said a day before it came."""
    late = incoming.sent_at is not None and datetime.now(UTC) - incoming.sent_at > TOO_LATE
    called = incoming.mentioned or not incoming.group
    return incoming.kind != "reaction" and called and not late and not incoming.quiet
