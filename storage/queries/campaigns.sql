-- name: campaigns
select
    c.campaign, c.project, c.state, c.settings, c.made_at, c.changed_at, c.removed_at,
    (select max(h.id) from campaign_changes h where h.campaign = c.campaign) as change,
    coalesce(
        (select array_agg(l.list order by l.place, l.list) from campaign_lists l where l.campaign = c.campaign),
        '{}'
    ) as lists
from campaigns c
where ($1::text[] is null or c.project = any($1))
  and ($2::text is null or c.campaign = $2)
  and ($3 or c.removed_at is null)
order by c.made desc

-- name: lock_campaign
select campaign from campaigns where campaign = $1 and removed_at is null for update

-- name: insert_campaign
insert into campaigns (campaign, project, settings) values ($1, $2, $3)
on conflict do nothing
returning campaign

-- name: update_campaign
update campaigns
set settings = $2, state = $3, changed_at = $4::timestamptz, removed_at = case when $5 then $4::timestamptz end
where campaign = $1

-- name: forget_lists
delete from campaign_lists where campaign = $1

-- name: insert_lists
insert into campaign_lists (campaign, list, place)
select $1, found.list, found.place
from unnest($2::bigint[]) with ordinality as found (list, place)

-- name: lists_of_project
select list from lists where list = any($1::bigint[]) and project = $2 and state <> 'removed'

-- name: insert_change
insert into campaign_changes (campaign, at, by, before, after) values ($1, $2, $3, $4, $5)
returning id

-- name: changes
select id, at, by, before, after from campaign_changes
where campaign = $1 and ($2::bigint is null or id < $2)
order by id desc
limit $3

-- name: change
select id, at, by, before, after from campaign_changes where campaign = $1 and id = $2
