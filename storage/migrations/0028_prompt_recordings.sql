-- Recordings that callers hear. A sound is never changed; what is in force under a name is the newest
-- line about it, so that replacing and removing can be undone.
create table prompt_sounds (
    sound text primary key, -- named by content
    wav bytea not null, -- as telephones play it
    original bytea not null, -- as it was uploaded
    file_name text not null,
    findings jsonb not null -- length, loudness, what is wrong with it
);
alter table prompt_sounds alter column wav set storage external;
alter table prompt_sounds alter column original set storage external;

create table prompt_recordings (
    id bigint generated always as identity primary key,
    project text not null, -- '' : every project's
    language text not null,
    name text not null,
    at timestamptz not null,
    by text not null,
    what text not null, -- uploaded, brought_back, removed, taken_over
    sound text references prompt_sounds (sound) -- null: removed
);
create index prompt_recordings_of on prompt_recordings (name, language, project, id desc);
create index prompt_recordings_with on prompt_recordings (sound);

create function announce_prompt_recordings() returns trigger language plpgsql as $$
begin
    perform pg_notify('prompt_recordings', '');
    return null;
end
$$;
create trigger prompt_recordings_announced after insert on prompt_recordings
for each statement execute function announce_prompt_recordings();
