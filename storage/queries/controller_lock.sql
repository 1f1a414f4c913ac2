-- name: try_lock
select pg_try_advisory_lock(hashtext('offhook'), hashtext('controller'))

-- name: holder
select a.application_name as name, coalesce(host(a.client_addr), 'on the database''s machine') || ', since '
    || to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC' as whose
from pg_locks l join pg_stat_activity a using (pid)
where l.locktype = 'advisory' and l.granted
    and l.database = (select oid from pg_database where datname = current_database())
    and l.classid = (hashtext('offhook')::bigint & 4294967295)::oid
    and l.objid = (hashtext('controller')::bigint & 4294967295)::oid
