-- name: get_call
select f.id, f.call, f.at, f.kind, f.detail
from calls c join call_facts f on f.call = c.call
where c.call = $1 and ($2::text[] is null or c.project = any($2))

-- name: open_calls
select f.id, f.call, f.at, f.kind, f.detail
from calls c join call_facts f on f.call = c.call
where c.ended_at is null and ($1::text[] is null or c.project = any($1))
order by c.entered_at, c.call

-- name: summary
with spanned as (
    select
        *,
        queued_at is not null as offered,
        answered_at is not null as answered,
        wait_s <= coalesce(($5::jsonb ->> queue)::double precision, $4) as within,
        wait_s <= coalesce(($7::jsonb ->> queue)::double precision, $6) as short
    from calls
    where entered_at >= $1
      and not placed
      and ($2::timestamptz is null or entered_at < $2)
      and ($3::text[] is null or project = any($3))
)
select
    count(*) as call_records,
    count(*) filter (where offered) as offered,
    count(*) filter (where answered) as answered,
    count(*) filter (where answered and within) as answered_within,
    count(*) filter (where outcome = 'abandoned' and not short) as abandoned,
    count(*) filter (where outcome = 'abandoned' and short) as short_abandoned,
    count(*) filter (where offered and outcome = 'unserved') as unserved,
    count(*) filter (where offered and outcome = 'lost') as lost,
    count(*) filter (where offered and outcome = 'open' and not answered) as waiting,
    count(*) filter (where outcome = 'open') as open,
    count(*) filter (where outcome = 'self_service') as self_service,
    coalesce(avg(wait_s) filter (where offered), 0) as mean_wait_s,
    coalesce(avg(wait_s) filter (where answered), 0) as mean_answer_s,
    count(recording_file) as recordings
from spanned

-- name: figures_of_queues
-- The stays are counted by queue and outcome first: there are thousands of them, and few of those.
with asked as materialized (
    select * from unnest($3::text[], $4::double precision[], $5::double precision[])
        as asked (queue, service_level_s, short_abandon_s)
), counted as (
    select
        s.queue,
        s.outcome,
        count(*) as stays,
        count(wait_s) as waits,
        sum(wait_s) as waited_s,
        count(*) filter (where wait_s <= service_level_s) as within,
        count(*) filter (where wait_s <= short_abandon_s) as short
    from queue_stays s join asked on asked.queue = s.queue
    where s.entered_at >= $1 and ($2::timestamptz is null or s.entered_at < $2)
    group by s.queue, s.outcome
)
select
    queue,
    service_level_s,
    short_abandon_s,
    coalesce(sum(stays), 0)::bigint as offered,
    coalesce(sum(stays) filter (where outcome = 'answered'), 0)::bigint as answered,
    coalesce(sum(within) filter (where outcome = 'answered'), 0)::bigint as answered_within,
    coalesce(sum(waits - short) filter (where outcome = 'abandoned'), 0)::bigint as abandoned,
    coalesce(sum(short) filter (where outcome = 'abandoned'), 0)::bigint as short_abandoned,
    coalesce(sum(stays) filter (where outcome = 'unserved'), 0)::bigint as unserved,
    coalesce(sum(stays) filter (where outcome = 'lost'), 0)::bigint as lost,
    coalesce(sum(stays) filter (where outcome = 'open'), 0)::bigint as waiting,
    coalesce(sum(waited_s) / nullif(sum(waits), 0), 0)::double precision as mean_wait_s,
    coalesce(
        sum(waited_s) filter (where outcome = 'answered')
            / nullif(sum(waits) filter (where outcome = 'answered'), 0),
        0
    )::double precision as mean_answer_s
from asked left join counted using (queue)
group by queue, service_level_s, short_abandon_s

-- name: blocked_calls
select
    line,
    count(*) filter (where outcome = 'blocked') as calls,
    count(*) filter (where outcome = 'refused') as callers
from calls
where outcome in ('blocked', 'refused') and entered_at >= $1
group by line

-- name: ended_calls
select call from calls where call = any($1::text[]) and ended_at is not null
