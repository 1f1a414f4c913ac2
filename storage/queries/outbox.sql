-- name: lock_calls
-- Two controllers may write about the same call. 64 locks that are taken in order can't deadlock.
select pg_advisory_xact_lock($1::int, bucket)
from (
    select distinct hashtext(call) & 63 as bucket
    from unnest($2::text[]) as call
    order by bucket
) as buckets

-- name: insert_call_facts
insert into call_facts (id, call, at, kind, detail)
select * from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::jsonb[])
on conflict (id) do nothing
returning id, call

-- name: insert_agent_facts
insert into agent_facts (id, agent, at, state, reason, station, call)
select * from unnest(
    $1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[]
)
on conflict (id) do nothing

-- name: upsert_agents_now
insert into agents_now (id, agent, at, state, reason, station, call)
select distinct on (agent) id, agent, at, state, reason, station, call
from unnest(
    $1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[]
) with ordinality as fact (id, agent, at, state, reason, station, call, position)
order by agent, at desc, position desc
on conflict (agent) do update set
    id = excluded.id, at = excluded.at, state = excluded.state, reason = excluded.reason,
    station = excluded.station, call = excluded.call
where excluded.at >= agents_now.at

-- name: facts_of_calls
-- Not the ways: no record is made of them, and they are the longest facts.
select id, call, at, kind, detail from call_facts
where call = any($1::text[]) and kind <> 'way'
order by call

-- name: upsert_call
insert into calls (
    call, project, hotline, line, caller, flow, language, entered_at, queue, queued_at,
    answered_at, wait_s, ended_at, outcome, ended_by, cause, why, agents, talk_s, hold_s, score,
    recording_file, recording_sha256, recording_s, bridged_s, recording_whole, recording_bytes,
    recording_lost, adopted, talk_ended_by, queues, caller_name, placed, campaign
) values (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
    $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34
)
on conflict (call) do update set
    project = excluded.project, hotline = excluded.hotline, line = excluded.line,
    caller = excluded.caller, flow = excluded.flow, language = excluded.language,
    entered_at = excluded.entered_at, queue = excluded.queue, queued_at = excluded.queued_at,
    answered_at = excluded.answered_at, wait_s = excluded.wait_s, ended_at = excluded.ended_at,
    outcome = excluded.outcome, ended_by = excluded.ended_by, cause = excluded.cause,
    why = excluded.why, agents = excluded.agents, talk_s = excluded.talk_s,
    hold_s = excluded.hold_s, score = excluded.score, recording_file = excluded.recording_file,
    recording_sha256 = excluded.recording_sha256, recording_s = excluded.recording_s,
    bridged_s = excluded.bridged_s, recording_whole = excluded.recording_whole,
    recording_bytes = excluded.recording_bytes, recording_lost = excluded.recording_lost,
    adopted = excluded.adopted, talk_ended_by = excluded.talk_ended_by, queues = excluded.queues,
    caller_name = excluded.caller_name, placed = excluded.placed, campaign = excluded.campaign
where calls.* is distinct from excluded.*

-- name: insert_call_kinds
-- In order, so that two who write the same new kinds don't wait for each other.
insert into call_kinds (project, hotline, queues, outcome, withheld, spoken)
select project, hotline, queues, outcome, withheld, spoken
from (
    select distinct
        project, coalesce(hotline, '') as hotline, queues, outcome, caller is null as withheld,
        agents <> '{}' as spoken
    from calls where call = any($1::text[])
) as kinds
order by call_kind(project, hotline, queues, outcome, withheld, spoken)
on conflict do nothing

-- name: insert_call_agents
insert into call_agents (call, agent, project, entered_at)
select * from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[])
on conflict (call, agent) do update set
    project = excluded.project, entered_at = excluded.entered_at
where call_agents.* is distinct from excluded.*

-- name: forget_call_agents
delete from call_agents
where call = any($1::text[]) and not exists (
    select from unnest($2::text[], $3::text[]) as spoke (call, agent)
    where spoke.call = call_agents.call and spoke.agent = call_agents.agent
)

-- name: insert_call_queues
insert into call_queues (call, queue, project, entered_at)
select * from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[])
on conflict (call, queue) do update set
    project = excluded.project, entered_at = excluded.entered_at
where call_queues.* is distinct from excluded.*

-- name: forget_call_queues
delete from call_queues
where call = any($1::text[]) and not exists (
    select from unnest($2::text[], $3::text[]) as stood (call, queue)
    where stood.call = call_queues.call and stood.queue = call_queues.queue
)

-- name: upsert_stays
insert into queue_stays (call, number, queue, entered_at, outcome, wait_s)
select * from unnest(
    $1::text[], $2::smallint[], $3::text[], $4::timestamptz[], $5::text[], $6::double precision[]
)
on conflict (call, number) do update set
    queue = excluded.queue, entered_at = excluded.entered_at, outcome = excluded.outcome,
    wait_s = excluded.wait_s
where queue_stays.* is distinct from excluded.*

-- name: forget_stays
delete from queue_stays using unnest($1::text[], $2::int[]) as has (call, stays)
where queue_stays.call = has.call and queue_stays.number > has.stays

-- name: some_to_refold
-- Newest first: people look at today's figures, not at last year's.
select call from calls_to_refold order by entered_at desc limit $1

-- name: refolded
delete from calls_to_refold where call = any($1::text[])
