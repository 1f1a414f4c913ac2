-- name: put
-- The earlier date holds if a number is put there again.
insert into do_not_call (project, number, since, source, by, made_at)
select $1, number, $3, $4, $5, $6 from unnest($2::text[]) as number order by number
on conflict (project, number) do update set since = excluded.since
where do_not_call.since > excluded.since
returning number

-- name: take_off
delete from do_not_call where project = $1 and number = any($2::text[]) returning number

-- name: note
insert into do_not_call_changes (project, number, at, by, what, source, reason)
select $1, number, $3, $4, $5, $6, $7 from unnest($2::text[]) as number

-- name: close_leads
-- A lead is a customer: one of their numbers is enough. After the leads' lock, in a statement of its
-- own, which sees what was committed meanwhile.
with found as (
    select l.lead, l.state, l.why from leads l
    where l.lead in (select lead from lead_numbers where number = any($2::text[]))
      and ($1 = '' or l.project = $1) and l.state not in ('do_not_call', 'removed')
)
update leads l set
    state = 'do_not_call', why = 'do_not_call', callback_at = null, callback_agent = null,
    held_by = null, leased_until = null, leased_by = null
from found where l.lead = found.lead
returning l.lead, found.state as before, found.why

-- name: reopen_leads
-- Those of whom no number is on a list any more that holds for their project. After their lock, too.
-- Whoever was finished, invalid or paused when the request came is that again: nobody dials them
-- because of a request that is taken back.
update leads l set
    state = coalesce(was.state, 'open'), why = was.why, next_at = $3, held_by = null
from leads m
left join lateral (
    select case when c.what = 'do_not_call' then c.detail ->> 'before' end as state,
        case when c.what = 'do_not_call' then c.detail ->> 'why' end as why
    from lead_changes c
    where c.lead = m.lead and c.what in ('do_not_call', 'reopened') order by c.id desc limit 1
) was on true
where l.lead = m.lead
  and m.lead in (select lead from lead_numbers where number = any($2::text[]))
  and ($1 = '' or m.project = $1) and m.state = 'do_not_call'
  and not exists (
    select from lead_numbers n join do_not_call d on d.number = n.number
    where n.lead = m.lead and d.project in ('', m.project) and d.since <= $3
  )
returning l.lead, 'do_not_call' as before, null::text as why

-- name: note_leads
insert into lead_changes (lead, at, by, what, detail)
select lead, $2, $3, $4, jsonb_strip_nulls(jsonb_build_object('before', before, 'why', why))
from unnest($1::bigint[], $5::text[], $6::text[]) as l (lead, before, why)

-- name: entries
select project, number, since, source, by, made_at from do_not_call
where project = any($1::text[]) and ($2::text is null or number = $2)
  and ($3::text is null or (project, number) > ($3, $4))
order by project, number limit $5

-- name: changes_of_number
select project, number, at, by, what, source, reason from do_not_call_changes
where number = $1 and project = any($2::text[]) order by id desc
