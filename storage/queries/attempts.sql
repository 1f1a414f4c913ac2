-- name: lock_numbers
-- Whoever calls a number, learns what came of it, or puts it on a list takes its turn: the numbers'
-- locks come first, then leads, then attempts. 256 locks that are taken in order can't deadlock.
select pg_advisory_xact_lock($1::int, bucket)
from (
    select distinct hashtext(number) & 255 as bucket from unnest($2::text[]) as number order by bucket
) as buckets

-- name: campaign_to_dial
select project, state, settings, removed_at from campaigns where campaign = $1

-- name: lead_to_dial
-- After its lock, in a statement of its own: the snapshot of one that waited is from before.
select l.*, s.state as list_state,
    exists (select from campaign_lists c where c.campaign = $2 and c.list = l.list) as attached,
    exists (select from attempts a where a.lead = l.lead and a.ended_at is null) as in_attempt
from leads l join lists s on s.list = l.list
where l.lead = $1

-- name: insert_attempt
insert into attempts (
    attempt, campaign, project, list, lead, number, line, caller_id, mode, agent, stage, reserved_at
) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'reserved', $11)
on conflict do nothing
returning attempt

-- name: note_attempt
update attempts set note = $2 where attempt = $1

-- name: known_customer
select max(l.consent_at) as consent_at,
    (array_agg(l.timezone order by l.lead desc) filter (where l.timezone is not null))[1] as timezone
from leads l join lead_numbers n on n.lead = l.lead
where n.number = $1 and l.project = $2 and l.state <> 'removed'

-- name: in_call_now
select attempt, lead from attempts
where ended_at is null and (number = $1 or lead = $2) limit 1

-- name: give_up_lease
update leads set leased_until = null, leased_by = null, held_by = null where lead = $1

-- name: requested
update attempts set
    requested_at = coalesce(requested_at, $2),
    stage = case when stage = 'reserved' then 'requested' else stage end
where attempt = $1

-- name: open_attempts
select * from attempts where ended_at is null order by reserved_at, attempt

-- name: attempt
select * from attempts where attempt = $1

-- name: known_attempts
select attempt, lead, number from attempts where attempt = any($1::text[])

-- name: lock_leads
-- With all leads that have one of the numbers, which an opt-out closes.
select lead from leads
where lead = any($1::bigint[]) or lead in (select lead from lead_numbers where number = any($2::text[]))
order by lead for update

-- name: locked_lead
select * from leads where lead = $1 for update

-- name: lock_attempts
select a.*, c.settings from attempts a left join campaigns c on c.campaign = a.campaign
where a.attempt = any($1::text[])
order by a.attempt
for update of a

-- name: facts_of_attempts
select id, call, at, kind, detail from call_facts where call = any($1::text[]) order by call, at

-- name: update_attempt
update attempts set
    stage = $2, rang_at = $3, answered_at = $4, talk_at = $5, ended_at = $6, cause = $7, q850 = $8,
    sip = $9, ended_by = $10, outcome = $11, agent = coalesce($12, agent), opted_out_at = $13,
    left_early = $14, person_at = $15
where attempt = $1

-- name: applied
update attempts set applied = $2 where attempt = $1

-- name: give_up
update attempts set given_up_at = $2
where attempt = $1 and ended_at is null and stage = 'unknown'
returning attempt

-- name: books_of_lead
-- All attempts that count, over all numbers, which attempt was the last of all, and how many since
-- the last that counts the trunk didn't carry. Not by time: the clock may have been set back.
select count(*)::int as attempts, max(reserved_at) as last_attempt_at,
    (array_agg(outcome order by ordinal desc))[1] as last_outcome,
    (array_agg(cause order by ordinal desc))[1] as last_cause,
    (select n.attempt from attempts n where n.lead = $1 order by n.ordinal desc limit 1) as newest,
    (select count(*)::int from attempts f
     where f.lead = $1 and f.ended_at is not null and f.outcome is null and f.cause is not null
       and not exists (
         select from attempts c
         where c.lead = $1 and c.ordinal > f.ordinal and c.ended_at is not null and c.outcome is not null
       )) as failures
from attempts where lead = $1 and ended_at is not null and outcome is not null

-- name: invalid_number
update lead_numbers set state = 'invalid' where lead = $1 and number = $2

-- name: count_in_lead
update leads set attempts = $2, last_attempt_at = $3, last_outcome = $4, last_cause = $5
where lead = $1

-- name: go_on_with_lead
update leads set
    state = $2, why = $3, next_at = coalesce($4, next_at), overdue_at = $5, callback_at = $6,
    callback_agent = $7, callback_tries = $8, put_off_until = $9,
    held_by = case when $9::timestamptz is not null then 'put_off' end, held_for = null,
    leased_until = null, leased_by = null
where lead = $1

-- name: gap_of_campaign
-- Other campaigns that have the list may have another gap.
update leads l set held_by = 'gap', held_for = $2
where l.lead = $1 and l.state = 'open' and l.held_by is null and l.callback_at is null and l.next_at = $3
  and exists (
    select from campaign_lists c join campaigns k on k.campaign = c.campaign
    where c.list = l.list and c.campaign <> $2 and k.removed_at is null
  )

-- name: persons_by_minute
select date_trunc('minute', answered_at) as minute, left_early, outcome,
    person_at is not null as heard, count(*)::int as persons
from attempts
where campaign = $1 and reserved_at > $2 and answered_at is not null
  and outcome in ('abandoned', 'spoken') and mode <> 'agentless'
group by 1, 2, 3, 4 order by 1

-- name: persons_by_day
select (answered_at at time zone $3)::date as day, left_early, outcome,
    person_at is not null as heard, count(*)::int as persons
from attempts
where campaign = $1 and reserved_at > $2 and answered_at is not null
  and outcome in ('abandoned', 'spoken') and mode <> 'agentless'
group by 1, 2, 3, 4 order by 1

-- name: never_placed
select a.attempt, a.number, a.lead from attempts a
where a.ended_at is null and (a.reserved_at < $1 or a.reserved_at > $2)
  and not exists (select from call_facts f where f.call = a.attempt)

-- name: close_never_placed
update attempts a set ended_at = $2, stage = 'not_reached', applied = 'never_placed'
where a.attempt = any($1::text[]) and a.ended_at is null
  and not exists (select from call_facts f where f.call = a.attempt)
returning a.attempt

-- name: long_unknown
select attempt from attempts
where ended_at is null and stage = 'unknown' and reserved_at < $1 order by reserved_at
