"""Chats and messages are cleaned as turns and sendings are: every message changes a chat, and a reply its row twice or
more, so that a fifth of millions would be dead rows before autovacuum came by itself."""

from typing import Any

TABLES = ("chat", "message")


def up(migrator: Any, db: Any) -> None:
    for table in TABLES:
        db.execute_sql(f"alter table {table} set (autovacuum_vacuum_scale_factor = 0.02)")


def down(migrator: Any, db: Any) -> None:
    for table in TABLES:
        db.execute_sql(f"alter table {table} reset (autovacuum_vacuum_scale_factor)")
