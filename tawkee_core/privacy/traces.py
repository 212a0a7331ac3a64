"""Where a contact left traces outside their own chats: raw webhooks, and what they said in groups."""

from datetime import timedelta
from typing import Any

from ..context import Tawkee
from ..conversation.addresses import BRAZIL_MOBILE, digits_of
from ..conversation.media import forget_file
from ..db import run
from ..models import now
from .tasks import Slice

BATCH = 500
SHORTEST = 5  # a shorter address would be found in everybody's events
WAIT_SECONDS = 30.0
LONGEST_WAIT = timedelta(minutes=10)
ADDRESSES = "select channel_id, kind, value from contact_address where contact_id = %s order by channel_id"
# the body's hash stays, so that a late repetition of it is still known
OF_MESSAGES = f"""
with said as (
    select distinct e.id from message m join chat c on c.id = m.chat_id
        join inbound_event e on e.id = m.inbound_event_id
    where c.contact_id = %s and e.state <> 'new' and e.reason <> 'erased' limit {BATCH}
)
update inbound_event e set body = '', headers = '{{}}', reason = 'erased' from said where e.id = said.id returning e.id
"""
PAGE = f"""
with page as (
    select id, dedupe_key, state, reason, body from inbound_event
    where channel_id = %(channel_id)s and dedupe_key > %(after)s order by dedupe_key limit {BATCH}
), named as (
    select p.id, p.state from page p where p.reason <> 'erased' and exists (
        select from unnest(%(values)s::text[]) v where position(convert_to(v, 'UTF8') in p.body) > 0)
), blanked as (
    update inbound_event e set body = '', headers = '{{}}', reason = 'erased' from named
    where e.id = named.id and e.state <> 'new'
)
select max(p.dedupe_key) as last, (select count(*)::int from named) as named,
    (select count(*)::int from named where state = 'new') as unread from page p
"""
# what they said in groups, m; a sender is written as an address is, or by its part before an @ alone
IN_GROUPS = """
m.chat_id in (select c.id from chat c join contact g on g.id = c.contact_id
        where c.channel_id = any(%(channels)s::uuid[]) and g.is_group)
    and m.direction = 'in' and (m.channel_id, split_part(m.sender, '@', 1)) in (
        select * from unnest(%(channels)s::uuid[], %(values)s::text[]))
"""
GROUP_FILES = f"select d.id, d.path from media d join message m on m.id = d.message_id where {IN_GROUPS}"
GROUP_WORDS = f"""
update message m set text = '', data = '{{"group": true}}', sender = '', deleted_at = now() where {IN_GROUPS}
"""


def blank_events(share: Slice, contact_id: str) -> float | None:
    """Empty the raw events that a contact is in; None when none is left, else after how many seconds to go on: events
    that wait to be read may be somebody else's too, and are emptied when they were."""
    while rows := run(OF_MESSAGES, (contact_id,)):
        share.count(share.done + len(rows))
    unread = 0
    for channel_id, values in spellings(contact_id).items():
        after: str | None = ""
        while after is not None:
            page = run(PAGE, {"channel_id": channel_id, "after": after, "values": values})[0]
            share.count(share.done + page.named)
            unread += page.unread
            after = page.last
    return WAIT_SECONDS if unread and now() - share.task.created_at < LONGEST_WAIT else None


def spellings(contact_id: str) -> dict[str, list[str]]:
    """By channel, every way a contact's addresses may be written in its events."""
    found: dict[str, list[str]] = {}
    for row in run(ADDRESSES, (contact_id,)):
        texts = {row.value, row.value.partition("@")[0]}
        if row.kind == "phone":
            texts |= phone_spellings(digits_of(row.value))
        found.setdefault(row.channel_id, []).extend(text for text in texts if len(text) >= SHORTEST)
    return found


def phone_spellings(digits: str) -> set[str]:
    """A phone's digits, with and without Brazil's ninth."""
    match = BRAZIL_MOBILE.fullmatch(digits)
    short = f"55{match[1]}{match[2]}" if match else digits
    long = f"{short[:4]}9{short[4:]}" if short.startswith("55") and len(short) == 12 else short
    return {digits, short, long}


def group_places(contact_id: str) -> dict[str, Any]:
    """The parameters of IN_GROUPS."""
    pairs = [(channel_id, value) for channel_id, values in spellings(contact_id).items() for value in values]
    return {"channels": [channel_id for channel_id, _ in pairs], "values": [value for _, value in pairs]}


def blank_group_words(tawkee: Tawkee, contact_id: str) -> None:
    """Take back what they said in groups; the places stay, without words, files or name."""
    places = group_places(contact_id)
    for row in run(GROUP_FILES, places):
        if row.path:
            forget_file(tawkee.settings, row.path)
        run("delete from media where id = %s", (row.id,))
    run(GROUP_WORDS, places)
