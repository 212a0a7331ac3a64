"""When things happened, for `tawkee trace`: the plain course as a time each, what went otherwise as steps, the changes
of hands as rows. And what is dead is counted without reading a table."""

from typing import Any

# at most 40 steps: of more, the first twenty and the last are kept
TIMES = """
create function add_step(steps jsonb, step jsonb) returns jsonb language sql immutable
    return case when jsonb_array_length(steps) >= 40 then steps - 20 else coalesce(steps, '[]') end || step;
alter table outbound add column settled_at timestamptz, add column steps jsonb;
alter table turn add column claimed_at timestamptz, add column steps jsonb;
alter table message add column delivered_at timestamptz, add column read_at timestamptz,
    add column failed_at timestamptz;
create index inbound_event_dead on inbound_event (received_at) where state = 'dead';
create index outbound_dead on outbound (created_at) where state = 'dead';

create table handover (
    id uuid primary key,
    workspace_id uuid not null,
    chat_id uuid not null,
    epoch int not null,
    owner text not null,
    user_id uuid references account_user on delete set null,
    reason text not null default '',
    happened_at timestamptz not null default now(),
    foreign key (workspace_id, chat_id) references chat (workspace_id, id) on delete cascade
        deferrable initially immediate
);
create index handover_chat on handover (chat_id, happened_at);
"""
BACK = """
drop table handover;
drop index outbound_dead;
drop index inbound_event_dead;
alter table message drop column delivered_at, drop column read_at, drop column failed_at;
alter table turn drop column claimed_at, drop column steps;
alter table outbound drop column settled_at, drop column steps;
drop function add_step;
"""


def up(migrator: Any, db: Any) -> None:
    db.execute_sql(TIMES)


def down(migrator: Any, db: Any) -> None:
    db.execute_sql(BACK)
