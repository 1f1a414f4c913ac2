-- name: lead
select * from leads where lead = $1

-- name: lead_of_number
select l.lead from lead_numbers n join leads l on l.lead = n.lead
where n.number = $2 and l.project = $1 and l.state <> 'removed'
order by l.last_attempt_at desc nulls last, l.lead desc limit 1

-- name: country
select country from lists where list = $1

-- name: attempts_before
select * from attempts where lead = $1 and attempt <> $2 order by reserved_at desc limit $3

-- name: said
-- Of the call itself, and of the lead's others.
(
    select call, at, agent, disposition, sub_reason, note, callback_at, personal, choice, callback_number
    from dispositions where call = $2 order by id desc limit 1
) union all (
    select call, at, agent, disposition, sub_reason, note, callback_at, personal, choice, callback_number
    from (
        select distinct on (call) * from dispositions where lead = $1 and call <> $2 order by call, id desc
    ) last
    order by at desc limit $3
)

-- name: barred
select exists (
    select from do_not_call where number = $1 and project in ('', $2) and since <= now()
)

-- name: call_of_agent
-- An attempt has its row before its call has one.
select coalesce(a.project, c.project) as project, coalesce(a.number, c.caller) as number,
    coalesce(a.line, c.line) as line, a.campaign, a.lead,
    a.attempt is not null or coalesce(c.placed, false) as outbound
from (select $1::text as call) asked
left join attempts a on a.attempt = asked.call
left join calls c on c.call = asked.call
where coalesce(a.reserved_at, c.entered_at) > $3 and (
    a.agent = $2 or exists (select from call_agents t where t.call = asked.call and t.agent = $2)
)

-- name: last_of_agent
select call, entered_at from call_agents where agent = $1 and entered_at > $2
order by entered_at desc, call desc limit 1

-- name: is_customer
select exists (
    select from lead_numbers n join leads l on l.lead = n.lead
    where n.number = any($2::text[]) and l.project = $1 and l.state <> 'removed'
)
