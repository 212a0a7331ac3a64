"""Tables as they are after years: what a turn reads of them, and what the dispatcher's looks and sweeps take."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import Any

import psycopg2

from tawkee_core.channels import health
from tawkee_core.conversation import context, outbound, turns
from tawkee_core.models.base import first_id
from tawkee_core.work import kinds, sweeps

from .bench import Bench
from .figures import Figure, Rounds, check, percentile

PER_CHAT = 50
TURNS_PER_CHAT = 10
DUE = 1000
READS = 300
# of 1,000 that are due a statement takes as many as it may at once
SWEEPS = {
    "left": "turns whose worker died",
    "recover": "sendings whose worker died",
    "replied": "turns whose last part is sent",
    "raw": "raw webhooks of more than 30 days",
    "trip": "channels whose messages fail",
}
# without foreign keys' triggers, which would take most of the time; every row has what it refers to all the same
FILL = """
set session_replication_role = replica;
insert into contact (id, workspace_id, name) select gen_random_uuid(), %(workspace)s, 'filled-' || n
    from generate_series(1, %(chats)s) n;
insert into chat (id, workspace_id, channel_id, contact_id, address_kind, address, seq, interaction_id)
    select gen_random_uuid(), workspace_id, %(channel)s, id, 'phone', name, %(messages)s, gen_random_uuid()
    from contact where name like 'filled-%%';
insert into interaction (id, workspace_id, chat_id, agent_id) select c.interaction_id, c.workspace_id, c.id, %(agent)s
    from chat c where c.address like 'filled-%%';
insert into message (id, workspace_id, chat_id, channel_id, seq, direction, author, kind, text, status,
    provider_message_id)
    select gen_random_uuid(), c.workspace_id, c.id, c.channel_id, n,
    case when n %% 2 = 1 then 'in' else 'out' end, case when n %% 2 = 1 then 'contact' else 'agent' end, 'text',
    'Oi! Vocês ainda têm o tênis azul no tamanho 40?', case when n %% 2 = 1 then 'received' else 'sent' end,
    c.id || '-' || n from generate_series(1, %(messages)s) n, chat c where c.address like 'filled-%%';
insert into turn (id, workspace_id, chat_id, epoch, state, from_seq, upto_seq, due_at, deadline, done_at)
    select gen_random_uuid(), c.workspace_id, c.id, 0, 'done', n, n, now(), now(), now()
    from generate_series(1, %(turns)s) n, chat c where c.address like 'filled-%%';
create temp table drawn as select id, workspace_id, row_number() over (order by random()) as n from chat
    where address like 'filled-%%';
insert into turn (id, workspace_id, chat_id, epoch, state, from_seq, upto_seq, due_at, deadline, lease_until)
    select gen_random_uuid(), workspace_id, id, 0, case (n - 1) / %(due)s when 0 then 'collecting' when 1 then 'running'
    else 'replying' end, 49, 49, now() - interval '1 s', now(), now() - interval '1 s' from drawn
    where n <= 3 * %(due)s;
insert into outbound (id, workspace_id, chat_id, message_id, seq, semantics, state, intent_at)
    select gen_random_uuid(), workspace_id, chat_id, id, seq, 'opaque', 'sent', now() - interval '1 day'
    from message where direction = 'out' and seq <= 2 * %(turns)s and provider_message_id = chat_id || '-' || seq;
update outbound o set state = 'sending', lease_until = now() - interval '1 s' from drawn
    where o.chat_id = drawn.id and o.seq = 2 and n > 3 * %(due)s and n <= 4 * %(due)s;
insert into inbound_event (id, workspace_id, channel_id, dedupe_key, headers, body, state)
    select case when n <= %(due)s then uuidv7(interval '-31 days') else uuidv7() end, %(workspace)s, %(channel)s,
    'filled-' || n, '{}', '', 'applied' from generate_series(1, %(chats)s * %(turns)s) n;
