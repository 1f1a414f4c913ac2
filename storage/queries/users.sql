-- name: create_user
insert into users (
    name, password_hash, role, projects, agent, language, created_at, password_changed_at, teams
) values ($1, $2, $3, $4, $5, $6, $7, $7, $8)
on conflict (name) do nothing
returning name

-- name: change_user
update users set role = $2, projects = $3, agent = $4, language = $5, teams = $6
where name = $1
returning disabled

-- name: set_disabled
update users set disabled = $2 where name = $1 returning name

-- name: set_password
update users set password_hash = $2, password_changed_at = $3
where name = $1 and ($4::timestamptz is null or password_changed_at = $4)
returning name

-- name: get_user
select * from console_users where name = $1 and ($2::text[] is null or projects && $2)

-- name: list_users
select * from console_users where $1::text[] is null or projects && $1 order by name

-- name: user_of_agent
select name from users where agent = $1 and not disabled

-- name: desk_users_of_agent
select name, disabled from users where agent = $1 and role = 'agent' order by name for update

-- name: any_admin
select exists (select 1 from users where role = 'admin' and not disabled)

-- name: other_admin
select exists (select 1 from users where role = 'admin' and not disabled and name <> $1)

-- name: lock_users
select pg_advisory_xact_lock(4084, 1000)

-- name: end_sessions_of_user
delete from sessions where name = $1 and token_hash is distinct from $2
