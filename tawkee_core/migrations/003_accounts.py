"""Accounts in full: confirmed e-mails, profiles, two factors, throttles, and mails that are sent after the commit."""

from typing import Any

ACCOUNTS = """
alter table account_user
    add column email_confirmed_at timestamptz,
    add column company text not null default '' check (char_length(company) <= 100),
    add column theme text not null default 'system' check (theme in ('light', 'dark', 'system')),
    add column photo_tag text unique,
    add constraint account_user_locale check (locale in ('pt-BR', 'en'));

create table account_photo (
    user_id uuid primary key references account_user on delete cascade,
    mimetype text not null,
    data bytea not null
);

create table account_token (
    id uuid primary key,
    user_id uuid not null references account_user on delete cascade,
    kind text not null check (kind in ('confirm', 'reset')),
    token_hash text not null unique,
    email text not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at timestamptz
);
create index account_token_user on account_token (user_id, kind);

alter table session add column ip text not null default '';
alter table workspace add column require_two_factors boolean not null default false;

create table two_factors (
    user_id uuid primary key references account_user on delete cascade,
    sealed text not null,
    enabled_at timestamptz,
    last_step bigint not null default 0,
    created_at timestamptz not null default now()
);

create table recovery_code (
    id uuid primary key,
    user_id uuid not null references account_user on delete cascade,
    code_hash text not null,
    created_at timestamptz not null default now(),
    used_at timestamptz,
    unique (user_id, code_hash)
);

create table throttle (
    key text primary key,
    tries real not null,
    free real not null,
    leak real not null,
    longest real not null,
    since timestamptz not null default now(),
    until timestamptz
);

create table account_request (
    id uuid primary key,
    kind text not null check (kind in ('confirm', 'reset')),
    email text not null,
    user_id uuid references account_user on delete cascade,
    next_at timestamptz not null default now(),
    created_at timestamptz not null default now()
);
create index account_request_due on account_request (next_at);
"""

MAIL = """
create table mail (
    id uuid primary key,
    recipient text not null,
    template text not null,
    language text not null check (language in ('pt-BR', 'en')),
    sealed text not null,
    state text not null default 'queued' check (state in ('queued', 'sent', 'failed')),
    attempts int not null default 0,
    next_at timestamptz not null default now(),
    expires_at timestamptz not null,
    sender text not null default '',
    provider_id text,
    error text not null default '',
    created_at timestamptz not null default now(),
    done_at timestamptz
);
create index mail_due on mail (next_at) where state = 'queued';
create index mail_recent on mail (lower(recipient), created_at);
create index mail_provider on mail (provider_id) where provider_id is not null;

create table mail_block (
    email text primary key,
    reason text not null check (reason in ('bounced', 'complained')),
    detail text not null default '',
    created_at timestamptz not null default now()
);
"""


def up(migrator: Any, db: Any) -> None:
    db.execute_sql(ACCOUNTS)
    db.execute_sql(MAIL)


def down(migrator: Any, db: Any) -> None:
    db.execute_sql(
        "drop table mail_block, mail, account_request, throttle, recovery_code, two_factors, account_token,"
        " account_photo;"
        " alter table workspace drop column require_two_factors; alter table session drop column ip;"
        " alter table account_user drop constraint account_user_locale, drop column email_confirmed_at,"
        " drop column company, drop column theme, drop column photo_tag"
    )
