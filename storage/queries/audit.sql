-- name: add_entry
insert into audit_log (at, by, action, target, project, address, detail)
values ($1, $2, $3, $4, $5, $6, $7)

-- name: add_entries
insert into audit_log (at, by, action, target, project, address, detail)
select $1, $2, $3, target, null, '', detail
from unnest($4::text[], $5::jsonb[]) with ordinality as e (target, detail, n) order by n

-- name: list_entries
select id, at, by, action, target, project, address, detail from audit_log
where ($1::text[] is null or project = any($1))
  and ($2::text is null or by = $2)
  and ($3::text is null or action = $3)
  and ($4::timestamptz is null or at >= $4)
  and ($5::timestamptz is null or at < $5)
  and ($6::bigint is null or id < $6)
order by id desc
limit $7
