"""Full workspaces: one row in every table that belongs to a workspace or to a person, made from the schema itself, so
that a table added tomorrow is in them too."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from psycopg2.extras import Json

from tawkee_core.db import Cursor, run, transaction
from tawkee_core.models import new_id

COLUMNS = r"""
select c.table_name as table, c.column_name as name, c.data_type as type,
    c.is_nullable = 'NO' and c.column_default is null and c.is_generated = 'NEVER' as needed,
    (select substring(pg_get_constraintdef(k.oid) from '''([^'']+)''') from pg_constraint k
        where k.conrelid = t.oid and k.contype = 'c' and k.conkey = array[a.attnum]
            and pg_get_constraintdef(k.oid) ~ '= (ANY \(+ARRAY\[)?''' limit 1) as first_choice
from information_schema.columns c
    join pg_class t on t.relname = c.table_name and t.relnamespace = 'public'::regnamespace
    join pg_attribute a on a.attrelid = t.oid and a.attname = c.column_name
where c.table_schema = 'public' and t.relkind = 'r' order by c.table_name, c.ordinal_position
"""
LINKS = """
select k.conrelid::regclass::text as table, k.confrelid::regclass::text as target,
    array(select a.attname::text from unnest(k.conkey) with ordinality n(num, place)
        join pg_attribute a on a.attrelid = k.conrelid and a.attnum = n.num order by place) as columns,
    array(select a.attname::text from unnest(k.confkey) with ordinality n(num, place)
        join pg_attribute a on a.attrelid = k.confrelid and a.attnum = n.num order by place) as names
from pg_constraint k where k.contype = 'f' and k.connamespace = 'public'::regnamespace
"""
VALUES: dict[str, Any] = {
    "uuid": new_id,
    "text": lambda: f"canary {new_id()}",
    "integer": lambda: 1,
    "bigint": lambda: 1,
    "smallint": lambda: 1,
    "numeric": lambda: 1,
    "real": lambda: 1.0,
    "double precision": lambda: 1.0,
    "boolean": lambda: False,
    "jsonb": lambda: Json({}),
    "bytea": lambda: b"canary",
    "ARRAY": list,
    "timestamp with time zone": lambda: "2040-01-01T00:00:00+00:00",
    "date": lambda: "2040-01-01",
}
CHOSEN: dict[tuple[str, str], Any] = {  # where a value from the schema alone would make a world that cannot be
    ("workspace", "name"): "Loja",
    ("api_key", "scopes"): ["agents"],
    ("contact_task", "state"): "done",
    ("channel", "kind"): "webchat",
    ("channel", "status"): "connected",
    ("channel", "check_at"): "2040-01-01",
    ("message", "kind"): "text",
    ("message", "direction"): "out",
    ("message", "author"): "person",
    ("message", "status"): "failed",
    ("outbound", "state"): "dead",
    ("turn", "state"): "done",
    ("inbound_event", "state"): "applied",
    ("media", "state"): "failed",
    ("training", "status"): "TRAINED",
    ("chat", "address_kind"): "visitor",
    ("chat", "seq"): 1,
}
SKIPPED = {"schema_migrations", "migrations"}


class Table(NamedTuple):
    """A table's columns, and its references: target, own columns, the target's columns."""

    columns: list[Any]
    links: list[Any]

    def names(self) -> set[str]:
        return {column.name for column in self.columns}


@lru_cache(maxsize=1)
def read_schema() -> dict[str, Table]:
    """The tables that belong to a workspace or to a person, and those two."""
    columns, links = run(COLUMNS), run(LINKS)
    tables = {row.table: Table([], []) for row in columns if row.table not in SKIPPED}
    for row in columns:
        if row.table in tables:
            tables[row.table].columns.append(row)
    for link in links:
        tables[link.table.strip('"')].links.append(link)
    mine = {"workspace", "account_user"}
    while found := {name for name, table in tables.items() if name not in mine and belongs(table, mine)}:
        mine |= found
    return {name: table for name, table in tables.items() if name in mine}


def belongs(table: Table, mine: set[str]) -> bool:
    return "workspace_id" in table.names() or any(link.target in mine for link in table.links)


@dataclass
class World:
    """A workspace with one row in every table: the rows, by table."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)

    def id_of(self, table: str) -> str:
        return str(self.rows[table]["id"])

    @property
    def workspace_id(self) -> str:
        return self.id_of("workspace")

    @property
    def user_id(self) -> str:
        return self.id_of("account_user")


def build_world(user_id: str | None = None) -> World:
    """A new workspace, and all that can be in one, owned by this person or by a new one."""
    world, tables = World(), read_schema()
    with transaction() as cursor:
        if user_id:
            cursor.execute("select * from account_user where id = %s", (user_id,))
            found: Any = cursor.fetchone()
            world.rows["account_user"] = found._asdict()
        while waiting := [name for name in tables if name not in world.rows]:
            ready = [name for name in waiting if can_fill(name, tables[name], world, set(tables))]
            assert ready, f"these tables refer to each other: {waiting}"
            for name in ready:
                world.rows[name] = fill_table(cursor, name, tables[name], world)
    return world


def can_fill(name: str, table: Table, world: World, known: set[str]) -> bool:
    return all(link.target in world.rows or link.target == name or link.target not in known for link in table.links)


def fill_table(cursor: Cursor, name: str, table: Table, world: World) -> dict[str, Any]:
    values = {column.name: value_of(name, column, world) for column in table.columns if is_filled(name, column)}
    for link in table.links:
        if link.target in world.rows:
            values |= {
                own: world.rows[link.target][theirs] for own, theirs in zip(link.columns, link.names, strict=True)
            }
    columns, marks = ", ".join(values), ", ".join(["%s"] * len(values))
    added = f'insert into "{name}" ({columns}) values ({marks}) on conflict do nothing returning *'
    cursor.execute(added, tuple(values.values()))
    row: Any = cursor.fetchone() or own_row(cursor, name, values)
    return dict(row._asdict())


def own_row(cursor: Cursor, name: str, values: dict[str, Any]) -> Any:
    """Of what a person has only one of, the one that there is."""
    cursor.execute(f'select * from "{name}" where user_id = %s', (values["user_id"],))
    return cursor.fetchone()


def is_filled(table: str, column: Any) -> bool:
    return bool(column.needed or (table, column.name) in CHOSEN or column.name == "user_id")


def value_of(table: str, column: Any, world: World) -> Any:
    if (table, column.name) in CHOSEN:
        return CHOSEN[table, column.name]
    if column.name == "role":
        return "OWNER" if table == "membership" else "ATTENDANT"
    if column.name == "email":
        return f"{new_id()}@example.com"
    named = column.name.removesuffix("_id")
    if column.type == "uuid" and named in world.rows:
        return world.id_of(named)
    return column.first_choice or VALUES[column.type]()


def tenant_tables() -> Iterator[str]:
    yield from (name for name, table in read_schema().items() if "workspace_id" in table.names())


def digest_world(world: World) -> dict[str, str]:
    """What the world's tables hold, each as one hash."""
    whole = "md5(coalesce(string_agg(t::text, '|' order by t::text), '')) as hash"
    parts = [
        f"select '{name}' as name, {whole} from \"{name}\" t where t.workspace_id = %(workspace)s"
        for name in tenant_tables()
    ]
    parts += [f"select 'workspace', {whole} from workspace t where id = %(workspace)s"]
    parts += [f"select 'account_user', {whole} from account_user t where id = %(user)s"]
    rows = run(" union all ".join(parts), {"workspace": world.workspace_id, "user": world.user_id})
    return {row.name: row.hash for row in rows}
