-- name: uses
-- How often each rule of a number has held since a moment, and when last.
select detail ->> 'rule' as rule, count(*) filter (where at >= $2) as times, max(at) as last
from call_facts
where kind = 'entry_rule' and detail ->> 'number' = $1 and detail ->> 'rule' is not null
group by 1
