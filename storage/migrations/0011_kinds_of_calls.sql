-- Calls of one kind share their project, hotline, queues and outcome, and whether they have a number
-- and an agent. There are some thousands of kinds, so that filters which are rare together, or never
-- come together, are answered from those there are. Takes a minute or two with ten million calls;
-- what calls write down waits in the outbox meanwhile.
set local maintenance_work_mem = '256MB';

-- A number, because names of several queues may be longer than a key of an index.
create function call_kind(
    project text, hotline text, queues text[], outcome text, withheld boolean, spoken boolean
) returns bigint
language sql immutable parallel safe
return hash_array_extended(
    array[project, coalesce(hotline, ''), outcome, withheld::text, spoken::text] || queues, 0
);
create index calls_kind on calls (
    call_kind(project, hotline, queues, outcome, caller is null, agents <> '{}'), entered_at, call
);

-- The kinds that calls have or had. None is taken back: one without calls does no harm.
create table call_kinds (
    project text not null,
    hotline text not null, -- '': the call's entry was never reported
    queues text[] not null,
    outcome text not null,
    withheld boolean not null,
    spoken boolean not null
);
insert into call_kinds (project, hotline, queues, outcome, withheld, spoken)
select distinct project, coalesce(hotline, ''), queues, outcome, caller is null, agents <> '{}'
from calls;
create unique index call_kinds_once on call_kinds (
    call_kind(project, hotline, queues, outcome, withheld, spoken)
);
analyze call_kinds, calls;

-- A day's figures are those of all queues: the stays of a day lie together.
drop index queue_stays_of_queue;
create index queue_stays_entered on queue_stays (entered_at);
