-- What callers have left behind, and somebody works off. What there is follows from calls, their
-- facts and leads; here is what people have done with it.
alter table leads add column callback_queue text; -- whose agents call; null: those of the call's queue

create table work_entries (
    kind text not null, -- voicemail, callback, missed
    ref text not null, -- the recording's name; the lead and the call of its promise; the call
    project text not null,
    claimed_by text, -- a user; until claimed_until
    claimed_until timestamptz,
    done_at timestamptz, -- null: it is open
    done_by text,
    note text not null default '',
    change bigint, -- of a callback: the change of its lead that closed it
    primary key (kind, ref)
);
create index work_entries_done on work_entries (done_at desc) where done_at is not null;

create index call_facts_voices on call_facts (at) where kind = 'voice';
-- Calls in which nobody talked with the caller, and what each caller's calls were.
create index calls_missed on calls (entered_at)
    where outcome in ('abandoned', 'unserved', 'lost', 'self_service', 'closed') and not placed;
create index calls_of_caller on calls (project, caller, entered_at) where caller is not null and not placed;
