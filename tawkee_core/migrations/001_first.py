"""The first tables: people, agents, channels, the conversation and what it needs to lose nothing."""

from typing import Any

PEOPLE = """
create table account_user (
    id uuid primary key,
    email text not null,
    name text not null,
    password_hash text not null,
    locale text not null default 'pt-BR',
    created_at timestamptz not null default now()
);
create unique index account_user_email on account_user (lower(email));

create table session (
    id uuid primary key,
    user_id uuid not null references account_user on delete cascade,
    refresh_hash text not null unique,
    previous_hash text unique,
    rotated_at timestamptz not null default now(),
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    revoked_at timestamptz,
    user_agent text not null default ''
);
create index session_person on session (user_id);

create table workspace (
    id uuid primary key,
    name text not null check (char_length(name) between 1 and 32),
    status text not null default 'TRIAL' check (status in ('TRIAL', 'ACTIVE', 'PAST_DUE', 'CANCELED')),
    created_at timestamptz not null default now()
);

create table membership (
    workspace_id uuid not null references workspace on delete cascade,
    user_id uuid not null references account_user on delete cascade,
    role text not null check (role in ('OWNER', 'MANAGER', 'TRAINER', 'ATTENDANT')),
    created_at timestamptz not null default now(),
    primary key (workspace_id, user_id)
);
create index membership_user on membership (user_id);
"""

AGENTS = """
create table agent (
    id uuid primary key,
    workspace_id uuid not null references workspace on delete cascade,
    name text not null check (char_length(name) between 1 and 100),
    type text not null default 'SUPPORT' check (type in ('SUPPORT', 'SALE', 'PERSONAL')),
    communication_style text not null default 'NORMAL' check (communication_style in ('FORMAL', 'NORMAL', 'RELAXED')),
    job_name text not null default '' check (char_length(job_name) <= 200),
    job_site text not null default '' check (char_length(job_site) <= 500),
    job_description text not null default '' check (char_length(job_description) <= 500),
    behavior text not null default '' check (char_length(behavior) <= 3000),
    status text not null default 'ACTIVE' check (status in ('ACTIVE', 'INACTIVE')),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at timestamptz,
    unique (workspace_id, id)
);

create table agent_settings (
    agent_id uuid primary key,
    workspace_id uuid not null,
    preferred_model text not null default '',
    fallback_model text not null default '',
    message_grouping_time int not null default 3 check (message_grouping_time between 0 and 60),
    enabled_human_transfer boolean not null default true,
    enabled_emoji boolean not null default true,
    limit_subjects boolean not null default false,
    split_messages boolean not null default false,
    sign_messages boolean not null default false,
    timezone text not null default 'America/Sao_Paulo',
    foreign key (workspace_id, agent_id) references agent (workspace_id, id) on delete cascade
);

create table training (
    id uuid primary key,
    workspace_id uuid not null,
    agent_id uuid not null,
    type text not null check (type in ('TEXT')),
    title text not null default '',
    text text not null check (char_length(text) between 1 and 1028),
    status text not null default 'PENDING' check (status in ('PENDING', 'TRAINING', 'TRAINED', 'FAILED')),
    error text not null default '',
    space text not null default '',
    attempts int not null default 0,
    next_at timestamptz not null default now(),
    lease_until timestamptz,
    created_at timestamptz not null default now(),
    deleted_at timestamptz,
    unique (workspace_id, id),
    foreign key (workspace_id, agent_id) references agent (workspace_id, id) on delete cascade
);
create index training_agent on training (agent_id, created_at);
create index training_due on training (next_at) where status in ('PENDING', 'TRAINING') or deleted_at is not null;

create table passage (
    id uuid primary key,
    workspace_id uuid not null,
    agent_id uuid not null,
    training_id uuid not null,
    position int not null,
    text text not null,
    source text not null,
    unique (training_id, position),
    foreign key (workspace_id, training_id) references training (workspace_id, id) on delete cascade
);
"""

