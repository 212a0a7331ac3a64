"""Teams: invitations and how they are accepted; workspaces that can be brought back, and agents that change rooms."""

from typing import Any

WORKSPACES = """
alter table workspace
    add column deleted_at timestamptz,
    add column erase_at timestamptz,
    add column erasing_at timestamptz;
create index workspace_erase on workspace (erase_at) where erase_at is not null;

alter table membership add column selected_at timestamptz;
alter table account_user
    add column phone text,
    add column phone_confirmed_at timestamptz;
"""

TEAM = """
create table invitation (
    id uuid primary key,
    workspace_id uuid not null references workspace on delete cascade,
    email text not null,
    role text not null check (role in ('MANAGER', 'TRAINER', 'ATTENDANT')),
    mail_hash text not null unique,
    link_hash text not null unique,
    invited_by uuid references account_user on delete set null,
    created_at timestamptz not null default now(),
    sent_at timestamptz,
    expires_at timestamptz not null,
    accepted_at timestamptz,
    accepted_by uuid references account_user on delete set null,
    revoked_at timestamptz,
    unique (workspace_id, id)
);
create unique index invitation_open on invitation (workspace_id, lower(email))
    where accepted_at is null and revoked_at is null;

create table activation (
    invitation_id uuid primary key,
    workspace_id uuid not null,
    name text not null,
    phone text not null,
    locale text not null check (locale in ('pt-BR', 'en')),
    password_hash text not null,
    code_hash text not null,
    sent_by text not null check (sent_by in ('whatsapp', 'email')),
    tries int not null default 0,
    sent int not null default 1,
    sent_since timestamptz not null default now(),
    expires_at timestamptz not null,
    foreign key (workspace_id, invitation_id) references invitation (workspace_id, id) on delete cascade
);
"""

# an agent moves with all that hangs on it in one transaction: what a row refers to is then checked at its end
DEFERRABLE = """
do $$
declare link record;
begin
    for link in select k.conrelid::regclass as tab, k.conname from pg_constraint k
        where k.contype = 'f' and cardinality(k.conkey) = 2 and not k.condeferrable
            and k.connamespace = 'public'::regnamespace
    loop
        execute 'alter table ' || link.tab || ' alter constraint ' || quote_ident(link.conname)
            || ' deferrable initially immediate';
    end loop;
end $$;
"""


def up(migrator: Any, db: Any) -> None:
    for part in (WORKSPACES, TEAM, DEFERRABLE):
        db.execute_sql(part)


def down(migrator: Any, db: Any) -> None:
    db.execute_sql(
        "drop table activation, invitation;"
        " alter table account_user drop column phone, drop column phone_confirmed_at;"
        " alter table membership drop column selected_at;"
        " alter table workspace drop column deleted_at, drop column erase_at, drop column erasing_at"
    )
