"""Whom a new unofficial number wrote to on which day, so that it writes to a few more people each day."""

from typing import Any

CHANGES = """
create table warmed_chat (
    workspace_id uuid not null references workspace on delete cascade,
    channel_id uuid not null,
    day date not null,
    chat_id uuid not null,
    primary key (channel_id, day, chat_id),
    foreign key (workspace_id, channel_id) references channel (workspace_id, id) on delete cascade
        deferrable initially immediate
);
create index warmed_chat_workspace on warmed_chat (workspace_id);
"""


def up(migrator: Any, db: Any) -> None:
    db.execute_sql(CHANGES)


def down(migrator: Any, db: Any) -> None:
    db.execute_sql("drop table warmed_chat")
