-- What the agents of a project choose from when a call is over. No row: the usual choices.
create table disposition_choices (
    project text primary key,
    change bigint not null,
    choices jsonb not null
);

create table disposition_choice_changes (
    id bigint generated always as identity primary key,
    project text not null,
    at timestamptz not null default now(),
    by text not null,
    choices jsonb not null -- after the change
);
create index disposition_choice_changes_of on disposition_choice_changes (project, id desc);

alter table dispositions add column choice text; -- which of the project's; null: none of them
alter table dispositions add column callback_number text; -- null: the number of the call
