-- What happened, never changed: a call's row below is the fold of these (domain/record.py).
create table call_facts (
    id uuid primary key,
    call text not null,
    at timestamptz not null,
    kind text not null,
    detail jsonb not null,
    written_at timestamptz not null default now()
);
create index call_facts_of_call on call_facts (call, at);

-- The substrings of three characters, so that "number contains" needs no extension.
create function caller_grams(caller text) returns text[]
language sql immutable parallel safe
return (
    select coalesce(array_agg(distinct substr(caller, i, 3)), '{}')
    from generate_series(1, length(caller) - 2) as i
);

create table calls (
    call text primary key,
    project text,
    hotline text,
    line text,
    caller text,
    flow text,
    language text,
    entered_at timestamptz not null,
    queue text,
    queued_at timestamptz,
    answered_at timestamptz,
    wait_s double precision,
    ended_at timestamptz,
    outcome text not null,
    ended_by text,
    cause integer,
    why text,
    agents text[] not null default '{}',
    talk_s double precision not null default 0,
    hold_s double precision not null default 0,
    score smallint,
    recording_file text,
    recording_sha256 text,
    recording_s double precision,
    bridged_s double precision,
    recording_whole boolean,
    recording_bytes bigint,
    recording_lost text,
    adopted boolean not null default false
) with (fillfactor = 80);
-- The list is always read newest first; each filter that picks few rows has its own way in.
create index calls_entered on calls (entered_at desc, call desc);
create index calls_project on calls (project, entered_at desc, call desc);
create index calls_hotline on calls (hotline, entered_at desc, call desc);
create index calls_queue on calls (queue, entered_at desc, call desc);
create index calls_outcome on calls (outcome, entered_at desc, call desc);
create index calls_caller on calls using gin (caller_grams(caller));
create index calls_open on calls (entered_at) where ended_at is null;

-- Who spoke in which call, with the call's time so that an agent's list comes out sorted.
create table call_agents (
    call text not null references calls on delete cascade,
    agent text not null,
    entered_at timestamptz not null,
    primary key (call, agent)
);
create index call_agents_of_agent on call_agents (agent, entered_at desc, call desc);

-- The configuration's agents, kept after they left it so that old calls still have names.
create table agents (
    agent text primary key,
    name text not null,
    projects text[] not null
);

create table agent_facts (
    id uuid primary key,
    agent text not null,
    at timestamptz not null,
    state text not null,
    reason text,
    station text,
    call text,
    written_at timestamptz not null default now()
);
create index agent_facts_of_agent on agent_facts (agent, at desc);

create table agents_now (
    agent text primary key,
    id uuid not null,
    at timestamptz not null,
    state text not null,
    reason text,
    station text,
    call text
);

create table users (
    name text primary key,
    password_hash text not null,
    role text not null,
    projects text[], -- null: all
    agent text,
    language text,
    disabled boolean not null default false,
    created_at timestamptz not null,
    password_changed_at timestamptz not null
);

create table sessions (
    token_hash bytea primary key,
    name text not null references users on delete cascade,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    address text not null default ''
);
create index sessions_of_user on sessions (name);
create index sessions_expiry on sessions (expires_at);

create table login_failures (
    key text primary key,
    failures integer not null,
    last_at timestamptz not null,
    blocked_until timestamptz
);

create table audit_log (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    by text not null,
    action text not null,
    target text not null default '',
    project text,
    address text not null default '',
    detail jsonb not null default '{}'
);
create index audit_log_at on audit_log (at desc, id desc);
