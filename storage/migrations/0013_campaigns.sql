-- Campaigns and what they dial. Numbers are E.164 with +.
create table campaigns (
    campaign text primary key,
    project text not null,
    state text not null default 'draft', -- draft, running, paused, draining, stopped
    settings jsonb not null,
    made bigint generated always as identity,
    made_at timestamptz not null default now(),
    changed_at timestamptz not null default now(),
    removed_at timestamptz
);
create index campaigns_of_project on campaigns (project, made);

-- Each change of a campaign, its state too: who, when, what it was before and after.
create table campaign_changes (
    id bigint generated always as identity primary key,
    campaign text not null references campaigns,
    at timestamptz not null default now(),
    by text not null,
    before jsonb,
    after jsonb not null
);
create index campaign_changes_of on campaign_changes (campaign, id desc);

-- A list of leads, as it was delivered or is filled by hand.
create table lists (
    list bigint generated always as identity primary key,
    project text not null,
    title text not null,
    state text not null default 'active', -- active, paused, removed
    country text not null default 'CN', -- '': none chosen, so numbers without a country's code are refused
    made_at timestamptz not null default now(),
    made_by text not null
);
create index lists_of_project on lists (project, list desc);

create table campaign_lists (
    campaign text not null references campaigns,
    list bigint not null references lists,
    place integer not null default 0,
    primary key (campaign, list)
);
create index campaign_lists_of_list on campaign_lists (list);

-- What the columns of these headings were for when a project's list was last imported.
create table list_mappings (
    project text not null,
    headings text not null, -- in alphabetical order, one a line
    mapping jsonb not null, -- [[heading, use], ...]
    primary key (project, headings)
);

-- One upload into a list. Unfinished ones can be continued or undone. A run is from a start, or from
-- a continuation.
create table list_imports (
    import bigint generated always as identity primary key,
    list bigint not null references lists,
    file_name text not null,
    sha256 text not null,
    bytes bigint not null,
    file bytea, -- until it is finished
    headings_row integer not null,
    sample jsonb not null, -- the first rows, for people to choose the mapping by
    mapping jsonb not null, -- [[heading, use], ...]: guessed, then chosen
    duplicates text not null default 'skip', -- of other lists of the project: skip, keep
    state text not null default 'uploaded', -- uploaded, running, finished, failed, undone
    failed_why text,
    rows_expected integer not null,
    at_row integer not null default 0, -- the spreadsheet's number of the last row that was taken
    rows_read integer not null default 0,
    imported integer not null default 0,
    partly integer not null default 0, -- of those imported: without a number that was wrong
    do_not_call integer not null default 0, -- of those imported
    known integer not null default 0, -- in the list before
    duplicate integer not null default 0, -- of an earlier row of the file
    elsewhere integer not null default 0, -- in another list of the project
    rejected integer not null default 0,
    removed integer not null default 0, -- by undoing it
    begun_at timestamptz not null default now(),
    begun_by text not null,
    run_began_at timestamptz,
    run_began_with integer not null default 0, -- rows read before this run
    ended_at timestamptz
);
create index list_imports_of_list on list_imports (list, import desc);

-- Rows that were not imported, and (with part) what was left out of rows that were.
create table rejected_rows (
    import bigint not null references list_imports on delete cascade,
    row integer not null,
    place smallint not null,
    field text not null, -- '': the row itself
    reason text not null,
    part boolean not null,
    cells jsonb, -- with a row's first place only
    primary key (import, row, place)
);

create table leads (
    lead bigint generated always as identity primary key,
    list bigint not null references lists,
    project text not null,
    import bigint references list_imports,
    key text not null, -- the client's own, or the numbers: repeating an upload finds it again
    name text not null default '',
    fields json not null default '{}', -- in the order of the list's columns
    timezone text, -- the list's, or else the number's; null: the centre's
    language text,
    consent_at timestamptz,
    state text not null default 'open', -- open, finished, invalid, do_not_call, removed
    why text, -- why it is no longer open: the rule's or outcome's code
    attempts smallint not null default 0,
    last_attempt_at timestamptz,
    last_outcome text, -- of the last attempt that counts
    last_cause text,
    next_at timestamptz not null default '-infinity', -- when it is to be looked at next
    overdue_at timestamptz, -- from then on it goes first
    held_by text, -- the rule that held it when it was last judged
    callback_at timestamptz,
    callback_agent text, -- null: the team's
    leased_until timestamptz,
    leased_by text,
    made_at timestamptz not null default now(),
    unique (list, key)
);
create index leads_due on leads (list, next_at, lead) where state = 'open';
create index leads_overdue on leads (list, overdue_at) where state = 'open' and overdue_at is not null;
create index leads_callbacks on leads (list, callback_at) where state = 'open' and callback_at is not null;
create index leads_of_import on leads (import);
create index leads_by_key on leads (project, key);

