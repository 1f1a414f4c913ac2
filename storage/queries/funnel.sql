-- name: campaign
select project, settings from campaigns where campaign = $1 and removed_at is null

-- name: step
case
    when s.state <> 'active' then 'list_' || s.state
    when l.state = 'finished' then case when l.why = 'attempts' then 'attempts' else 'done' end
    when l.state <> 'open' then l.state
    when exists (select from attempts a where a.lead = l.lead and a.ended_at is null) then 'in_attempt'
    when l.leased_until > $2 then 'claimed'
    when l.callback_at > $2 then 'callback'
    when l.next_at > $2 and not o.for_others then coalesce(l.held_by, 'gap')
    when l.callback_at is not null then 'callback_agent'
    else 'due'
end

-- name: counts
select step, count(*)::int as leads, min(until) filter (where isfinite(until)) as until
from (
    select
    -- put: step
    as step, case when l.next_at > $2 and not o.for_others then l.next_at end as until
    from campaign_lists c join lists s on s.list = c.list join leads l on l.list = c.list
    -- put: other_campaigns
    where c.campaign = $1
) leads
group by step

-- name: held
select lead, list, name, state, why, held_by, attempts, last_attempt_at, until
from (
    select l.*,
    -- put: step
    as step, case when l.next_at > $2 and not o.for_others and isfinite(l.next_at) then l.next_at end as until
    from campaign_lists c join lists s on s.list = c.list join leads l on l.list = c.list
    -- put: other_campaigns
    where c.campaign = $1 and l.lead > $4
) leads
where step = $3
order by lead limit $5

-- name: other_campaigns
-- Whether only other campaigns' rules hold it.
    cross join lateral (
        select l.held_by is not null and l.held_for is not null
            and not $1 = any(string_to_array(l.held_for, ',')) as for_others
    ) o

-- name: held_lead
select
-- put: step
as step, case when l.next_at > $2 and isfinite(l.next_at) then l.next_at end as until, l.project
from leads l join lists s on s.list = l.list cross join (select false as for_others) o
where l.lead = $1

-- name: unjudged
select l.* from leads l
where l.list = any(
    select c.list from campaign_lists c join lists s on s.list = c.list and s.state = 'active'
    where c.campaign = $1
)
  and l.state = 'open' and l.callback_at is null and l.lead > $3
  and (l.next_at <= $2 or (
    l.held_by is not null and l.held_for is not null and not $1 = any(string_to_array(l.held_for, ','))
  ))
  and (l.leased_until is null or l.leased_until <= $2)
  and not exists (select from attempts a where a.lead = l.lead and a.ended_at is null)
order by l.lead limit $4
for update skip locked

-- name: rate
select count(*)::int as attempts, min(reserved_at) as since from attempts
where campaign = $1 and reserved_at > $2 and reserved_at <= $3

-- name: insert_decisions
insert into pacing_decisions (campaign, at, reason, dialled, figures)
select * from unnest($1::text[], $2::timestamptz[], $3::text[], $4::integer[], $5::jsonb[])

-- name: decisions
-- Also the one before, which held when the span began.
select at, reason, dialled, figures from pacing_decisions
where campaign = $1 and at < $3 and at >= coalesce(
    (select max(at) from pacing_decisions where campaign = $1 and at <= $2), $2
)
order by at limit $4
