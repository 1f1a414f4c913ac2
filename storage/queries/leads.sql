-- name: running_campaign
select project, settings from campaigns
where campaign = $1 and state = 'running' and removed_at is null

-- name: overdue_leads
-- The lists' order holds; each list's index gives its due leads in order. Callbacks are claimed apart.
select l.*
from (
    select c.list from campaign_lists c join lists s on s.list = c.list and s.state = 'active'
    where c.campaign = $1 order by c.place, c.list
) active
cross join lateral (
    select l.* from leads l
    where l.list = active.list and l.state = 'open' and l.overdue_at <= $2 and l.next_at <= $2
      and l.callback_at is null
      -- put: free_lead
    order by l.overdue_at limit $3
    for update skip locked
) l
limit $3

-- name: due_leads
select l.*
from (
    select c.list from campaign_lists c join lists s on s.list = c.list and s.state = 'active'
    where c.campaign = $1 order by c.place, c.list
) active
cross join lateral (
    select l.* from leads l
    where l.list = active.list and l.state = 'open' and l.next_at <= $2
      and l.callback_at is null
      -- put: free_lead
    order by l.next_at, l.lead limit $3
    for update skip locked
) l
limit $3

-- name: free_lead
      and (l.leased_until is null or l.leased_until <= $2)
      and not exists (select from attempts a where a.lead = l.lead and a.ended_at is null)

-- name: numbers_of
select lead, place, number, kind, state from lead_numbers
where lead = any($1::bigint[]) order by lead, place

-- name: calls_to
-- All calls to these numbers, whoever placed them; those of the trunk never reached anybody.
select number, reserved_at, ended_at, outcome from attempts
where number = any($1::text[]) and reserved_at > $2 and (ended_at is null or outcome is not null)

-- name: not_to_call
-- What held from the moment when it was put there holds, even if the clock was set back since.
select number, project,
    case when since <= made_at + interval '1 second' then least(since, $3) else since end as since
from do_not_call
where number = any($1::text[]) and project in ('', $2)

-- name: lease
update leads set leased_until = $2, leased_by = $3, held_by = null
where lead = any($1::bigint[])

-- name: hold
update leads l set
    next_at = coalesce(held.next_at, 'infinity'), held_by = held.rule, leased_until = null, leased_by = null,
    state = held.state, why = case when held.state = 'open' then l.why else held.rule end
from unnest($1::bigint[], $2::text[], $3::timestamptz[], $4::text[])
    as held (lead, rule, next_at, state)
where l.lead = held.lead

-- name: renew
update leads set leased_until = $3
where lead = any($1::bigint[]) and leased_by = $2 and leased_until > $4 and state = 'open'
  and exists (select from lists s where s.list = leads.list and s.state = 'active')
returning lead

-- name: free_leases
update leads set leased_until = null, leased_by = null
where lead in (
    select lead from leads where leased_by <> $1 order by lead for update skip locked
)
returning lead

-- name: release
update leads set leased_until = null, leased_by = null
where lead = any($1::bigint[]) and leased_by = $2

-- name: look_again
-- What is being called or changed at this moment is judged anew in any case.
update leads l set
    next_at = '-infinity', held_by = null, state = 'open',
    why = case when l.state = 'open' then l.why end
from (
    select lead from leads
    where list in (select list from campaign_lists where campaign = $1)
      and ((state = 'open' and next_at > $2)
           or (state = 'finished' and why = 'attempts' and attempts < $3))
    order by lead for update skip locked
) held
where l.lead = held.lead
