-- name: insert_samples
insert into campaign_samples (campaign, at, ready, busy, wrap_up, ringing, waiting, abandoned, base)
select * from unnest(
    $1::text[], $2::timestamptz[], $3::integer[], $4::integer[], $5::integer[], $6::integer[], $7::integer[],
    $8::float8[], $9::float8[]
)
on conflict do nothing

-- name: columns
-- A span of time in columns of equal width; those in which nothing was sampled are left out.
select
    min(at) as at, avg(ready)::float8 as ready, avg(busy)::float8 as busy, avg(wrap_up)::float8 as wrap_up,
    avg(ringing)::float8 as ringing, max(ringing) as most_ringing,
    (array_agg(abandoned order by at desc))[1] as abandoned, (array_agg(base order by at desc))[1] as base
from campaign_samples
where campaign = $1 and at >= $2 and at < $3
group by floor(extract(epoch from at - $2) / $4::float8)
order by 1

-- name: open_alarms
select a.*, c.project, c.settings from campaign_alarms a join campaigns c using (campaign)
where a.cleared_at is null and ($1::text[] is null or c.project = any($1))
order by a.campaign, a.part

-- name: alarms
select a.*, c.project, c.settings from campaign_alarms a join campaigns c using (campaign)
where a.campaign = $1 order by a.alarm desc limit $2

-- name: raise_alarm
insert into campaign_alarms (campaign, part, max_share, abandoned, base, raised_at)
values ($1, $2, $3, $4, $5, $6)
on conflict do nothing

-- name: clear_alarm
update campaign_alarms set cleared_at = $3
where campaign = $1 and part = $2 and cleared_at is null

-- name: campaigns_watched
select campaign from campaigns

-- name: forget_decisions
delete from pacing_decisions where ctid = any(array(
    select ctid from pacing_decisions where campaign = $1 and at < $2 order by at limit $3
))

-- name: forget_samples
delete from campaign_samples where ctid = any(array(
    select ctid from campaign_samples where campaign = $1 and at < $2 order by at limit $3
))
