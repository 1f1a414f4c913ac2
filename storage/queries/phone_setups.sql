-- name: drop_others
delete from phone_setups where (station = $1 and used_at is null) or expires_at < $2

-- name: offer
insert into phone_setups (token_hash, station, secret_at, made_at, made_by, expires_at)
select $1, t.key, s.at, $3, $4, $5
from directory_things t join directory_secrets s on s.kind = t.kind and s.key = t.key
where t.kind = 'station' and t.key = $2
returning station

-- name: take
update phone_setups p set used_at = $2, used_from = $3
from directory_things t join directory_secrets s on s.kind = t.kind and s.key = t.key
where p.token_hash = $1 and p.used_at is null and p.expires_at > $2
    and t.kind = 'station' and t.key = p.station and s.at = p.secret_at
returning t.content, s.secret

-- name: last
select made_at, made_by, expires_at, used_at, used_from from phone_setups
where station = $1 order by made_at desc limit 1
