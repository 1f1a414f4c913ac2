-- name: in_the_way
select distinct code
from unnest($1::text[]) as code
join users u on (u.name = code and (u.role <> 'agent' or u.agent is distinct from code))
    or (u.agent = code and u.role <> 'agent' and not u.disabled)

-- name: end_sessions
delete from sessions s using users u
where s.name = u.name and u.agent = any($1::text[]) and u.role = 'agent'

-- name: disable_former
update users set disabled = true
where agent = any($1::text[]) and role = 'agent' and not disabled
    and not (name = agent and name = any($2::text[]))
returning name

-- name: take_over
update users u set password_hash = n.hash, password_changed_at = $3, disabled = false
from unnest($1::text[], $2::text[]) as n (code, hash)
where u.name = n.code and u.agent = n.code and u.role = 'agent' and not exists (
    select from users other where other.agent = n.code and other.name <> n.code and not other.disabled
)
returning u.name, u.agent

-- name: create
insert into users (name, password_hash, role, projects, agent, created_at, password_changed_at, teams)
select code, hash, 'agent', array(select jsonb_array_elements_text(about -> 'projects')), code, $4, $4, '{}'
from unnest($1::text[], $2::text[], $3::jsonb[]) as n (code, hash, about)
on conflict do nothing
returning name, agent, projects
