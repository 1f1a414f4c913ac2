-- name: remembered_mapping
select mapping from list_mappings where project = $1 and headings = $2

-- name: remember_mapping
insert into list_mappings (project, headings, mapping) values ($1, $2, $3)
on conflict (project, headings) do update set mapping = excluded.mapping

-- name: insert_import
insert into list_imports
    (list, file_name, sha256, bytes, file, headings_row, sample, mapping, rows_expected, begun_by, begun_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
returning import

-- name: insert_numbers_import
insert into list_imports
    (listed_for, country, file_name, sha256, bytes, file, headings_row, sample, mapping, rows_expected,
    begun_by, begun_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
returning import

-- name: forget_uploads
-- What was uploaded and never begun.
delete from list_imports where state = 'uploaded' and begun_at < $1

-- name: imports
-- $1: one import, null: all; $2: those of a list, null: any; $4: those of a do-not-call list, null: any.
select i.import, i.list, i.listed_for, coalesce(s.project, i.listed_for) as project,
    coalesce(s.country, i.country) as country, i.since, i.since_column, i.reason, i.file_name, i.sha256, i.bytes, i.headings_row, i.sample,
    i.mapping, i.duplicates, i.state, i.failed_why, i.rows_expected, i.at_row, i.rows_read, i.imported,
    i.partly, i.do_not_call, i.known, i.duplicate, i.elsewhere, i.rejected, i.removed, i.begun_at,
    i.begun_by, i.run_began_at, i.run_began_with, i.ended_at
from list_imports i left join lists s on s.list = i.list
where ($1::bigint is null or i.import = $1) and ($2::bigint is null or i.list = $2)
  and ($4::text is null or i.listed_for = $4)
  and (i.state <> 'uploaded' or $1 is not null)
order by i.import desc limit $3

-- name: file_of
select file from list_imports where import = $1

-- name: begin_import
update list_imports set state = 'running', mapping = $2, duplicates = $3, at_row = headings_row,
    run_began_at = $4, run_began_with = 0, since = $5, since_column = $6, reason = $7
where import = $1 and state = 'uploaded'
returning import

-- name: resume_import
update list_imports set run_began_at = $2, run_began_with = rows_read
where import = $1 and state = 'running'
returning import

-- name: lock_import
select at_row from list_imports where import = $1 and state = 'running' for update

-- name: lock_project
-- Two imports of a project at a time would not see each other's duplicates.
select pg_advisory_xact_lock(4086, hashtext($1))

-- name: advance_import
update list_imports set at_row = $2, rows_read = rows_read + $3, imported = imported + $4,
    partly = partly + $5, do_not_call = do_not_call + $6, known = known + $7,
    duplicate = duplicate + $8, elsewhere = elsewhere + $9, rejected = rejected + $10
where import = $1

-- name: finish_import
update list_imports set state = $2, failed_why = $3, ended_at = $4, file = null
where import = $1 and state = 'running'

-- name: leads_with_keys
-- Leads that have one of these keys; import null: made by hand.
select l.key, l.list, l.import from leads l join lists s on s.list = l.list
where l.project = $1 and l.key = any($2::text[])
  and (l.list = $3 or (l.state <> 'removed' and s.state <> 'removed'))

-- name: leads_with_numbers
select n.number, l.list, l.import from lead_numbers n
join leads l on l.lead = n.lead join lists s on s.list = l.list
where n.number = any($2::text[]) and l.project = $1
  and l.state <> 'removed' and s.state <> 'removed'

-- name: numbers_not_to_call
select distinct number from do_not_call
where number = any($1::text[]) and project in ('', $2) and since <= $3

-- name: insert_leads
insert into leads
    (list, project, import, key, name, fields, timezone, language, consent_at, state, why, made_at)
select $1, $2, $3, key, name, fields::json, timezone, language, consent_at, state,
    case when state = 'open' then null else state end, $4
from unnest($5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::timestamptz[], $11::text[])
    with ordinality as new (key, name, fields, timezone, language, consent_at, state, place)
order by place
returning lead, key

-- name: insert_numbers
insert into lead_numbers (lead, place, number, kind)
select * from unnest($1::bigint[], $2::smallint[], $3::text[], $4::text[])

-- name: insert_rejected
insert into rejected_rows (import, row, place, field, reason, part, cells)
select $1, row, place, field, reason, part, cells::jsonb
from unnest($2::integer[], $3::smallint[], $4::text[], $5::text[], $6::boolean[], $7::text[])
    as new (row, place, field, reason, part, cells)

-- name: rejected_cells
select cells from rejected_rows where import = $1 and row = $2 and place = 0

-- name: rejected_rows
select row, place, field, reason, part, cells from rejected_rows
where import = $1 and (row, place) > ($2, $3) order by row, place limit $4

-- name: begin_undo
update list_imports set state = 'undone', file = null, ended_at = $2
where import = $1 and state in ('uploaded', 'running', 'finished', 'failed', 'undone')
returning import

-- name: leads_to_undo
-- Those that somebody holds now, or that were dialled, stay.
select lead from leads
where import = $1 and attempts = 0 and (leased_until is null or leased_until <= $2) and lead > $4
order by lead limit $3
for update skip locked

-- name: undo_leads
-- Once they are locked nobody can reserve an attempt; whoever did before has written its row.
delete from leads l
where l.lead = any($1::bigint[])
  and not exists (select from attempts a where a.lead = l.lead)
  and not exists (select from dispositions d where d.lead = l.lead)

-- name: count_undone
update list_imports set removed = removed + $2 where import = $1
