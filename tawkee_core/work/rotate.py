"""Rotating the keys that secrets are encrypted with, while everything runs: each stored secret is encrypted anew with
the first of TAWKEE_KEYS, unless somebody changes it meanwhile, who does that too.

A column with encrypted texts is called `sealed`, and its table has one key column; so a new one is in this by its
name."""

from dataclasses import dataclass
from typing import Any

from ..db import run
from ..security import is_current, reseal
from ..settings import Settings

BATCH = 200
COLUMNS = """
select c.table_name as table, k.column_name as key
from information_schema.columns c
    join information_schema.table_constraints t on t.table_schema = c.table_schema and t.table_name = c.table_name
        and t.constraint_type = 'PRIMARY KEY'
    join information_schema.key_column_usage k on k.constraint_schema = t.constraint_schema
        and k.constraint_name = t.constraint_name
where c.table_schema = 'public' and c.column_name = 'sealed' order by c.table_name
"""
PAGE = """
select {key}::text as key, sealed from "{table}" where sealed <> '' and {key}::text > %s order by {key}::text limit %s
"""
SWAP = 'update "{table}" set sealed = %s where {key}::text = %s and sealed = %s returning 1'


@dataclass
class Rotation:
    """How a table fared: secrets encrypted anew, those that were already, those that somebody else changed at that
    moment, and those that no given key opens."""

    table: str
    rotated: int = 0
    current: int = 0
    changed: int = 0
    unreadable: int = 0

    def describe(self) -> str:
        """One line for people."""
        return (
            f"{self.table}: {self.rotated} encrypted anew, {self.current} already were, "
            f"{self.changed} changed meanwhile, {self.unreadable} cannot be read"
        )


def rotate_keys(settings: Settings) -> list[Rotation]:
    """Encrypt every stored secret with the first key. Doing so again changes nothing."""
    return [rotate_table(settings, row.table, row.key) for row in run(COLUMNS)]


def rotate_table(settings: Settings, table: str, key: str) -> Rotation:
    told, after = Rotation(table), ""
    while rows := run(PAGE.format(table=table, key=key), (after, BATCH)):
        for row in rows:
            rotate_one(settings, told, SWAP.format(table=table, key=key), row)
        after = rows[-1].key
    return told


def rotate_one(settings: Settings, told: Rotation, swap: str, row: Any) -> None:
    """One secret, by compare and set: what somebody changed meanwhile is theirs."""
    if is_current(settings, row.sealed):
        told.current += 1
        return
    fresh = reseal(settings, row.sealed)
    if fresh is None:
        told.unreadable += 1
    elif run(swap, (fresh, row.key, row.sealed)):
        told.rotated += 1
    else:
        told.changed += 1
