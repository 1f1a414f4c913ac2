-- name: asked_for
-- The conditions of a CallFilter but the days, which go to the table whose index has them.
  and ($1::text[] is null or c.project = any($1))
  and ($2::text is null or c.project = $2)
  and ($5::text is null or c.hotline = $5)
  and ($6::text is null or c.queues @> array[$6])
  and ($7::text is null or c.outcome = $7)
  -- An empty text asks for withheld numbers.
  and ($8::text is null or ($8 = '' and c.caller is null)
    or (c.caller like $8 and caller_grams(c.caller) @> caller_grams($9)))

-- name: list_calls
select * from calls c
where ($3::timestamptz is null or c.entered_at >= $3)
  and ($4::timestamptz is null or c.entered_at < $4)
  -- put: asked_for
order by c.entered_at desc, c.call desc
limit $10 offset $11

-- name: count_calls
select count(*) from (
    select 1 from calls c
    where ($3::timestamptz is null or c.entered_at >= $3)
      and ($4::timestamptz is null or c.entered_at < $4)
      -- put: asked_for
    limit $10
) as hits

-- name: list_calls_of_agent
select c.* from call_agents a join calls c on c.call = a.call
where a.agent = $12
  and ($3::timestamptz is null or a.entered_at >= $3)
  and ($4::timestamptz is null or a.entered_at < $4)
  -- put: asked_for
order by a.entered_at desc, a.call desc
limit $10 offset $11

-- name: count_calls_of_agent
select count(*) from (
    select 1 from call_agents a join calls c on c.call = a.call
    where a.agent = $11
      and ($3::timestamptz is null or a.entered_at >= $3)
      and ($4::timestamptz is null or a.entered_at < $4)
      -- put: asked_for
    limit $10
) as hits

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

-- name: summary_of_queue
with spanned as (
    select
        s.*,
        c.ended_at,
        c.recording_file,
        s.wait_s <= $4 as within,
        s.wait_s <= $5 as short
    from queue_stays s join calls c on c.call = s.call
    where s.queue = $6
      and s.entered_at >= $1
      and ($2::timestamptz is null or s.entered_at < $2)
      and ($3::text[] is null or c.project = any($3))
)
select
    count(distinct call) as call_records,
    count(*) as offered,
    count(*) filter (where outcome = 'answered') as answered,
    count(*) filter (where outcome = 'answered' and within) as answered_within,
    count(*) filter (where outcome = 'abandoned' and not short) as abandoned,
    count(*) filter (where outcome = 'abandoned' and short) as short_abandoned,
    count(*) filter (where outcome = 'unserved') as unserved,
    count(*) filter (where outcome = 'lost') as lost,
    count(*) filter (where outcome = 'open') as waiting,
    count(distinct call) filter (where ended_at is null) as open,
    0 as self_service,
    coalesce(avg(wait_s), 0) as mean_wait_s,
    coalesce(avg(wait_s) filter (where outcome = 'answered'), 0) as mean_answer_s,
    count(distinct call) filter (where recording_file is not null) as recordings
from spanned

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
