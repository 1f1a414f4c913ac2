-- name: remember_agents
insert into agents (agent, name, projects)
select agent, name, array(select jsonb_array_elements_text(detail -> 'projects'))
from unnest($1::text[], $2::text[], $3::jsonb[]) as configured (agent, name, detail)
on conflict (agent) do update set name = excluded.name, projects = excluded.projects

-- name: agent_names
select agent, name from agents
where $1::text[] is null or projects && $1

-- name: last_states
select now.id, now.agent, now.at, now.state, now.reason, now.station, now.call
from agents_now now left join agents on agents.agent = now.agent
where $1::text[] is null or agents.projects && $1
order by now.agent

-- name: agent_history
select f.id, f.agent, f.at, f.state, f.reason, f.station, f.call
from agent_facts f left join agents on agents.agent = f.agent
where f.agent = $1
  and ($2::timestamptz is null or f.at >= $2)
  and ($3::timestamptz is null or f.at < $3)
  and ($4::text[] is null or agents.projects && $4)
order by f.at desc, f.id
limit $5