create table lead_numbers (
    lead bigint not null references leads on delete cascade,
    place smallint not null,
    number text not null check (number ~ '^[+][0-9]{3,20}$'), -- it goes into what Asterisk dials
    kind text not null default '', -- mobile, fixed ...
    state text not null default 'good', -- good, invalid
    primary key (lead, place)
);
create index lead_numbers_by_number on lead_numbers (number);

-- What people changed of a lead, and what a claim or a call decided about it for good.
create table lead_changes (
    id bigint generated always as identity primary key,
    lead bigint not null references leads on delete cascade,
    at timestamptz not null,
    by text not null,
    what text not null, -- edited, paused, removed, reopened, disposed, do_not_call
    detail jsonb not null default '{}'
);
create index lead_changes_of on lead_changes (lead, id);

-- project '': the whole centre.
create table do_not_call (
    project text not null default '',
    number text not null,
    since timestamptz not null,
    source text not null, -- key, agent, import, page
    by text not null default '',
    made_at timestamptz not null default now(),
    primary key (project, number)
);
create index do_not_call_number on do_not_call (number);

create table do_not_call_changes (
    id bigint generated always as identity primary key,
    project text not null,
    number text not null,
    at timestamptz not null,
    by text not null,
    what text not null, -- added, removed
    source text not null default '',
    reason text not null default ''
);
create index do_not_call_changes_of on do_not_call_changes (number, id);

-- An attempt is a row before it is a call; its name is the call's.
create table attempts (
    attempt text primary key,
    campaign text, -- null: by hand
    project text not null,
    list bigint references lists,
    lead bigint references leads,
    number text not null,
    line text,
    caller_id text,
    mode text not null,
    agent text, -- for whom it was placed, then who talked
    stage text not null,
    reserved_at timestamptz not null default now(),
    requested_at timestamptz,
    rang_at timestamptz,
    answered_at timestamptz,
    talk_at timestamptz,
    ended_at timestamptz,
    cause text,
    q850 integer,
    sip integer,
    ended_by text,
    outcome text, -- nobody, machine, abandoned, spoken; null: not over, or of the trunk
    left_early boolean not null default false, -- abandoned: the customer hung up within the grace
    applied text, -- the outcome that its lead has been given
    given_up_at timestamptz, -- when somebody decided that its fate will stay unknown
    opted_out_at timestamptz, -- when the customer asked not to be called; on the list since
    disposition text,
    sub_reason text,
    note text
);
create index attempts_of_number on attempts (number, reserved_at desc);
create index attempts_of_lead on attempts (lead, reserved_at desc);
create index attempts_of_campaign on attempts (campaign, reserved_at desc);
create index attempts_open on attempts (reserved_at) where ended_at is null;
-- The database itself forbids two calls to one lead, or to one number, at the same time.
create unique index attempts_open_of_lead on attempts (lead) where ended_at is null;
create unique index attempts_open_of_number on attempts (number) where ended_at is null;

-- What agents said that a call came to; the last one of a call holds.
create table dispositions (
    id bigint generated always as identity primary key,
    call text not null,
    lead bigint references leads on delete cascade,
    at timestamptz not null,
    agent text not null,
    disposition text not null,
    sub_reason text not null default '',
    note text not null default '',
    callback_at timestamptz,
    personal boolean not null default false
);
create index dispositions_of_call on dispositions (call, id desc);
create index dispositions_of_lead on dispositions (lead, id desc) where lead is not null;

-- Why so many were dialled, whenever the reason or the figures changed: any minute can be explained.
create table pacing_decisions (
    campaign text not null references campaigns,
    at timestamptz not null,
    reason text not null,
    dialled integer not null,
    figures jsonb not null
);
create index pacing_decisions_of on pacing_decisions (campaign, at desc);

-- Calls that we placed: the queues' figures don't count them.
alter table calls add column placed boolean not null default false;
alter table calls add column campaign text;
create index calls_campaign on calls (campaign, entered_at desc, call desc) where campaign is not null;
