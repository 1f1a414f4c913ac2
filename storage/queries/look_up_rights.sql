-- name: secrets
select name, project, sealed, note, changed_at, changed_by from flow_secrets order by name, project

-- name: put_secret
insert into flow_secrets (name, project, sealed, note, changed_at, changed_by)
values ($1, $2, $3, $4, $5, $6)
on conflict (name, project) do update set sealed = excluded.sealed, note = excluded.note,
    changed_at = excluded.changed_at, changed_by = excluded.changed_by
returning xmax <> 0 as replaced

-- name: remove_secret
delete from flow_secrets where name = $1 and project = $2 returning name

-- name: services
select address, note, added_at, added_by from inner_services order by address

-- name: allow
insert into inner_services (address, note, added_at, added_by) values ($1, $2, $3, $4)
on conflict (address) do nothing returning address

-- name: disallow
delete from inner_services where address = $1 returning address

-- name: changes
select at, by, action, target, detail from audit_log where action = any($1::text[])
order by id desc limit $2
