-- Lists of calls stay fast with millions of them: every filter has an index that begins with it and
-- the project, and goes on with the time. Takes some minutes with ten million calls; what calls
-- write down waits in the outbox meanwhile.
set local maintenance_work_mem = '256MB';

-- Calls whose entry was never reported belong to no project: that is '', because NULL can't be
-- looked up in the order of an index.
update calls set project = '' where project is null;
alter table calls alter column project set default '', alter column project set not null;

drop index calls_hotline, calls_outcome, calls_queues;
create index calls_hotline on calls (hotline, project, entered_at, call);
create index calls_outcome on calls (outcome, project, entered_at, call);
create index calls_withheld on calls (project, entered_at, call) where caller is null;
-- The day's callers who weren't let in.
create index calls_not_let_in on calls (entered_at) where outcome in ('blocked', 'refused');
-- For what many calls have singly, and few together.
create index calls_queues_agents on calls using gin (queues, agents);

-- "#" and "+4" are no three characters. Numbers with such signs are few, or the newest have them.
create function caller_signs(caller text) returns text[]
language sql immutable parallel safe
return (
    select coalesce(array_agg(gram), '{}')
    from generate_series(1, length(caller)) as i,
        unnest(array[substr(caller, i, 1), substr(caller, i, 2)]) as gram
    where gram ~ '[^0-9]'
);
create index calls_caller_signs on calls using gin (caller_signs(caller)) where caller ~ '[^0-9]';

-- Who spoke in which call, and who stood in which queue, with what an index needs of the call.
create table call_queues (
    call text not null,
    queue text not null,
    project text not null,
    entered_at timestamptz not null
);
insert into call_queues (call, queue, project, entered_at)
select distinct c.call, stood.queue, c.project, c.entered_at
from calls c, unnest(c.queues) as stood (queue)
where stood.queue is not null;
alter table call_queues
    add primary key (call, queue),
    add foreign key (call) references calls on delete cascade;
create index call_queues_of_queue on call_queues (queue, project, entered_at, call);

alter table call_agents rename to call_agents_before;
create table call_agents (
    call text not null,
    agent text not null,
    project text not null,
    entered_at timestamptz not null
);
insert into call_agents (call, agent, project, entered_at)
select a.call, a.agent, c.project, c.entered_at
from call_agents_before a join calls c on c.call = a.call;
drop table call_agents_before;
alter table call_agents
    add primary key (call, agent),
    add foreign key (call) references calls on delete cascade;
create index call_agents_of_agent on call_agents (agent, project, entered_at, call);

-- An index answers by itself only for pages that VACUUM has seen, and the newest calls are read
-- most: not, as by default, when a fifth of all calls is new.
alter table calls set (
    autovacuum_vacuum_scale_factor = 0.002, autovacuum_vacuum_insert_scale_factor = 0.002,
    autovacuum_analyze_scale_factor = 0.01
);
alter table call_queues set (
    autovacuum_vacuum_scale_factor = 0.002, autovacuum_vacuum_insert_scale_factor = 0.002,
    autovacuum_analyze_scale_factor = 0.01
);
alter table call_agents set (
    autovacuum_vacuum_scale_factor = 0.002, autovacuum_vacuum_insert_scale_factor = 0.002,
    autovacuum_analyze_scale_factor = 0.01
);
analyze calls, call_queues, call_agents;
