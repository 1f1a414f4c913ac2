-- name: voicemail_rows
-- Everywhere: $1 the projects (null: all), $2 from when on, $3 the queues whose entries may be seen
-- (null: all; what belongs to no queue is for everybody), $4 whether those are wanted that are done.
select 'voicemail' as kind, f.detail ->> 'name' as ref, c.project, f.detail ->> 'queue' as queue, f.at,
    c.call, c.caller, c.caller_name, c.line, c.hotline, (f.detail ->> 'duration_s')::double precision as seconds,
    f.detail ->> 'file' as file, f.detail ->> 'short' = 'true' as short, null::text as place, null::timestamptz as due_at, null::text as agent,
    w.claimed_by, w.claimed_until, w.done_at, w.done_by, coalesce(w.note, '') as note,
    null::text as answered_in, null::timestamptz as answered_at
from call_facts f
join calls c on c.call = f.call
left join work_entries w on w.kind = 'voicemail' and w.ref = f.detail ->> 'name'
where f.kind = 'voice' and f.detail ->> 'queue' is not null and f.at >= $2
  and ($1::text[] is null or c.project = any($1))
  and ($3::text[] is null or f.detail ->> 'queue' = any($3))
  and (w.done_at is not null) = $4::boolean

-- name: voicemail
-- put: voicemail_rows
order by f.at limit $5

-- name: voicemail_done
-- put: voicemail_rows
order by w.done_at desc limit $5

-- name: one_voicemail
-- put: voicemail_rows
and f.call = $6 and f.detail ->> 'name' = $5 limit 1

-- name: missed_head
-- The caller's next call that counts says what became of it: answered, or missed as well, and then that
-- one stands for both. A voicemail or a callback of the same call stands for it, too. What is asked about
-- each call is asked in its turn, so that the search ends when there are enough.
select 'missed' as kind, c.call as ref, c.project, c.queue, c.entered_at as at,
    c.call, c.caller, c.caller_name, c.line, c.hotline, c.wait_s as seconds,
    null::text as file,
    case when c.outcome <> 'self_service' then c.outcome when c.ended_by = 'caller' then 'menu' else 'end' end as place,
    null::timestamptz as due_at, null::text as agent,
    w.claimed_by, w.claimed_until, w.done_at, w.done_by, coalesce(w.note, '') as note,
    n.call as answered_in, n.answered_at
from (

-- name: missed_calls
select c.* from (
    select c.* from calls c
    where c.outcome in ('abandoned', 'unserved', 'lost', 'self_service', 'closed') and not c.placed
      and c.line is distinct from 'own.phones' and c.answered_at is null and cardinality(c.agents) = 0
      and c.entered_at >= $2
      and ($1::text[] is null or c.project = any($1))
      and ($3::text[] is null or c.queue is null or c.queue = any($3))

-- name: missed_among
where true
  and case when (select w.done_at from work_entries w where w.kind = 'missed' and w.ref = c.call) is not null
      then $4::boolean else coalesce((
    select (o.answered_at is not null) = $4::boolean and (o.answered_at is not null) from calls o
    where o.project = c.project and o.caller = c.caller and o.entered_at >= c.entered_at and o.call <> c.call
      and not o.placed
      and (o.answered_at is not null or o.ended_at is null
           or o.outcome in ('abandoned', 'unserved', 'lost', 'self_service', 'closed'))
    order by o.entered_at limit 1), not $4::boolean) end
  and (select f.kind from call_facts f
       where f.call = c.call and f.kind = 'voice' and f.detail ->> 'queue' is not null limit 1) is null
  and (select l.lead from leads l where l.callback_call = c.call limit 1) is null

-- name: missed_tail
) c
left join work_entries w on w.kind = 'missed' and w.ref = c.call
left join lateral (
    select o.call, o.answered_at from calls o
    where o.project = c.project and o.caller = c.caller and o.entered_at >= c.entered_at and o.call <> c.call
      and not o.placed
      and (o.answered_at is not null or o.ended_at is null
           or o.outcome in ('abandoned', 'unserved', 'lost', 'self_service', 'closed'))
    order by o.entered_at limit 1
) n on true

-- name: missed
-- put: missed_head
-- put: missed_calls
    order by c.entered_at offset 0) c
-- put: missed_among
order by c.entered_at limit $5
-- put: missed_tail
order by c.entered_at

-- name: missed_done
-- put: missed_head
-- put: missed_calls
    order by c.entered_at desc offset 0) c
-- put: missed_among
order by c.entered_at desc limit $5
-- put: missed_tail
order by c.entered_at desc

-- name: one_missed
-- put: missed_head
-- put: missed_calls
      and c.call = $5 and $6 = c.call) c
-- put: missed_among
-- put: missed_tail

-- name: missed_before
-- How often these callers were missed since somebody last talked with them.
select asked.call, (
    select count(*)::int from calls m
    where m.project = c.project and m.caller = c.caller and m.entered_at between $2 and c.entered_at
      and not m.placed and m.outcome in ('abandoned', 'unserved', 'lost', 'self_service', 'closed')
      and m.entered_at > coalesce((
          select max(a.entered_at) from calls a
          where a.project = c.project and a.caller = c.caller and a.entered_at < c.entered_at
            and not a.placed and a.answered_at is not null), '-infinity')
) as missed
from unnest($1::text[]) as asked (call) join calls c on c.call = asked.call

