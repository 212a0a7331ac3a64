"""A message that waits to be sent again and may have arrived already is told from one that has surely not."""

from typing import Any


def up(migrator: Any, db: Any) -> None:
    db.execute_sql("alter table outbound add column doubtful boolean not null default false")


def down(migrator: Any, db: Any) -> None:
    db.execute_sql("alter table outbound drop column doubtful")
