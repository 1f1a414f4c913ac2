-- name: insert_list
insert into lists (project, title, country, made_by) values ($1, $2, $3, $4) returning list

-- name: lists
select l.list, l.project, l.title, l.state, l.country, l.made_at, l.made_by,
    coalesce(
        (select array_agg(c.campaign order by c.campaign) from campaign_lists c where c.list = l.list),
        '{}'
    ) as campaigns
from lists l
where ($1::text[] is null or l.project = any($1)) and ($2::bigint is null or l.list = $2)
  and (l.state <> 'removed' or $2 is not null)
order by l.list desc

-- name: lock_list
select list, project, state from lists where list = $1 for update

-- name: set_list
update lists set state = $2, title = $3, country = $4 where list = $1

-- name: let_go
-- What was claimed of a list that is no longer dialled. Whoever has one of them locked looks at the
-- list's state.
update leads l set leased_until = null, leased_by = null
from (
    select lead from leads where list = $1 and leased_until is not null order by lead for update skip locked
) claimed
where l.lead = claimed.lead

-- name: update_lead_details
update leads set
    name = $2, fields = $3, timezone = $4, language = $5, consent_at = $6, state = $7, why = $8,
    callback_at = $9, callback_agent = $10,
    next_at = case when $9::timestamptz is null then '-infinity' else $9 end,
    held_by = null, leased_until = null, leased_by = null
where lead = $1

-- name: forget_numbers
delete from lead_numbers where lead = $1

-- name: insert_numbers
insert into lead_numbers (lead, place, number, kind, state)
select $1, place, number, kind, state
from unnest($2::smallint[], $3::text[], $4::text[], $5::text[]) as n (place, number, kind, state)

-- name: note
insert into lead_changes (lead, at, by, what, detail) values ($1, $2, $3, $4, $5)

-- name: lead
select * from leads where lead = $1

-- name: changes_of_lead
select at, by, what, detail from lead_changes where lead = $1 order by id desc limit 500

-- name: attempts_of_lead
select * from attempts where lead = $1 order by reserved_at desc, attempt desc limit 500

-- name: list_entries
select project, number, since, source, by, made_at from do_not_call
where number = any($1::text[]) and project in ('', $2) order by project, number

-- name: list_changes
select project, number, at, by, what, source, reason from do_not_call_changes
where number = any($1::text[]) and project in ('', $2) order by id desc limit 500