-- name: callback_rows
-- Who has got through by themselves since it was due needs no callback; the dialer drops it.
select 'callback' as kind, l.lead || ':' || coalesce(l.callback_call, '') as ref, l.project,
    coalesce(l.callback_queue, r.queue) as queue, coalesce(r.entered_at, l.callback_at) as at,
    l.callback_call as call, l.key as caller, r.caller_name, r.line, r.hotline, null::double precision as seconds,
    null::text as file,
    case when l.state <> 'open' or s.state <> 'active' then 'paused'
         when exists (select from attempts o where o.lead = l.lead and o.ended_at is null) then 'in_call'
         when l.callback_tries > 0 then 'tried' else 'booked' end as place,
    greatest(l.callback_at, case when isfinite(l.next_at) then l.next_at end) as due_at, l.callback_agent as agent,
    w.claimed_by, w.claimed_until, w.done_at, w.done_by, coalesce(w.note, '') as note,
    n.call as answered_in, n.answered_at
from leads l
join lists s on s.list = l.list and s.callers and s.state <> 'removed'
left join calls r on r.call = l.callback_call
left join lateral (
    select o.call, o.answered_at from calls o
    where o.project = r.project and o.caller = r.caller and o.entered_at > r.entered_at and not o.placed
      and o.answered_at >= l.callback_at
    order by o.entered_at limit 1
) n on true
left join work_entries w on w.kind = 'callback' and w.ref = l.lead || ':' || coalesce(l.callback_call, '')
where l.callback_at is not null and l.state in ('open', 'paused') and (n.answered_at is not null) = $4::boolean
  and $2::timestamptz is not null
  and ($1::text[] is null or l.project = any($1))
  and ($3::text[] is null or coalesce(l.callback_queue, r.queue) is null or coalesce(l.callback_queue, r.queue) = any($3))

-- name: callback
-- put: callback_rows
order by l.callback_at, l.lead limit $5

-- name: callback_done_rows
select 'callback' as kind, w.ref, w.project, coalesce(l.callback_queue, r.queue) as queue,
    coalesce(r.entered_at, w.done_at) as at, nullif(substr(w.ref, strpos(w.ref, ':') + 1), '') as call, l.key as caller, r.caller_name, r.line, r.hotline,
    null::double precision as seconds, null::text as file, 'booked' as place, null::timestamptz as due_at,
    null::text as agent, w.claimed_by, w.claimed_until, w.done_at, w.done_by, w.note,
    null::text as answered_in, null::timestamptz as answered_at
from work_entries w
join leads l on l.lead = split_part(w.ref, ':', 1)::bigint
left join calls r on r.call = substr(w.ref, strpos(w.ref, ':') + 1)
where w.kind = 'callback' and w.done_at >= $2 and $4::boolean
  and ($1::text[] is null or w.project = any($1))
  and ($3::text[] is null or coalesce(l.callback_queue, r.queue) is null or coalesce(l.callback_queue, r.queue) = any($3))

-- name: callback_done
select * from (
-- put: callback_done_rows
    union all
-- put: callback_rows
) every order by coalesce(done_at, answered_at) desc limit $5

-- name: one_callback_done
-- put: callback_done_rows
and w.ref = $5

-- name: one_callback
-- put: callback_rows
and l.lead = $6 and l.lead || ':' || coalesce(l.callback_call, '') = $5

-- name: entry
select * from work_entries where kind = $1 and ref = $2 for update

-- name: claim
-- Whoever has it keeps it until their time is over.
insert into work_entries (kind, ref, project, claimed_by, claimed_until) values ($1, $2, $3, $4, $5)
on conflict (kind, ref) do update set claimed_by = excluded.claimed_by, claimed_until = excluded.claimed_until
where work_entries.done_at is null
  and (work_entries.claimed_by is null or work_entries.claimed_by = $4 or work_entries.claimed_until <= $6)
returning claimed_by

-- name: release
update work_entries set claimed_by = null, claimed_until = null
where kind = $1 and ref = $2 and claimed_by = $3 and done_at is null returning ref

-- name: finish
insert into work_entries (kind, ref, project, done_at, done_by, note, change) values ($1, $2, $3, $4, $5, $6, $7)
on conflict (kind, ref) do update set done_at = excluded.done_at, done_by = excluded.done_by, note = excluded.note,
    change = excluded.change, claimed_by = null, claimed_until = null
where work_entries.done_at is null returning ref

-- name: reopen
update work_entries set done_at = null, done_by = null, change = null
where kind = $1 and ref = $2 and done_at is not null returning note

-- name: keep_lead
-- While somebody has it in hand, the dialer leaves it alone.
update leads set leased_until = $2, leased_by = $3
where lead = $1 and (leased_until is null or leased_until <= $4 or leased_by like 'worklist:%')
  and not exists (select from attempts o where o.lead = leads.lead and o.ended_at is null)
returning lead

-- name: give_lead_back
update leads set leased_until = null, leased_by = null where lead = $1 and leased_by = $2

-- name: calls_to
-- The last call to each of these numbers.
select distinct on (number) number, reserved_at, ended_at, outcome, agent
from attempts where number = any($1::text[]) and reserved_at >= $2
order by number, reserved_at desc
