-- In which order attempts were reserved, whatever the clock said: it may be set back.
alter table attempts add column ordinal bigint;
update attempts a set ordinal = o.place
from (select attempt, row_number() over (order by reserved_at, attempt) as place from attempts) o
where o.attempt = a.attempt;
alter table attempts alter column ordinal set not null;
alter table attempts alter column ordinal add generated always as identity;
select setval(
    pg_get_serial_sequence('attempts', 'ordinal'),
    (select coalesce(max(ordinal), 0) + 1 from attempts),
    false
);
