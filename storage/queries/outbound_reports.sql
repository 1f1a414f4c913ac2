-- name: came_of
-- What an attempt came to; campaigns.outbound_figures has the same words. Each attempt is one of them.
case
    when a.applied = 'never_placed' then 'never_placed'
    when a.ended_at is null then 'open'
    when a.outcome is null then 'trunk'
    when a.cause = 'invalid' or a.disposition = 'wrong_number' then 'wrong_number'
    when a.outcome = 'spoken' then 'talked'
    when a.outcome in ('abandoned', 'machine') then a.outcome
    else 'nobody'
end

-- name: counted
select project, campaign, agent, came, disposition, count(*)::int as attempts
from (
    select a.project, a.campaign, a.agent, coalesce(a.disposition, '') as disposition,
    -- put: came_of
    as came
    from attempts a
    where a.reserved_at >= $1 and a.reserved_at < $2 and a.mode <> 'test'
      and ($3::text[] is null or a.project = any($3))
      and ($4::text is null or a.campaign = $4)
) attempts
group by project, campaign, agent, came, disposition

-- name: on_duty
-- Who was logged in at some moment of the span, and for which projects they work.
select a.agent, a.projects
from agents a
where ($3::text[] is null or a.projects && $3)
  and (
    exists (
        select from agent_facts f
        where f.agent = a.agent and f.at >= $1 and f.at < $2 and f.state <> 'logged_out'
    )
    or (
        select f.state from agent_facts f
        where f.agent = a.agent and f.at < $1 order by f.at desc, f.id limit 1
    ) <> 'logged_out'
  )

-- name: searched
-- The newest first; those before a place in that order, which is null for the first page.
select *
from (
    select a.*,
    -- put: came_of
    as came
    from attempts a
    where ($1::text[] is null or a.project = any($1)) and a.mode <> 'test'
      and ($2::text is null or a.campaign = $2 or ($2 = '' and a.campaign is null))
      and ($3::timestamptz is null or a.reserved_at >= $3)
      and ($4::timestamptz is null or a.reserved_at < $4)
      and ($5::text is null or a.agent = $5 or ($5 = '' and a.agent is null))
      and ($9::timestamptz is null or (a.reserved_at, a.attempt) < ($9, $10::text))
) a
left join lateral (select name as lead_name, key as lead_key from leads where lead = a.lead) l on true
left join lateral (select title as list_title from lists where list = a.list) s on true
left join lateral (
    select talk_s, recording_file is not null as recorded from calls where call = a.attempt
) c on true
left join lateral (
    select choice from dispositions
    where call = a.attempt and a.disposition is not null order by id desc limit 1
) d on true
where ($6::text[] is null or a.came = any($6))
  and ($7::text[] is null or coalesce(a.disposition, '') = any($7))
  and ($8::text[] is null or coalesce(a.disposition, '') <> all($8))
order by a.reserved_at desc, a.attempt desc
limit $11

-- name: reported_leads
-- A list's leads in the order of their keys, after the key $2; with $3, only those that were called.
select l.*, s.state as list_state,
    talked.agent as talked_with, said.agent as said_by, said.choice, said.disposition, said.sub_reason, said.note,
    talked.agent is not null or exists (
        select from attempts a where a.lead = l.lead and a.outcome = 'spoken'
    ) or exists (
        select from lead_numbers n join attempts a on a.number = n.number
        where n.lead = l.lead and a.project = l.project and a.outcome = 'spoken'
    ) as known
from leads l
join lists s on s.list = l.list
left join lateral (
    select a.agent from attempts a
    where a.lead = l.lead and a.outcome = 'spoken' and a.agent is not null
    order by a.reserved_at desc limit 1
) talked on true
left join lateral (
    select d.agent, d.choice, d.disposition, d.sub_reason, d.note from dispositions d
    where d.lead = l.lead order by d.id desc limit 1
) said on true
where l.list = $1 and l.key > $2 and l.state <> 'removed'
  and (not $3 or l.last_attempt_at is not null)
order by l.key
limit $4
