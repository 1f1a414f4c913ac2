-- Call flows: a draft that is edited, revisions that never change, and editions, which say what calls
-- meet. A flow without an edition is only a draft.
create table flows (
    flow text primary key,
    project text not null, -- '' : every project's; only admins change it
    made_at timestamptz not null,
    made_by text not null,
    -- The draft. Its version grows with each change, so that two people don't overwrite each other.
    draft text not null,
    tests text not null default '',
    version bigint not null default 1,
    draft_of bigint, -- the revision that it was made from; null: none yet
    changed_at timestamptz not null,
    changed_by text not null,
    retired_at timestamptz -- not offered any more; calls under way go on
);
create index flows_of_project on flows (project);

create table flow_revisions (
    revision bigint generated always as identity primary key,
    flow text not null references flows (flow),
    number int not null, -- 1, 2, 3 of this flow
    text text not null,
    tests text not null,
    at timestamptz not null,
    by text not null,
    note text not null,
    warnings text[] not null default '{}', -- those that were confirmed
    unique (flow, number)
);

-- An edition is all flows as calls meet them at a time: of each flow the row with the highest edition
-- that is not above it.
create table flow_editions (
    edition bigint generated always as identity primary key,
    at timestamptz not null,
    by text not null,
    flow text not null references flows (flow),
    revision bigint references flow_revisions (revision), -- null: calls don't meet it any more
    why text not null -- published, rolled_back, scheduled, retired
);
create index flow_editions_of on flow_editions (flow, edition desc);

-- What is to be published later: a revision that is made now, and the moment.
create table flow_schedule (
    id bigint generated always as identity primary key,
    flow text not null references flows (flow),
    revision bigint not null references flow_revisions (revision),
    due_at timestamptz not null,
    by text not null,
    made_at timestamptz not null,
    done_at timestamptz, -- null: still to come
    outcome text -- published, cancelled, refused: why is in the note
);
create index flow_schedule_due on flow_schedule (due_at) where done_at is null;
