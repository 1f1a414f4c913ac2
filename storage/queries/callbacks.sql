-- name: due
-- With the campaign that keeps the promise: the one in whose call it was made, or else one that
-- dials the list; a paused one keeps it, too. Callers have none: the call says how to call them.
-- Who asked for it in a flow, and is on the line still, is not called.
select l.lead, l.list, l.project, l.callback_at, l.callback_agent, l.next_at, s.callers,
    c.campaign, c.settings,
    coalesce(l.callback_queue, r.queue) as queue, r.line, r.hotline, case when s.callers then l.key end as caller
from leads l
join lists s on s.list = l.list and s.state = 'active'
left join attempts a on a.attempt = l.callback_call
left join calls r on r.call = l.callback_call and s.callers
left join lateral (
    select c.campaign, c.settings from campaigns c
    where c.project = l.project and c.removed_at is null and c.state in ('running', 'paused', 'draining')
      and (c.campaign = a.campaign
           or exists (select from campaign_lists d where d.campaign = c.campaign and d.list = l.list))
    order by (c.campaign is not distinct from a.campaign) desc, (c.state = 'running') desc, c.made
    limit 1
) c on not s.callers
where l.state = 'open' and l.callback_at <= $1 and l.next_at <= $1
  and (s.callers or c.campaign is not null)
  and (l.callback_queue is null or r.call is null or r.ended_at is not null)
  and (l.leased_until is null or l.leased_until <= $1)
  and not exists (select from attempts o where o.lead = l.lead and o.ended_at is null)
order by greatest(l.callback_at, l.next_at), l.lead limit $2

-- name: take
select l.* from leads l join lists s on s.list = l.list and s.state = 'active'
where l.lead = $1 and l.state = 'open' and l.callback_at <= $2 and l.next_at <= $2
  and (l.leased_until is null or l.leased_until <= $2)
  and not exists (select from attempts o where o.lead = l.lead and o.ended_at is null)
for update of l skip locked

-- name: served_since
-- Whether a caller has talked with somebody in a later call, after the moment at which to call them.
select exists (
    select from leads l
    join lists s on s.list = l.list and s.callers
    join calls r on r.call = l.callback_call
    join calls o on o.project = r.project and o.caller = r.caller and o.entered_at > r.entered_at and not o.placed
    where l.lead = $1 and o.answered_at >= l.callback_at)

-- name: open_calls
-- Calls that an earlier controller placed to keep a promise.
select a.attempt, a.campaign, c.settings, coalesce(l.callback_queue, r.queue) as queue, r.line, r.hotline
from attempts a
left join leads l on l.lead = a.lead
left join campaigns c on c.campaign = a.campaign
left join calls r on r.call = l.callback_call
where a.ended_at is null and a.mode = 'callback'

-- name: inbound_call
select project, caller, queue from calls where call = $1

-- name: list_of_callers
select list, country from lists where project = $1 and callers

-- name: make_list_of_callers
insert into lists (project, title, country, made_by, callers) values ($1, $2, $3, $4, true)
on conflict do nothing

-- name: caller
-- A caller is known by the number to call; who was called back before is called again.
insert into leads (list, project, key, timezone, consent_at, state, next_at, callback_at, callback_agent, callback_call, callback_queue)
values ($1, $2, $3, $4, $5, 'open', $6, $6, $7, $8, $9)
on conflict (list, key) do update set
    state = case when leads.state = 'do_not_call' then leads.state else 'open' end, why = null,
    consent_at = excluded.consent_at, next_at = excluded.next_at, callback_at = excluded.callback_at,
    callback_agent = excluded.callback_agent, callback_call = excluded.callback_call,
    callback_queue = excluded.callback_queue,
    callback_tries = 0, held_by = null, leased_until = null, leased_by = null
returning lead

-- name: number_of_caller
insert into lead_numbers (lead, place, number) values ($1, 0, $2) on conflict do nothing

-- name: promised_in
update leads set callback_call = $2, callback_tries = 0 where lead = $1

-- name: no_longer_promised
-- The agent has said something else since; what was already called stays as it is.
update leads set state = 'finished', why = $2, callback_at = null, callback_agent = null,
    held_by = null, leased_until = null, leased_by = null
where callback_call = $1 and callback_at is not null and state = 'open'
returning lead

-- name: note
insert into lead_changes (lead, at, by, what, detail) values ($1, $2, $3, $4, $5) returning id

-- name: promised
-- Callbacks that are still to come. Those before a place in their order come first.
select l.lead, l.project, l.list, l.name, l.callback_at, l.callback_agent, l.callback_tries, l.callback_call,
    l.next_at, l.held_by, l.timezone, l.state, s.callers, s.state as list_state,
    (select number from lead_numbers n where n.lead = l.lead and n.state = 'good' order by place limit 1) as number,
    c.campaign, c.state as campaign_state,
    exists (select from attempts o where o.lead = l.lead and o.ended_at is null) as in_call
from leads l
join lists s on s.list = l.list
left join attempts a on a.attempt = l.callback_call
left join lateral (
    select c.campaign, c.state from campaigns c
    where c.project = l.project and c.removed_at is null
      and (c.campaign = a.campaign
           or exists (select from campaign_lists d where d.campaign = c.campaign and d.list = l.list))
    order by c.state in ('running', 'paused', 'draining') desc, (c.campaign is not distinct from a.campaign) desc,
        (c.state = 'running') desc, c.made
    limit 1
) c on not s.callers
where l.callback_at is not null and l.state in ('open', 'paused') and s.state <> 'removed'
  and ($1::text[] is null or l.project = any($1))
  and ($2::text is null or c.campaign = $2)
  and ($3::text is null or l.callback_agent = $3)
  and ($4::bigint is null or l.lead = $4)
order by l.callback_at, l.lead limit $5

-- name: changes
select h.id, h.lead, h.at, h.by, h.what, h.detail, l.project, l.name,
    (select number from lead_numbers n where n.lead = l.lead order by place limit 1) as number
from lead_changes h join leads l on l.lead = h.lead
where h.what like 'callback%' and ($1::text[] is null or l.project = any($1))
order by h.id desc limit $2

-- name: change
select h.id, h.lead, h.what, h.detail, l.project,
    (select max(id) from lead_changes n where n.lead = h.lead and n.what like 'callback%') as newest
from lead_changes h join leads l on l.lead = h.lead where h.id = $1

-- name: set
-- Whoever has claimed it loses it.
update leads set
    state = $2, why = $3, callback_at = $4, callback_agent = $5, callback_tries = 0,
    next_at = coalesce($4, next_at), held_by = null, leased_until = null, leased_by = null
where lead = $1

-- name: counts
-- Of a campaign: those that are due, and all that are to come.
select count(*) filter (where l.callback_at <= $2)::int as due, count(*)::int as promised
from leads l join campaign_lists d on d.list = l.list
where d.campaign = $1 and l.state = 'open' and l.callback_at is not null