CHANNELS = """
create table channel (
    id uuid primary key,
    workspace_id uuid not null,
    agent_id uuid not null,
    kind text not null,
    name text not null check (char_length(name) between 1 and 100),
    config jsonb not null default '{}',
    sealed text not null default '',
    webhook_token text not null,
    status text not null default 'disconnected' check (status in ('disconnected', 'connecting', 'connected', 'failed')),
    detail jsonb not null default '{}',
    qr jsonb,
    paused_until timestamptz,
    last_event_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at timestamptz,
    unique (workspace_id, id),
    foreign key (workspace_id, agent_id) references agent (workspace_id, id) on delete cascade
);
create index channel_agent on channel (agent_id);

create table contact (
    id uuid primary key,
    workspace_id uuid not null references workspace on delete cascade,
    name text not null default '',
    phone text,
    is_group boolean not null default false,
    created_at timestamptz not null default now(),
    unique (workspace_id, id)
);

create table contact_address (
    id uuid primary key,
    workspace_id uuid not null,
    channel_id uuid not null,
    contact_id uuid not null,
    kind text not null,
    value text not null,
    key text not null,
    created_at timestamptz not null default now(),
    unique (channel_id, key),
    foreign key (workspace_id, channel_id) references channel (workspace_id, id) on delete cascade,
    foreign key (workspace_id, contact_id) references contact (workspace_id, id) on delete cascade
);
create index contact_address_contact on contact_address (contact_id);
"""

