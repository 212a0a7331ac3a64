"""Who speaks: the AI or a person. A change of hands is one transaction that nothing of the AI's can overtake."""

from functools import partial
from typing import Any

from .. import metrics
from ..context import Tawkee
from ..db import Cursor, after_commit, transaction
from ..doorbell import ring, signal_chat
from ..errors import NotFound
from ..models import new_id
from ..types import Address
from .addresses import address_key

# whatever the AI had not yet begun to send is cancelled, unless an earlier try may have arrived; what is being sent
# cannot be called back and is counted
SILENCE = """
with stopped as (
    update outbound set state = case when doubtful then 'unconfirmed' else 'cancelled' end,
        settled_at = now(),
        steps = add_step(steps, jsonb_build_object('at', now(), 'did', 'stopped: ' || %(reason)s::text))
    where chat_id = %(chat_id)s and turn_id is not null and state = 'pending' returning message_id, state
), unsaid as (
    update message set status = stopped.state from stopped
    where message.id = stopped.message_id and message.status in ('queued', 'sending')
), dropped as (
    update turn set state = 'cancelled', reason = %(reason)s, done_at = now(), lease_until = null
    where id in (select t.id from turn t where t.chat_id = %(chat_id)s and t.state = 'collecting'
        union all select t.id from turn t where t.chat_id = %(chat_id)s and t.state in ('running', 'replying')
            and not exists (select from outbound o where o.turn_id = t.id and o.state in ('sending', 'reconciling')))
        and state in ('collecting', 'running', 'replying')
)
select count(*)::int as in_flight,
    (select count(*)::int from stopped where state = 'unconfirmed') as doubtful,
    (select h.kind from chat c join channel h on h.id = c.channel_id where c.id = %(chat_id)s) as kind
from outbound where chat_id = %(chat_id)s and turn_id is not null and state = 'sending'
"""
# a change of hands and its entry in the chat's history, in one statement
CHANGE = """
with changed as (update chat set {}, epoch = epoch + 1 where id = %(chat_id)s returning id, workspace_id, owner, epoch)
insert into handover (id, workspace_id, chat_id, epoch, owner, user_id, reason)
select %(id)s, workspace_id, id, epoch, owner, %(user_id)s, %(reason)s from changed returning epoch
"""
HEARD = "attention = '', status = case status when 'waiting' then 'open' else status end"
TAKE = CHANGE.format(f"owner = 'human', owner_id = %(user_id)s, {HEARD}")
GIVE = CHANGE.format(f"owner = 'ai', owner_id = null, {HEARD}")
ASK = CHANGE.format("owner = 'human', owner_id = null, status = 'waiting', attention = %(reason)s")
RESOLVE = CHANGE.format(
    "owner = 'ai', owner_id = null, status = 'resolved', attention = '', unread = 0, interaction_id = null"
)
NOTE = """
with placed as (
    update chat set seq = seq + 1 where id = %(chat_id)s returning id, workspace_id, channel_id, interaction_id, seq
)
insert into message (id, workspace_id, chat_id, channel_id, interaction_id, user_id, seq, direction, author, kind, text,
    status)
select %(id)s, workspace_id, id, channel_id, interaction_id, %(user_id)s, seq, 'out', 'system', 'note', %(text)s, 'note'
from placed
"""
OPEN_TURN = """
insert into turn (id, workspace_id, chat_id, epoch, state, from_seq, upto_seq, due_at, deadline)
select %(id)s, workspace_id, id, epoch, 'collecting', %(from_seq)s, seq, now(), now() from chat where id = %(chat_id)s
on conflict (chat_id) where state = 'collecting' do nothing
"""
# a turn none of whose parts waits any more is done, or cancelled when a person overtook every one of them
END_REPLIED = """
with parts as (
    select bool_or(state in ('pending', 'sending', 'reconciling')) as open, bool_and(state = 'cancelled') as overtaken
    from outbound where turn_id = %(turn_id)s
)
update turn set state = case when parts.overtaken then 'cancelled' else 'done' end,
    reason = case when parts.overtaken then 'overtaken by a person' else reason end, done_at = now()
from parts where turn.id = %(turn_id)s and turn.state = 'replying' and parts.open is not true
returning turn.id
"""
# what it would have answered waits again, when all of it was held back for a person's sake, who handed the chat back
# before that was known and answered nothing: another turn takes it
REOPEN = """
insert into turn (id, workspace_id, chat_id, epoch, state, from_seq, upto_seq, due_at, deadline)
select %(id)s, t.workspace_id, t.chat_id, c.epoch, 'collecting', t.from_seq, t.upto_seq, now(), now()
from turn t join chat c on c.id = t.chat_id
where t.id = %(turn_id)s and c.owner = 'ai'
    and exists (select from message m where m.chat_id = c.id and m.seq between t.from_seq and t.upto_seq
        and m.direction = 'in' and m.interaction_id = c.interaction_id)
    and not exists (select from message m where m.turn_id = t.id and m.direction = 'out' and m.status <> 'cancelled')
    and not exists (select from message m where m.chat_id = c.id and m.seq > t.upto_seq and m.author = 'person'
        and m.status <> 'cancelled')
    and not exists (select from turn x join message m on m.turn_id = x.id where x.chat_id = c.id and x.id <> t.id
        and x.from_seq <= t.from_seq and x.upto_seq >= t.upto_seq and m.direction = 'out' and m.status <> 'cancelled')
on conflict (chat_id) where state = 'collecting' do update
set from_seq = least(turn.from_seq, excluded.from_seq), upto_seq = greatest(turn.upto_seq, excluded.upto_seq)
returning id
"""
# the contact's first words that none of ours answers: the AI's answer what their turn had collected
UNANSWERED = """
with recent as (
    select m.seq, m.direction, coalesce(t.upto_seq, m.seq) as answers
    from message m left join turn t on t.id = m.turn_id
    where m.chat_id = %s and m.kind not in ('note', 'reaction') and m.status <> 'cancelled' and not m.data ? 'group'
    order by m.seq desc limit 50
)
select min(seq) as seq from recent
where direction = 'in' and seq > coalesce((select max(answers) from recent where direction = 'out'), 0)
"""


