-- name: choices
select change, choices, skips from disposition_choices where project = $1

-- name: lock
select pg_advisory_xact_lock(hashtextextended('disposition_choices ' || $1, 0))

-- name: note
insert into disposition_choice_changes (project, at, by, choices, skips)
values ($1, $2, $3, $4, $5) returning id

-- name: put
insert into disposition_choices (project, change, choices, skips) values ($1, $2, $3, $4)
on conflict (project) do update
set change = excluded.change, choices = excluded.choices, skips = excluded.skips

-- name: changes
select id, at, by, choices, skips from disposition_choice_changes where project = $1 order by id desc limit $2


-- name: is_change
select id from disposition_choice_changes where project = $1 and id = $2

-- name: before
-- The choices before a change; no row: the usual ones.
select choices, skips from disposition_choice_changes where project = $1 and id < $2 order by id desc limit 1