CONVERSATION = """
create table chat (
    id uuid primary key,
    workspace_id uuid not null,
    channel_id uuid not null,
    contact_id uuid not null,
    address_kind text not null,
    address text not null,
    owner text not null default 'ai' check (owner in ('ai', 'human')),
    owner_id uuid references account_user on delete set null,
    status text not null default 'open' check (status in ('open', 'waiting', 'resolved')),
    attention text not null default '',
    epoch int not null default 0,
    seq bigint not null default 0,
    unread int not null default 0,
    interaction_id uuid,
    last_message_id uuid,
    last_message_at timestamptz not null default now(),
    created_at timestamptz not null default now(),
    unique (workspace_id, id),
    unique (channel_id, contact_id),
    foreign key (workspace_id, channel_id) references channel (workspace_id, id) on delete cascade,
    foreign key (workspace_id, contact_id) references contact (workspace_id, id) on delete cascade
) with (fillfactor = 70);
create index chat_recent on chat (workspace_id, last_message_at desc, id desc);

create table interaction (
    id uuid primary key,
    workspace_id uuid not null,
    chat_id uuid not null,
    agent_id uuid not null,
    status text not null default 'RUNNING' check (status in ('RUNNING', 'WAITING', 'RESOLVED', 'CLOSED')),
    started_at timestamptz not null default now(),
    resolved_at timestamptz,
    resolved_by uuid references account_user on delete set null,
    unique (workspace_id, id),
    foreign key (workspace_id, chat_id) references chat (workspace_id, id) on delete cascade
);
create unique index interaction_open on interaction (chat_id) where status in ('RUNNING', 'WAITING');

create table inbound_event (
    id uuid primary key,
    workspace_id uuid not null,
    channel_id uuid not null,
    dedupe_key text not null,
    headers jsonb not null,
    body bytea not null,
    state text not null check (state in ('new', 'applied', 'ignored', 'dead')),
    reason text not null default '',
    attempts int not null default 0,
    next_at timestamptz not null default now(),
    received_at timestamptz not null default now(),
    unique (channel_id, dedupe_key),
    foreign key (workspace_id, channel_id) references channel (workspace_id, id) on delete cascade
);
create index inbound_event_due on inbound_event (next_at) where state = 'new';

create table turn (
    id uuid primary key,
    workspace_id uuid not null,
    chat_id uuid not null,
    epoch int not null,
    state text not null check (state in ('collecting', 'running', 'replying', 'done', 'cancelled', 'dead')),
    reason text not null default '',
    from_seq bigint not null,
    upto_seq bigint not null,
    due_at timestamptz not null,
    deadline timestamptz not null,
    attempts int not null default 0,
    recoveries int not null default 0,
    supersedes int not null default 0,
    fence int not null default 0,
    lease_owner text not null default '',
    lease_until timestamptz,
    inbound_event_id uuid,
    created_at timestamptz not null default now(),
    done_at timestamptz,
    unique (workspace_id, id),
    foreign key (workspace_id, chat_id) references chat (workspace_id, id) on delete cascade
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01);
create unique index turn_one_open on turn (chat_id) where state = 'collecting';
create unique index turn_one_active on turn (chat_id) where state in ('running', 'replying');
create index turn_due on turn (due_at) where state = 'collecting';
create index turn_lease on turn (lease_until) where state = 'running';
create index turn_dead on turn (workspace_id, done_at) where state = 'dead';

create table message (
    id uuid primary key,
    workspace_id uuid not null,
    chat_id uuid not null,
    channel_id uuid not null,
    interaction_id uuid,
    turn_id uuid,
    inbound_event_id uuid,
    user_id uuid references account_user on delete set null,
    seq bigint not null,
    direction text not null check (direction in ('in', 'out')),
    author text not null check (author in ('contact', 'agent', 'person', 'system')),
    kind text not null,
    text text not null default '',
    data jsonb not null default '{}',
    sender text not null default '',
    quoted_id text,
    provider_message_id text,
    status text not null
        check (status in ('received', 'queued', 'sending', 'sent', 'delivered', 'read', 'failed', 'unconfirmed',
        'cancelled', 'note')),
    error text not null default '',
    sent_at timestamptz not null default now(),
    edited_at timestamptz,
    deleted_at timestamptz,
    unique (workspace_id, id),
    unique (channel_id, provider_message_id),
    unique (chat_id, seq),
    foreign key (workspace_id, chat_id) references chat (workspace_id, id) on delete cascade
) with (fillfactor = 80);

create table media (
    id uuid primary key,
    workspace_id uuid not null,
    message_id uuid not null unique,
    mimetype text not null,
    filename text not null default '',
    size bigint,
    ref jsonb not null default '{}',
    path text,
    state text not null check (state in ('remote', 'stored', 'failed')),
    error text not null default '',
    attempts int not null default 0,
    next_at timestamptz not null default now(),
    unique (workspace_id, id),
    foreign key (workspace_id, message_id) references message (workspace_id, id) on delete cascade
);
create index media_due on media (next_at) where state = 'remote';

create table outbound (
    id uuid primary key,
    workspace_id uuid not null,
    chat_id uuid not null,
    message_id uuid not null unique,
    turn_id uuid,
    epoch int,
    seq bigint not null,
    semantics text not null check (semantics in ('idempotent', 'reconcilable', 'opaque')),
    state text not null
        check (state in ('pending', 'sending', 'reconciling', 'sent', 'unconfirmed', 'dead', 'cancelled')),
    attempts int not null default 0,
    recoveries int not null default 0,
    fence int not null default 0,
    next_at timestamptz not null default now(),
    lease_until timestamptz,
    intent_at timestamptz,
    error text not null default '',
    created_at timestamptz not null default now(),
    unique (chat_id, seq),
    foreign key (workspace_id, chat_id) references chat (workspace_id, id) on delete cascade,
    foreign key (workspace_id, message_id) references message (workspace_id, id) on delete cascade
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01);
create index outbound_due on outbound (next_at) where state in ('pending', 'reconciling');
create index outbound_lease on outbound (lease_until) where state = 'sending';
create index outbound_open on outbound (chat_id, seq) where state in ('pending', 'sending', 'reconciling');
create index outbound_turn on outbound (turn_id) where turn_id is not null;

create table usage (
    id uuid primary key,
    workspace_id uuid not null references workspace on delete cascade,
    agent_id uuid,
    turn_id uuid,
    kind text not null,
    model text not null,
    outcome text not null,
    tokens_in int not null default 0,
    tokens_out int not null default 0,
    cost_usd numeric(14, 8) not null default 0,
    seconds real not null default 0,
    created_at timestamptz not null default now()
);
create index usage_workspace on usage (workspace_id, created_at);
"""

OPERATION = """
create table leader (
    name text primary key,
    holder text not null,
    elected_at timestamptz not null,
    expires_at timestamptz not null
);

create unlogged table heartbeat (
    name text primary key,
    kind text not null,
    beaten_at timestamptz not null default now(),
    data jsonb not null default '{}'
);
"""


def up(migrator: Any, db: Any) -> None:
    for part in (PEOPLE, AGENTS, CHANNELS, CONVERSATION, OPERATION):
        db.execute_sql(part)


def down(migrator: Any, db: Any) -> None:
    db.execute_sql(
        "drop table heartbeat, leader, usage, outbound, media, message, turn, inbound_event, interaction, chat,"
        " contact_address, contact,"
        " channel, passage, training, agent_settings, agent, membership, workspace, session, account_user cascade"
    )
