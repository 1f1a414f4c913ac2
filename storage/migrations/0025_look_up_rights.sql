-- What flows' look-ups may use: secrets by name, and the services inside the centre that they may
-- reach. Only admins change either.
create table flow_secrets (
    name text not null,
    project text not null, -- '' : every project's
    sealed bytea not null, -- encrypted; the key is in the state folder, not in the database
    note text not null,
    changed_at timestamptz not null,
    changed_by text not null,
    primary key (name, project)
);

create table inner_services (
    address text primary key, -- 10.1.2.0/24, 10.1.2.3:8080 or crm.lan:8080
    note text not null,
    added_at timestamptz not null,
    added_by text not null
);
