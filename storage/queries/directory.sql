-- name: lock
select pg_advisory_xact_lock(hashtext('offhook directory'))

-- name: revision
select id, at from directory_changes order by id desc limit 1

-- name: made_at
select at from directory_changes where id = $1

-- name: things
select kind, key, content, change from directory_things order by made

-- name: secrets
select kind, key, secret from directory_secrets

-- name: edits_since
select e.kind, e.key, e.after, e.change, c.at
from directory_edits e join directory_changes c on c.id = e.change
where e.change > $1 order by e.change, e.number

-- name: add_change
insert into directory_changes (at, by, note, undoes) values ($1, $2, $3, $4) returning id

-- name: add_edits
insert into directory_edits (change, number, kind, key, before, after)
select $1, $6::bigint + n, kind, key, before, after
from unnest($2::text[], $3::text[], $4::jsonb[], $5::jsonb[])
    with ordinality as e (kind, key, before, after, n)

-- name: put_things
insert into directory_things (kind, key, content, change)
select kind, key, content, $1
from unnest($2::text[], $3::text[], $4::jsonb[]) with ordinality as t (kind, key, content, n)
order by n
on conflict (kind, key) do update set content = excluded.content, change = excluded.change

-- name: remove_things
delete from directory_things t
using unnest($1::text[], $2::text[]) as gone (kind, key)
where t.kind = gone.kind and t.key = gone.key

-- name: put_secrets
insert into directory_secrets (kind, key, secret, at, by, change)
select kind, key, secret, $1, $2, $3
from unnest($4::text[], $5::text[], $6::text[]) as s (kind, key, secret)
on conflict (kind, key) do update
set secret = excluded.secret, at = excluded.at, by = excluded.by, change = excluded.change

-- name: forget_secrets
delete from directory_secrets s
using unnest($1::text[], $2::text[]) as gone (kind, key)
where s.kind = gone.kind and s.key = gone.key and ($3::bigint is null or s.change >= $3)
returning s.kind, s.key

-- name: with_secret
select kind, key from directory_secrets
join unnest($1::text[], $2::text[]) as t (kind, key) using (kind, key)

-- name: announce
select pg_notify('offhook_directory', $1::text)

-- name: change
select id, at, by, note, undoes from directory_changes where id = $1

-- name: edits
select kind, key, before, after from directory_edits where change = $1 order by number

-- name: first_edits
select change, kind, key, before, after from directory_edits
where change = any($1::bigint[])
    and case when $3::text is null then number <= $2 else kind = $3 and key = $4 end
order by change, number

-- name: history
select c.id, c.at, c.by, c.note, c.undoes,
    (select count(*) from directory_edits e where e.change = c.id) as edits,
    -- The last undo of it, unless that was undone itself, and so on.
    (with recursive undos (id) as (
        select max(u.id) from directory_changes u where u.undoes = c.id
        union all
        select (select max(u.id) from directory_changes u where u.undoes = undos.id)
        from undos where undos.id is not null
    ) select case when count(id) % 2 = 1 then min(id) end from undos) as undone_by
from directory_changes c
where ($1::bigint is null or c.id < $1)
    and ($2::text is null or exists (
        select from directory_edits e
        where e.change = c.id and e.kind = $2 and ($3::text is null or e.key = $3)
    ))
    and ($4::text is null or c.by = $4)
order by c.id desc limit $5

-- name: last_changes_of
select distinct on (e.kind, e.key) e.kind, e.key, c.id, c.at, c.by, c.note, c.undoes
from unnest($1::text[], $2::text[]) as t (kind, key)
join directory_edits e using (kind, key)
join directory_changes c on c.id = e.change
order by e.kind, e.key, c.id desc

-- name: left_by
select e.kind, e.key, e.after
from unnest($1::text[], $2::text[], $3::bigint[]) as t (kind, key, change)
join directory_edits e using (kind, key, change)
where e.after is not null
