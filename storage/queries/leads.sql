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

-- name: leads_held_for_others
-- Other campaigns' rules hold them. The sets of campaigns there are in a list are found one by one in
-- the index, because leads that wait for this one, too, may be many.
with recursive active as (
    select c.list, c.place from campaign_lists c join lists s on s.list = c.list and s.state = 'active'
    where c.campaign = $1
), sets as (
    select a.list, a.place, (
        select min(l.held_for) from leads l
        where l.list = a.list and l.state = 'open' and l.held_for is not null
    ) as held_for
    from active a
    union all
    select s.list, s.place, (
        select min(l.held_for) from leads l
        where l.list = s.list and l.state = 'open' and l.held_for > s.held_for
    )
    from sets s where s.held_for is not null
), others as (
    select list, held_for from sets
    where held_for is not null and not $1 = any(string_to_array(held_for, ','))
    order by place, list
)
select l.*
from others
cross join lateral (
    select l.* from leads l
    where l.list = others.list and l.held_for = others.held_for and l.state = 'open'
      and l.next_at > $2 and l.held_by is not null and l.callback_at is null
      -- put: free_lead
    order by l.next_at limit $3
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
-- One that others' rules held is due from now on for all, should it be given back.
update leads set
    leased_until = $2, leased_by = $3, held_by = null, held_for = null, next_at = least(next_at, $4)
where lead = any($1::bigint[])

-- name: hold
-- Where other campaigns have the list, it is held for this one ($5) and for those who held it before, until
-- the first of them may dial it.
update leads l set
    next_at = case when held.before is null then held.until else least(l.next_at, held.until) end,
    held_by = held.rule, leased_until = null, leased_by = null,
    state = held.state, why = case when held.state = 'open' then l.why else held.rule end,
    held_for = case when held.shared and held.state = 'open' then (
        select string_agg(distinct one, ',' order by one)
        from unnest(coalesce(held.before, '{}') || $5::text) one
    ) end
from (
    select h.lead, h.rule, coalesce(h.until, 'infinity') as until, h.state,
        case when n.held_by is not null and n.next_at > $6 and h.state = 'open'
            then string_to_array(n.held_for, ',') end as before,
        $5::text is not null and exists (
            select from campaign_lists c join campaigns k on k.campaign = c.campaign
            where c.list = n.list and c.campaign <> $5 and k.removed_at is null
        ) as shared
    from unnest($1::bigint[], $2::text[], $3::timestamptz[], $4::text[]) as h (lead, rule, until, state)
    join leads n on n.lead = h.lead
) held
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
    next_at = '-infinity', held_by = null, held_for = null, state = 'open',
    why = case when l.state = 'open' then l.why end
from (
    select lead from leads
    where list in (select list from campaign_lists where campaign = $1)
      and ((state = 'open' and next_at > $2)
           or (state = 'finished' and why = 'attempts' and attempts < $3))
    order by lead for update skip locked
) held
where l.lead = held.lead

-- name: judge_anew
-- Some of them, after a lead. What is held for good waits for something else, and what an agent has put off
-- for that time. What is being judged at this moment stays as it is.
with free as (
    update leads l set next_at = '-infinity', held_by = null, held_for = null
    from (
        select lead from leads
        where state = 'open' and held_by is not null and next_at > $1 and isfinite(next_at)
          and put_off_until is distinct from next_at
          and lead > $2
        order by lead limit $3 for update skip locked
    ) held
    where l.lead = held.lead
    returning l.lead
)
select count(*) as leads, max(lead) as last from free
