"""The kinds of due work: how each is found, claimed and done. Everything here may be done twice without harm."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..accounts.erase import claim_erasures, erase_workspace
from ..accounts.requests import answer_request, claim_requests
from ..channels.load import load_channel
from ..context import Tawkee
from ..conversation.listen import fetch_media
from ..conversation.media import mark_failed
from ..conversation.outbound import claim_lookups, claim_sendings
from ..conversation.receive import retry_event
from ..conversation.reply import run_turn
from ..conversation.send import deliver_all, look_up
from ..conversation.turns import claim_turns
from ..db import run
from ..errors import NotFound
from ..knowledge.train import claim_trainings, train
from ..mail.send import claim_mails, deliver_mail
from ..privacy.erase import erase_contact
from ..privacy.export import export_contact
from ..privacy.tasks import claim_tasks, work_on
from ..statements import Statement
from ..types import Media
from .watch import check_channel, claim_checks

HOLD_SECONDS = 60

# what is due, by kind, and since when; the dispatcher tells what it has not told lately. What is due anew, since its
# worker died or it is to be tried again, has another moment
DUE = Statement(
    """
(select 'turns' as kind, t.id, t.due_at as since from turn t where t.state = 'collecting' and t.due_at <= now()
    and not exists (select from turn a where a.chat_id = t.chat_id and a.state in ('running', 'replying'))
    order by t.due_at limit 500)
union all (select 'turns', id, lease_until from turn where state = 'running' and lease_until < now() limit 100)
union all (select 'sends', o.id, o.next_at from outbound o join chat c on c.id = o.chat_id
    join channel h on h.id = c.channel_id
    where o.state = 'pending' and o.next_at <= now() and (h.paused_until is null or h.paused_until <= now())
        and (c.paced_until is null or c.paced_until <= now())
        and not exists (select from outbound p where p.chat_id = o.chat_id and p.seq < o.seq
            and p.state in ('pending', 'sending', 'reconciling')) order by o.next_at limit 500)
union all (select 'checks', id, check_at from channel where deleted_at is null and status <> 'disconnected'
    and check_at <= now() limit 20)
union all (select 'lookups', id, next_at from outbound where state = 'reconciling' and next_at <= now() limit 100)
union all (select 'events', id, next_at from inbound_event where state = 'new' and next_at <= now() limit 100)
union all (select 'files', id, next_at from media where state = 'remote' and next_at <= now() limit 100)
union all (select 'requests', id, next_at from account_request where next_at <= now() limit 100)
union all (select 'mails', id, next_at from mail where state = 'queued' and next_at <= now() limit 100)
union all (select 'erasures', id, erase_at from workspace where erase_at <= now() limit 20)
union all (select 'contacts', id, next_at from contact_task where state in ('pending', 'running')
    and next_at <= now() limit 20)
union all (select 'trainings', id, next_at from training where next_at <= now() and (
    status = 'PENDING' and deleted_at is null
    or status = 'TRAINING' and lease_until < now()
    or deleted_at is not null and (lease_until is null or lease_until < now())) limit 100)
"""
)
CLAIM_EVENTS = """
with due as (
    select id from inbound_event where state = 'new' and next_at <= now() order by next_at limit %s
    for update skip locked
)
update inbound_event e set next_at = now() + make_interval(secs => %s) from due where e.id = due.id returning e.*
"""
CLAIM_FILES = """
with due as (
    select id from media where state = 'remote' and next_at <= now() order by next_at limit %s for update skip locked
)
update media d set next_at = now() + make_interval(secs => %s) from due, message m
where d.id = due.id and m.id = d.message_id returning d.*, m.channel_id
"""


@dataclass(frozen=True)
class Kind:
    """One kind of work: `claim(tawkee, worker, count)` gives items that are ours, `do(tawkee, item)` does one of
    them."""

    name: str
    claim: Callable[[Tawkee, str, int], Sequence[Any]]
    do: Callable[[Tawkee, Any], object]


def do_event(tawkee: Tawkee, event: Any) -> None:
    try:
        channel = load_channel(tawkee.settings, event.channel_id)
    except NotFound:
        run("update inbound_event set state = 'ignored', reason = 'the channel was removed' where id = %s", (event.id,))
        return
    retry_event(tawkee, channel, event)


def do_file(tawkee: Tawkee, row: Any) -> None:
    media = Media(row.id, row.mimetype, row.filename, row.size, row.ref)
    try:
        channel = load_channel(tawkee.settings, row.channel_id)
    except NotFound:
        mark_failed(row.id, "the channel was removed", None)
        return
    fetch_media(tawkee, channel, row.id, media, row.attempts)


def do_contact(tawkee: Tawkee, task: Any) -> None:
    step = export_contact if task.kind == "export" else erase_contact
    work_on(task, lambda share: step(tawkee, share))


def answer_asked(tawkee: Tawkee, row: Any) -> None:
    answer_request(tawkee.settings, row)


KINDS = {
    kind.name: kind
    for kind in (
        Kind("turns", lambda tawkee, worker, count: claim_turns(tawkee.settings, worker, count), run_turn),
        Kind("sends", lambda tawkee, worker, count: claim_sendings(tawkee.settings, count), deliver_all),
        Kind("lookups", lambda tawkee, worker, count: claim_lookups(tawkee.settings, count), look_up),
        Kind("events", lambda tawkee, worker, count: run(CLAIM_EVENTS, (count, HOLD_SECONDS)), do_event),
        Kind("files", lambda tawkee, worker, count: run(CLAIM_FILES, (count, HOLD_SECONDS)), do_file),
        Kind("checks", lambda tawkee, worker, count: claim_checks(min(count, 20)), check_channel),
        Kind("requests", lambda tawkee, worker, count: claim_requests(count), answer_asked),
        Kind("mails", lambda tawkee, worker, count: claim_mails(count), deliver_mail),
        Kind("erasures", lambda tawkee, worker, count: claim_erasures(count), erase_workspace),
        Kind("contacts", lambda tawkee, worker, count: claim_tasks(min(count, 4)), do_contact),
        Kind("trainings", lambda tawkee, worker, count: claim_trainings(count), train),
    )
}


def find_due() -> list[Any]:
    """What is due now: rows of `kind`, `id` and `since`."""
    return run(DUE)
