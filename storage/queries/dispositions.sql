-- name: call_disposed
select a.attempt, a.lead, a.number, a.project, a.campaign, c.settings
from attempts a left join campaigns c on c.campaign = a.campaign
where a.attempt = $1

-- name: inbound_call
select call from calls where call = $1

-- name: insert
insert into dispositions (
    call, lead, at, agent, disposition, sub_reason, note, callback_at, personal, choice, callback_number
) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)

-- name: on_attempt
update attempts set disposition = $2, sub_reason = $3, note = $4 where attempt = $1

-- name: of_call
select call, at, agent, disposition, sub_reason, note, callback_at, personal, choice, callback_number
from dispositions where call = $1 order by id desc

-- name: of_lead
select call, at, agent, disposition, sub_reason, note, callback_at, personal, choice, callback_number
from dispositions where lead = $1 order by id desc

-- name: last_of_call
select agent, disposition, sub_reason, note, callback_at, personal, choice, callback_number
from dispositions where call = $1 order by id desc limit 1

-- name: lock_call
select pg_advisory_xact_lock(hashtextextended('disposition of ' || $1, 0))

-- name: good_number
update lead_numbers set state = 'good' where lead = $1 and number = $2
