"""The statements on a message's way find their rows by an index, however many there are."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg2.extras import Json

from tawkee_core.conversation import (
    addresses,
    commit,
    context,
    echoes,
    handover,
    known,
    outbound,
    statuses,
    store,
    strangers,
    turns,
)
from tawkee_core.db import Cursor, connection, database
from tawkee_core.models import new_id
from tawkee_core.statements import Statement
from tawkee_core.types import Address, Incoming
from tawkee_core.work import kinds
from tests.lines import Line

CHATS = 3_000  # with 10,000, the plans are the same ones and the filling takes long
MANY = 30_000
FILL = """
insert into contact (id, workspace_id, name) select gen_random_uuid(), %(workspace)s, 'c' || n
    from generate_series(1, %(chats)s) n;
insert into contact_address (id, workspace_id, channel_id, contact_id, kind, value, key)
    select gen_random_uuid(), %(workspace)s, %(channel)s, id, 'echo', name, 'echo:' || name from contact
    where workspace_id = %(workspace)s and name <> '';
insert into chat (id, workspace_id, channel_id, contact_id, address_kind, address, seq)
    select gen_random_uuid(), %(workspace)s, %(channel)s, id, 'echo', name, 10 from contact
    where workspace_id = %(workspace)s and name <> '';
insert into turn (id, workspace_id, chat_id, epoch, state, from_seq, upto_seq, due_at, deadline, done_at)
    select gen_random_uuid(), %(workspace)s, c.id, 0, 'done', n, n, now(), now(), now() from chat c,
    generate_series(1, 10) n where c.channel_id = %(channel)s;
insert into message (id, workspace_id, chat_id, channel_id, seq, direction, author, kind, text, status,
    provider_message_id)
    select gen_random_uuid(), %(workspace)s, c.id, %(channel)s, n, 'out', 'agent', 'text', 'x', 'sent', c.id || '-' || n
    from chat c, generate_series(1, 10) n where c.channel_id = %(channel)s;
insert into outbound (id, workspace_id, chat_id, message_id, seq, semantics, state)
    select gen_random_uuid(), %(workspace)s, chat_id, id, seq, 'opaque', 'sent' from message
    where channel_id = %(channel)s;
insert into inbound_event (id, workspace_id, channel_id, dedupe_key, headers, body, state)
    select gen_random_uuid(), %(workspace)s, %(channel)s, n::text, '{}', 'x', 'applied'
    from generate_series(1, %(many)s) n
