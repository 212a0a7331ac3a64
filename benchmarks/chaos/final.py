"""What the database holds at the end: asked only where things went, never whether they are well."""

import time
from dataclasses import dataclass, field

import psycopg2

from .site import Site

OPEN = """
select 'turn' as what, c.address as chat, t.state || ' ' || t.reason as how from turn t join chat c on c.id = t.chat_id
    where t.state in ('collecting', 'running', 'replying')
union all select 'sending', c.address, o.state || ' ' || o.error from outbound o join chat c on c.id = o.chat_id
    where o.state in ('pending', 'sending', 'reconciling')
union all select 'event', '', state || ' ' || reason from inbound_event where state = 'new'
"""
MESSAGES = """
select m.id, c.address as chat, m.seq, m.direction, m.author, m.status, m.turn_id, m.text,
    extract(epoch from o.intent_at)::float8 as intent_at, o.state as sending, o.recoveries,
    extract(epoch from o.created_at)::float8 as written_at
from message m join chat c on c.id = m.chat_id left join outbound o on o.message_id = m.id order by c.id, m.seq
"""
TURNS = """
select t.id, c.address as chat, t.state, t.reason, t.from_seq, t.upto_seq, t.recoveries, t.supersedes
from turn t join chat c on c.id = t.chat_id
"""
# each of these must give nothing
TIDY = {
    "an answer that nobody sends": "select m.id::text from message m left join outbound o on o.message_id = m.id"
    " where m.direction = 'out' and m.kind = 'text' and o.id is null",
    "a message beyond its chat's count": "select m.id::text from message m join chat c on c.id = m.chat_id"
    " where m.seq > c.seq",
    "a chat without a message": "select c.id::text from chat c where not exists"
    " (select from message m where m.chat_id = c.id)",
    "a contact without an address": "select k.id::text from contact k where not exists"
    " (select from contact_address a where a.contact_id = k.id)",
    "a sending of another chat": "select o.id::text from outbound o join message m on m.id = o.message_id"
    " where m.chat_id <> o.chat_id or m.seq <> o.seq",
    "a lease without a holder": "select id::text from turn where lease_until is not null and state <> 'running'",
    "a transaction left open": "select state || ' ' || left(query, 60) from pg_stat_activity"
    " where state like 'idle in transaction%%'",
    "a lock left held": "select locktype || ' ' || mode from pg_locks where pid <> pg_backend_pid() and locktype in"
    " ('advisory', 'tuple', 'transactionid')",
    "a webhook kept twice": "select max(id::text) from inbound_event group by channel_id, body having count(*) > 1",
    "two leaders": "select name from leader group by name having count(*) > 1",
}


@dataclass(frozen=True)
class Row:
    """A message of the database."""

    id: str
    chat: int
    seq: int
    direction: str
    author: str
    status: str
    turn: str
    text: str
    intent_at: float
    sending: str
    recoveries: int = 0
    written_at: float = 0.0


@dataclass(frozen=True)
class TurnRow:
    """A turn of the database."""

    id: str
    chat: int
    state: str
    reason: str
    first: int
    last: int
    recoveries: int


@dataclass
class Final:
    """What there is when all has come to its end, or had its time to: `open` is what did not."""

    messages: list[Row] = field(default_factory=list)
    turns: list[TurnRow] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    untidy: list[str] = field(default_factory=list)
    drained: float = 0.0


def drain(site: Site, seconds: float) -> tuple[list[str], float]:
    """Wait until nothing is open; what is after so many seconds, and how long it took."""
    began = time.monotonic()
    while True:
        rows = site.sql(OPEN)
        passed = time.monotonic() - began
        if not rows or passed > seconds:
            return [f"{row.what} of {row.chat}: {row.how}" for row in rows], passed
        time.sleep(0.25)


def read_final(site: Site, seconds: float) -> Final:
    """Wait for the end of all work, at most so long, and read what came of it."""
    still_open, drained = drain(site, seconds)
    messages = [
        Row(
            str(row.id),
            number_of(row.chat),
            row.seq,
            row.direction,
            row.author,
            row.status,
            str(row.turn_id or ""),
            row.text,
            row.intent_at or 0.0,
            row.sending or "",
            row.recoveries or 0,
            row.written_at or 0.0,
        )
        for row in site.sql(MESSAGES)
    ]
    turns = [
        TurnRow(str(row.id), number_of(row.chat), row.state, row.reason, row.from_seq, row.upto_seq, row.recoveries)
        for row in site.sql(TURNS)
    ]
    return Final(messages, turns, still_open, find_untidy(site), drained)


def number_of(address: str) -> int:
    return int(address[1:])


def find_untidy(site: Site) -> list[str]:
    """What is left lying about. Sessions are asked a few times: one that works has an open transaction for moments."""
    found: list[str] = []
    for name, sql in TIDY.items():
        left = [{row[0] for row in ask(site, sql)} for _ in range(3)]
        found += [f"{name}: {each}" for each in sorted(set.intersection(*left))]
    return found


def ask(site: Site, sql: str) -> list[tuple[str]]:
    connection = psycopg2.connect(site.database)
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql, ())
            rows: list[tuple[str]] = cursor.fetchall()
    finally:
        connection.close()
    time.sleep(0.1)
    return rows