analyze contact; analyze chat; analyze interaction; analyze message; analyze turn; analyze outbound;
analyze inbound_event
"""


def measure(bench: Bench) -> list[Figure]:
    """All of it in one transaction that is rolled back, so that no worker answers the chats it makes up."""
    rounds = Rounds()
    with filled(bench) as (cursor, chats):
        for _ in range(bench.plan.rounds):
            measure_reads(cursor, chats, rounds)
            measure_looks(cursor, rounds)
    messages = len(chats) * PER_CHAT
    return [
        rounds.figure("read", f"last 20 messages of a chat among {messages:,}, p50", "ms", 5, "most"),
        rounds.figure("slow", f"last 20 messages of a chat among {messages:,}, p99", "ms"),
        rounds.figure("find", f"what is due, of {len(chats) * TURNS_PER_CHAT:,} turns", "ms", 50, "most"),
        rounds.figure("claim", f"claim of {rounds.values['claimed'][0]:g} due turns among them", "ms", 50, "most"),
        *(rounds.figure(name, f"sweep: {what}", "ms", 50, "most") for name, what in SWEEPS.items()),
        rounds.figure("longest", "the longest of these statements", "ms", 200, "most"),
    ]


@contextmanager
def filled(bench: Bench) -> Iterator[tuple[Any, list[str]]]:
    channel, workspace, agent = bench.site.sql(
        "select id, workspace_id, agent_id from channel where kind = 'evolution' limit 1"
    )[0]
    chats = max(bench.plan.messages // PER_CHAT, 1)
    values = {"channel": channel, "workspace": workspace, "agent": agent, "chats": chats, "messages": PER_CHAT}
    values |= {"turns": TURNS_PER_CHAT, "due": min(DUE, chats // 4)}
    with closing(psycopg2.connect(bench.site.environment["TAWKEE_DATABASE_URL"], connect_timeout=5)) as connection:
        with connection.cursor() as cursor:
            cursor.execute(FILL, values)
            cursor.execute("select id::text from chat where address like 'filled-%'")
            found = [row[0] for row in cursor.fetchall()]
            check(len(found) == chats, f"{len(found)} chats of {chats} were made")
            yield cursor, found
        connection.rollback()


def measure_reads(cursor: Any, chats: list[str], rounds: Rounds) -> None:
    taken = []
    for chat in random.choices(chats, k=READS):
        read = {"chat_id": chat, "upto": PER_CHAT, "limit": context.HISTORY}
        taken.append(timed(partial(cursor.execute, str(context.MESSAGES), read)))
        check(len(cursor.fetchall()) == context.HISTORY, "a chat is shorter than it was made")
    rounds.note(read=percentile(taken, 0.5), slow=percentile(taken, 0.99))


def measure_looks(cursor: Any, rounds: Rounds) -> None:
    """The dispatcher's look, the claim, and every sweep over these tables, each undone afterwards."""
    due = {"count": DUE, "worker": "bench", "lease": 30.0, "most": 5}
    old = (first_id(time.time() - sweeps.KEEP_RAW_DAYS * sweeps.DAY),)
    steps: dict[str, Callable[[], None]] = {
        "find": lambda: cursor.execute(str(kinds.DUE)),
        "claim": lambda: cursor.execute(str(turns.CLAIM_DUE), due),
        "left": lambda: cursor.execute(str(turns.CLAIM_LEFT), due),
        "recover": lambda: cursor.execute(outbound.RECOVER, due),
        "replied": lambda: cursor.execute(sweeps.REPLIED),
        "raw": lambda: cursor.execute(sweeps.PURGE_RAW, old),
        "trip": lambda: cursor.execute(health.TRIP, {"seconds": 600, "detail": "{}", "least": 10, "share": 0.5}),
    }
    taken = {name: undone(cursor, step) for name, step in steps.items()}
    found = {name: count for name, (_, count) in taken.items()}
    check(min(found[name] for name in ("find", "claim", "left", "recover", "replied", "raw")) > 0, f"not due: {found}")
    rounds.note(claimed=found["claim"], longest=max(seconds for seconds, _ in taken.values()))
    rounds.note(**{name: seconds for name, (seconds, _) in taken.items()})


def undone(cursor: Any, step: Callable[[], None]) -> tuple[float, int]:
    """Milliseconds, and rows; what it changed is changed back."""
    cursor.execute("savepoint before")
    seconds = timed(step)
    count = cursor.rowcount
    cursor.execute("rollback to before")
    return seconds, count


def timed(step: Callable[[], object]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    step()
    return 1000 * (time.perf_counter() - began)
