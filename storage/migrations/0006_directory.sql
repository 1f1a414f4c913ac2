-- What people configure: one row for each thing, with the change that made it so. The history is
-- complete: things are what the edits of all changes have made of them.
create table directory_changes (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    by text not null,
    note text not null default '',
    undoes bigint references directory_changes
);

create table directory_edits (
    change bigint not null references directory_changes,
    number integer not null,
    kind text not null,
    key text not null,
    before jsonb,
    after jsonb,
    primary key (change, number),
    check (before is not null or after is not null)
);
create index directory_edits_of_thing on directory_edits (kind, key, change desc);

create table directory_things (
    kind text not null,
    key text not null,
    content jsonb not null,
    change bigint not null references directory_changes,
    made bigint generated always as identity,
    primary key (kind, key)
);
create index directory_things_in_order on directory_things (made);

-- Digests of phones' passwords, hashes of PINs, and what carriers want to hear from us. They stay
-- when their thing is removed, so that undoing the removal brings them back.
create table directory_secrets (
    kind text not null,
    key text not null,
    secret text not null,
    at timestamptz not null,
    by text not null,
    primary key (kind, key)
);
