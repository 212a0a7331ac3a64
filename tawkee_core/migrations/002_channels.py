"""What channels of many providers need: windows, pace, renewal of credentials, a look after each now and then."""

from typing import Any

CHANGES = """
alter table channel
    add column oauth_nonce text not null default '',
    add column check_at timestamptz not null default now(),
    add column caught_up_at timestamptz not null default now();
create index channel_check on channel (check_at) where deleted_at is null;

create index message_recent on message (channel_id, sent_at);
create index outbound_recent on outbound (intent_at) where intent_at is not null;

alter table chat
    add column last_in_at timestamptz,
    add column offer jsonb,
    add column paced_until timestamptz;
"""


def up(migrator: Any, db: Any) -> None:
    db.execute_sql(CHANGES)


def down(migrator: Any, db: Any) -> None:
    db.execute_sql(
        "alter table channel drop column oauth_nonce, drop column check_at, drop column caught_up_at;"
        " alter table chat drop column last_in_at, drop column offer, drop column paced_until"
    )
