-- An agent's code belongs to one user at most: two at one code would act for each other. Disabled
-- users don't count, so that a code can be given on to whoever comes next.
--
-- Where several share a code today, whoever signed in last keeps it, else the oldest user. The
-- others lose the code, and nothing else; the audit log says so.
with ranked as (
    select u.name, u.agent, first_value(u.name) over w as keeper
    from users u
    left join lateral (
        select max(a.at) as at from audit_log a where a.by = u.name and a.action = 'logged in'
    ) last on true
    where u.agent is not null and not u.disabled
    window w as (partition by u.agent order by last.at desc nulls last, u.created_at, u.name)
), losers as (
    update users u set agent = null from ranked r
    where u.name = r.name and r.name <> r.keeper
    returning u.name, r.agent, r.keeper
)
insert into audit_log (at, by, action, target, detail)
select now(), 'offhook', 'agent code taken away', name,
       jsonb_build_object('agent', agent, 'kept_by', keeper)
from losers;

create unique index users_agent on users (agent) where agent is not null and not disabled;
