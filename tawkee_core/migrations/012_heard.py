"""When a channel was heard from is asked of its messages; nothing ever wrote it down here."""

from typing import Any


def up(migrator: Any, db: Any) -> None:
    db.execute_sql("alter table channel drop column last_event_at")


def down(migrator: Any, db: Any) -> None:
    db.execute_sql("alter table channel add column last_event_at timestamptz")
