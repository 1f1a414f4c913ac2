-- name: create_session
insert into sessions (token_hash, name, created_at, expires_at, address, browser, seen_at)
select $1, u.name, $3, $4, $5, $6, $3 from users u
where u.name = $2 and u.password_changed_at = $7 and not u.disabled
    and not (select agent_gone from console_users where name = u.name)
for share of u
returning name

-- name: session_user
select u.*, s.seen_at from sessions s join console_users u on u.name = s.name
where s.token_hash = $1 and s.expires_at > $2 and s.created_at > $3
    and not u.disabled and not u.agent_gone

-- name: see_session
update sessions set expires_at = greatest(expires_at, $2), seen_at = greatest(seen_at, $3),
    address = coalesce(nullif($4, ''), address)
where token_hash = $1

-- name: list_sessions
select id, token_hash, created_at, seen_at, address, browser from sessions
where name = $1 and expires_at > $2 and created_at > $3
order by seen_at desc, id desc

-- name: end_session_of_user
delete from sessions where name = $1 and id = $2 returning address, browser

-- name: end_session
delete from sessions where token_hash = $1 returning name

-- name: end_other_sessions
delete from sessions where name = $1 and token_hash <> $2

-- name: forget_old
with old_sessions as (delete from sessions where expires_at <= $1)
delete from login_failures where last_at < $2

-- name: blocked_until
select max(blocked_until) from login_failures where key = any($1::text[]) and blocked_until > $2

-- name: note_failure
insert into login_failures as f (key, failures, last_at, blocked_until)
values ($1, 1, $2, null)
on conflict (key) do update set
    failures = case when f.last_at < $3 then 1 else f.failures + 1 end,
    last_at = excluded.last_at
returning failures

-- name: block
update login_failures set blocked_until = $2 where key = $1

-- name: forget_failures
delete from login_failures where key = $1

-- name: rehash_password
update users set password_hash = $2 where name = $1 and password_hash = $3
