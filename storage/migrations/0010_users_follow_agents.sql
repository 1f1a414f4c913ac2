-- Whoever works as an agent follows the agent of the directory: their projects are the agent's, and
-- they can't sign in while there is none. Nothing is copied, so however an agent is changed, removed
-- or brought back, by a page, an import or an undo, their user is right in the same transaction.
create view console_users as
select u.name, u.password_hash, u.role,
    case when u.role <> 'agent' then u.projects
        when jsonb_typeof(t.content -> 'projects') = 'array' then
            array(select jsonb_array_elements_text(t.content -> 'projects'))
        else '{}'::text[] end as projects,
    u.agent, u.language, u.disabled, u.created_at, u.password_changed_at, u.teams,
    u.role = 'agent' and t.key is null as agent_gone
from users u left join directory_things t on t.kind = 'agent' and t.key = u.agent;