def lock_chat(cursor: Cursor, workspace_id: str, chat_id: str) -> Any:
    """The chat's row, locked. Raises NotFound."""
    cursor.execute("select * from chat where workspace_id = %s and id = %s for update", (workspace_id, chat_id))
    row = cursor.fetchone()
    if row is None:
        raise NotFound()
    return row


def take_over(tawkee: Tawkee, workspace_id: str, chat_id: str, user_id: str | None) -> int:
    """Give the chat to a person; how many of the AI's messages were already on their way. Raises NotFound."""
    with transaction() as cursor:
        chat = lock_chat(cursor, workspace_id, chat_id)
        in_flight = pass_to_person(cursor, chat_id, user_id, "taken over")
    tell_watchers(tawkee, chat)
    return in_flight


def tell_watchers(tawkee: Tawkee, chat: Any) -> None:
    """Whoever watches the chat hears that it changed hands."""
    address = address_key(Address(chat.address_kind, chat.address))
    signal_chat(tawkee.settings, chat.channel_id, address, {"event": "owner"})


def pass_to_person(cursor: Cursor, chat_id: str, user_id: str | None, reason: str) -> int:
    """Within a transaction that holds the chat's row: the person owns it, and the AI falls silent."""
    cursor.execute(TAKE, {"id": new_id(), "chat_id": chat_id, "user_id": user_id, "reason": reason})
    cursor.execute("update interaction set status = 'RUNNING' where chat_id = %s and status = 'WAITING'", (chat_id,))
    return silence_agent(cursor, chat_id, reason)


def silence_agent(cursor: Cursor, chat_id: str, reason: str) -> int:
    cursor.execute(SILENCE, {"chat_id": chat_id, "reason": reason})
    row: Any = cursor.fetchone()
    if row.doubtful:
        after_commit(partial(metrics.UNCONFIRMED.labels(row.kind).inc, row.doubtful))
    return int(row.in_flight)


def ask_person(cursor: Cursor, chat_id: str, reason: str) -> int:
    """Within a transaction that holds the chat's row: nobody answers until a person does; the chat's new epoch."""
    cursor.execute(ASK, {"id": new_id(), "chat_id": chat_id, "user_id": None, "reason": reason[:200]})
    row: Any = cursor.fetchone()
    cursor.execute("update interaction set status = 'WAITING' where chat_id = %s and status = 'RUNNING'", (chat_id,))
    cursor.execute(
        "update turn set state = 'cancelled', reason = 'a person was asked', done_at = now()"
        " where chat_id = %s and state = 'collecting'",
        (chat_id,),
    )
    return int(row.epoch)


def hand_back(tawkee: Tawkee, workspace_id: str, chat_id: str, user_id: str | None) -> None:
    """Give the chat back to the AI, which is told so, and answers at once what nobody has answered yet. Raises
    NotFound."""
    with transaction() as cursor:
        chat = lock_chat(cursor, workspace_id, chat_id)
        if chat.owner == "ai":
            return
        silence_agent(cursor, chat_id, "handed back")
        unanswered = first_unanswered(cursor, chat_id)
        give_to_agent(cursor, chat_id, user_id, "handed back")
        text = "A person looked after this conversation and has handed it back to the assistant."
        cursor.execute(NOTE, {"chat_id": chat_id, "id": new_id(), "user_id": user_id, "text": text})
        if unanswered is not None:
            cursor.execute(OPEN_TURN, {"id": new_id(), "chat_id": chat_id, "from_seq": unanswered})
    tell_watchers(tawkee, chat)
    if unanswered is not None:
        ring(tawkee.settings)


def end_replied(turn_id: str, chat_id: str) -> bool:
    """End a replying turn that has nothing left to send; whether what it was to answer waits for another turn now."""
    with transaction() as cursor:
        cursor.execute("select id from chat where id = %s for update", (chat_id,))
        cursor.execute(END_REPLIED, {"turn_id": turn_id})
        if cursor.fetchone() is None:
            return False
        cursor.execute(REOPEN, {"turn_id": turn_id, "id": new_id()})
        return cursor.fetchone() is not None


def give_to_agent(cursor: Cursor, chat_id: str, user_id: str | None, reason: str) -> None:
    cursor.execute(GIVE, {"id": new_id(), "chat_id": chat_id, "user_id": user_id, "reason": reason})
    cursor.execute("update interaction set status = 'RUNNING' where chat_id = %s and status = 'WAITING'", (chat_id,))


def first_unanswered(cursor: Cursor, chat_id: str) -> int | None:
    """The place of the contact's first message that waits for an answer; None when none does."""
    cursor.execute(UNANSWERED, (chat_id,))
    row: Any = cursor.fetchone()
    return row.seq if row else None
