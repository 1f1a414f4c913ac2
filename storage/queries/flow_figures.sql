-- name: count
-- In order, so that two who count the same don't wait for each other.
insert into flow_figures (
    flow, slot, revision, project, node, exit, hung_up, lasted, calls, silent, seconds
)
select * from unnest(
    $1::text[], $2::timestamptz[], $3::int[], $4::text[], $5::text[], $6::text[], $7::boolean[],
    $8::smallint[], $9::bigint[], $10::bigint[], $11::double precision[]
) as counted (
    flow, slot, revision, project, node, exit, hung_up, lasted, calls, silent, seconds
)
order by flow, slot, revision, project, node, exit, hung_up, lasted
on conflict (flow, slot, revision, project, node, exit, hung_up, lasted) do update set
    calls = flow_figures.calls + excluded.calls,
    silent = flow_figures.silent + excluded.silent,
    seconds = flow_figures.seconds + excluded.seconds

-- name: forget
delete from flow_figures where slot < $1

-- name: figures
select revision, node, exit, hung_up, lasted,
    sum(calls)::bigint as calls, sum(silent)::bigint as silent, sum(seconds) as seconds
from flow_figures
where flow = $1 and slot >= $2 and ($3::text[] is null or project = any($3))
group by revision, node, exit, hung_up, lasted

-- name: newest_ways
select f.call from call_facts f join calls c using (call)
where f.kind = 'way' and f.detail ->> 'flow' = $1 and f.at >= $2
    and ($3::text[] is null or c.project = any($3)) and c.line is distinct from $4
order by f.at desc limit $5

-- name: ways
select f.call, f.at, f.detail, c.entered_at, c.caller, c.hotline, c.placed
from calls c join call_facts f using (call)
where c.call = any($1::text[]) and f.kind = 'way'
order by c.entered_at desc, f.call, f.at