"""
TABLES = ("contact", "contact_address", "chat", "turn", "message", "outbound", "inbound_event")


@contextmanager
def crowd(line: Line) -> Iterator[Cursor]:
    """A transaction that sees thousands of chats of ten turns each, and leaves none of them behind."""
    values = {"workspace": line.company.workspace_id, "channel": line.channel.id, "chats": CHATS, "many": MANY}
    with connection():
        cursor = database.cursor()
        cursor.execute("begin")
        try:
            cursor.execute(FILL, values)
            cursor.execute("analyze " + ", ".join(TABLES))
            yield cursor
        finally:
            cursor.execute("rollback")


def scanned(cursor: Cursor, sql: str, parameters: Any) -> set[str]:
    """The tables of ours that a statement would read from end to end, with the plan made for these values and with the
    one made for any."""
    tables: set[str] = set()
    cursor.execute("explain (format json) " + str(sql), parameters)
    plan: Any = cursor.fetchone()
    gather(plan[0][0]["Plan"], tables)
    return tables & set(TABLES)


def gather(node: dict[str, Any], tables: set[str]) -> None:
    if node["Node Type"] == "Seq Scan":
        tables.add(node["Relation Name"])
    for child in node.get("Plans", ()):
        gather(child, tables)


def hot_statements(line: Line, chat: Any) -> dict[str, tuple[str, Any]]:
    chat_id, other, fence = chat.id, new_id(), 1
    incoming = Incoming("new", (Address("echo", chat.address),), text="oi")
    claimed = {"count": 10, "worker": "w", "lease": 30.0, "most": 3}
    settled = {
        "id": other, "chat_id": chat_id, "fence": 1, "state": "sent", "from": ["sending"], "status": "sent",
        "final": True, "provider_id": "p", "error": "", "wait": 0, "uncounted": 0, "attention": "x",
        "pace": 6.0, "burst": 3, "doubtful": False,
    }  # fmt: skip
    advanced = {
        "channel_id": line.channel.id, "provider_id": f"{chat_id}-1", "client_id": None, "state": "read", "error": "",
        "before": ["sent"], "outbound": "sent",
    }  # fmt: skip
    stored = store.store_parameters(line.channel, other, incoming)
    kept = {
        "keys": ["echo:" + chat.address], "dedupe_key": "new", "workspace_id": line.company.workspace_id,
        "headers": Json({}), "body": b"x",
    }  # fmt: skip
    return {
        "find contact": (addresses.FIND, {"channel_id": line.channel.id, "keys": ["echo:" + chat.address]}),
        "store": (store.STORE, stored | {"chat_id": chat_id}),
        "keep known": (known.KEEP, stored | kept),
        "keep stranger": (strangers.KEEP, stored | kept | strangers.new_person(incoming)),
        "check reply": (commit.CHECK, {"fence": fence, "turn_id": other, "chat_id": chat_id}),
        "load context": (context.LOAD, {"chat_id": chat_id, "upto": 10, "limit": 20}),
        "own echo": (echoes.OWN, {"chat_id": chat_id, "client_id": None, "kind": "text", "text": "x"}),
        "silence": (handover.SILENCE, {"chat_id": chat_id, "reason": ""}),
        "unanswered": (handover.UNANSWERED, (chat_id,)),
        "claim send": (outbound.CLAIM, {"chat_id": None, "count": 10, "lease": 30.0}),
        "claim next send": (outbound.CLAIM, {"chat_id": chat_id, "count": 1, "lease": 30.0}),
        "claim lookups": (outbound.CLAIM_LOOKUP, {"count": 10, "lease": 30.0}),
        "settle": (outbound.SETTLE, settled),
        "recover": (outbound.RECOVER, {"most": 5}),
        "status by provider id": (statuses.ADVANCE, advanced),
        "status by our id": (statuses.ADVANCE, advanced | {"provider_id": None, "client_id": other}),
        "claim turns": (turns.CLAIM_DUE, claimed),
        "claim left turns": (turns.CLAIM_LEFT, claimed),
        "requeue": (turns.REQUEUE, {"id": other, "chat_id": chat_id, "fence": 1, "wait": 0, "reason": "",
                                    "superseded": 0, "uncounted": 0}),
        "due": (kinds.DUE, ()),
    }  # fmt: skip


def test_no_table_is_read_from_end_to_end_on_a_messages_way(line: Line) -> None:
    """With the plan made for the values, and with the one that PostgreSQL may take for any after five times."""
    found = {}
    with crowd(line) as cursor:
        cursor.execute("select id, address from chat where channel_id = %s limit 1", (line.channel.id,))
        statements = hot_statements(line, cursor.fetchone())
        for name, (sql, parameters) in statements.items():
            found[name] = scanned(cursor, sql, parameters)
        cursor.execute("set local plan_cache_mode = force_generic_plan")
        for name, (sql, parameters) in statements.items():
            if isinstance(sql, Statement):
                found[name + ", for any values"] = scanned(cursor, sql.execute, prepared(cursor, sql, parameters))
    assert {name: tables for name, tables in found.items() if tables} == {}


def prepared(cursor: Cursor, statement: Statement, parameters: Any) -> Any:
    """The parameters, once the statement is prepared."""
    known: set[str] = cursor.connection.prepared  # type: ignore[attr-defined]  # ours, not psycopg2's
    if statement.name not in known:
        cursor.execute(statement.prepare)
        known.add(statement.name)
    return parameters
