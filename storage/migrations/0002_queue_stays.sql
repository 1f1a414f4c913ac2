-- Each queue counts its own part of a call: who waited in two queues has a row for each.
create table queue_stays (
    call text not null references calls on delete cascade,
    number smallint not null,
    queue text,
    entered_at timestamptz not null,
    outcome text not null,
    wait_s double precision,
    primary key (call, number)
) with (fillfactor = 80);
create index queue_stays_of_queue on queue_stays (queue, entered_at);

alter table calls add column talk_ended_by text;
-- All queues the caller stood in; calls.queue is the last of them.
alter table calls add column queues text[] not null default '{}';
create index calls_queues on calls using gin (queues);
drop index calls_queue;

-- Calls whose rows were made by an older fold. The facts are complete, so the controller makes
-- the rows again, bit by bit beside its work (storage/refold.py).
create table calls_to_refold (
    call text primary key,
    entered_at timestamptz not null
);
create index calls_to_refold_newest on calls_to_refold (entered_at desc);
insert into calls_to_refold (call, entered_at) select call, entered_at from calls;
