-- name: skip
-- A callback that was due is put off with it: otherwise it would be shown again at once.
update leads set
    next_at = $3, put_off_until = $3, held_by = 'put_off', leased_until = null, leased_by = null,
    callback_at = case when callback_at <= $4 then $3 else callback_at end
where lead = $1 and leased_by = $2 and leased_until > $4 and state = 'open'
  and not exists (select from attempts a where a.lead = $1 and a.ended_at is null)
returning lead

-- name: note_skip
insert into lead_changes (lead, at, by, what, detail) values ($1, $2, $3, $4, $5)
