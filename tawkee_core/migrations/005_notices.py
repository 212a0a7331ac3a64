"""What people are told, what programs may do, what was changed by whom, and what of a contact is exported or erased."""

from typing import Any

NOTIFICATIONS = """
create table notification (
    id uuid primary key,
    workspace_id uuid not null,
    user_id uuid not null,
    event text not null check (event in ('SUBSCRIPTION', 'PAYMENT', 'CONNECTION', 'DELIVERY', 'CREDITS')),
    kind text not null,
    subject text not null default '',
    page text not null,
    object_id uuid,
    data jsonb not null default '{}',
    times int not null default 1,
    happened_at timestamptz not null default now(),
    read_at timestamptz,
    resolved_at timestamptz,
    created_at timestamptz not null default now(),
    foreign key (workspace_id, user_id) references membership (workspace_id, user_id) on delete cascade
);
create index notification_recent on notification (workspace_id, user_id, happened_at desc, id desc);
create unique index notification_unread on notification (workspace_id, user_id, kind, subject) where read_at is null;
create index notification_read on notification (workspace_id, user_id, kind, subject, read_at);
"""

KEYS = """
create table api_key (
    id uuid primary key,
    workspace_id uuid not null references workspace on delete cascade,
    name text not null check (char_length(name) between 1 and 100),
    prefix text not null unique,
    key_hash text not null,
    scopes text[] not null check (cardinality(scopes) > 0),
    created_by uuid references account_user on delete set null,
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz,
    unique (workspace_id, id)
);
create index api_key_workspace on api_key (workspace_id, created_at desc);
"""

# only the end of its workspace ends an entry
AUDIT = """
create table audit_entry (
    id uuid primary key,
    workspace_id uuid not null references workspace on delete cascade,
    user_id uuid,
    api_key_id uuid,
    action text not null,
    object_kind text not null,
    object_id uuid,
    before jsonb,
    after jsonb,
    address text not null default '',
    request_id text not null default '',
    created_at timestamptz not null default now()
);
create index audit_entry_recent on audit_entry (workspace_id, id desc);
create index audit_entry_object on audit_entry (object_id, id desc) where object_id is not null;

create function keep_audit_entry() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and not exists (select from workspace where id = old.workspace_id) then
        return old;
    end if;
    raise exception 'audit entries are only ever added';
end $$;
create trigger audit_entry_kept before update or delete on audit_entry
    for each row execute function keep_audit_entry();
create trigger audit_entry_not_truncated before truncate on audit_entry
    for each statement execute function keep_audit_entry();
"""

PRIVACY = """
alter table contact add column deleted_at timestamptz;
create index contact_recent on contact (workspace_id, id desc) where deleted_at is null;

create table contact_task (
    id uuid primary key,
    workspace_id uuid not null references workspace on delete cascade,
    contact_id uuid not null,
    kind text not null check (kind in ('export', 'erase')),
    state text not null default 'pending' check (state in ('pending', 'running', 'done', 'failed')),
    done int not null default 0,
    total int not null default 0,
    path text not null default '',
    error text not null default '',
    attempts int not null default 0,
    next_at timestamptz not null default now(),
    created_at timestamptz not null default now(),
    finished_at timestamptz,
    expires_at timestamptz,
    unique (workspace_id, id)
);
create unique index contact_task_open on contact_task (contact_id, kind) where state in ('pending', 'running');
create index contact_task_due on contact_task (next_at) where state in ('pending', 'running');
create index contact_task_contact on contact_task (contact_id, id desc);
"""


def up(migrator: Any, db: Any) -> None:
    for part in (NOTIFICATIONS, KEYS, AUDIT, PRIVACY):
        db.execute_sql(part)


def down(migrator: Any, db: Any) -> None:
    db.execute_sql(
        "drop table contact_task, audit_entry, api_key, notification;"
        " drop function keep_audit_entry; alter table contact drop column deleted_at"
    )
