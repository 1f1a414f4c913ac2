-- name: lock
-- One change of what calls meet at a time: an edition is whole. None of the directory comes between
-- either (its lock is in directory.sql), since each is checked against the other.
select pg_advisory_xact_lock(hashtextextended('flows', 0)),
    pg_advisory_xact_lock(hashtext('offhook directory'))

-- name: all
select f.flow, f.project, f.version, f.changed_at, f.changed_by, f.retired_at,
    p.revision, p.number, p.at as published_at, p.by as published_by,
    p.text is distinct from f.draft or p.tests is distinct from f.tests as edited,
    (select min(due_at) from flow_schedule s where s.flow = f.flow and s.done_at is null) as due_at,
    left(substring(f.draft from '(?n)^title:.*(?:\n(?:[ \t].*|#.*|\r?$))*'), 4000) as titles
from flows f
left join lateral (
    select r.revision, r.number, r.text, r.tests, e.at, e.by from flow_editions e
    join flow_revisions r using (revision)
    where e.flow = f.flow order by e.edition desc limit 1
) p on f.retired_at is null
where $1::text[] is null or f.project = any($1) or f.project = ''
order by f.flow

-- name: draft
select flow, project, draft as text, tests, version, draft_of, changed_at, changed_by, retired_at
from flows where flow = $1

-- name: draft_to_change
select flow, project, draft as text, tests, version, draft_of, changed_at, changed_by, retired_at
from flows where flow = $1 for update

-- name: add
insert into flows (flow, project, made_at, made_by, draft, tests, changed_at, changed_by)
values ($1, $2, $3, $4, $5, $6, $3, $4)
on conflict (flow) do nothing returning version

-- name: save
update flows set draft = $2, tests = $3, version = version + 1, changed_at = $4, changed_by = $5
where flow = $1 returning version

-- name: throw_away
delete from flows where flow = $1
and not exists (select from flow_revisions where flow_revisions.flow = $1) returning flow

-- name: drafted_from
update flows set draft_of = $2 where flow = $1

-- name: revise
insert into flow_revisions (flow, number, text, tests, at, by, note, warnings, sentences)
values ($1, (select coalesce(max(number), 0) + 1 from flow_revisions where flow = $1),
    $2, $3, $4, $5, $6, $7, $8)
returning revision, number

-- name: publish
insert into flow_editions (at, by, flow, revision, why) values ($1, $2, $3, $4, $5)
returning edition

-- name: met_already
-- The revision that calls meet, if it is what this version of the draft is.
select r.number from flows f
join lateral (
    select revision from flow_editions e where e.flow = f.flow order by edition desc limit 1
) e on true
join flow_revisions r using (revision)
where f.flow = $1 and f.version = $2 and f.retired_at is null
and r.text = f.draft and r.tests = f.tests

-- name: announce
-- There is a new edition, or a plan for one.
select pg_notify('offhook_flows', '')

-- name: retire
update flows set retired_at = $2 where flow = $1

-- name: unpublished
-- The flows of which calls meet nothing: those that were never published, and retired ones.
select f.flow, f.project from flows f
left join lateral (
    select e.revision from flow_editions e where e.flow = f.flow order by e.edition desc limit 1
) e on true
where e.revision is null

-- name: newest
select coalesce(max(edition), 0) from flow_editions

-- name: edition
-- The flows that calls meet in this edition.
select distinct on (e.flow) e.flow, e.edition, f.project, r.revision, r.number, r.text
from flow_editions e
join flows f using (flow)
left join flow_revisions r using (revision)
where e.edition <= $1
order by e.flow, e.edition desc

-- name: revisions
select r.revision, r.number, r.at, r.by, r.note, r.warnings, r.sentences,
    (select max(e.edition) from flow_editions e where e.revision = r.revision) as edition
from flow_revisions r where r.flow = $1 order by r.number desc limit $2

-- name: revision
select r.revision, r.flow, r.number, r.text, r.tests, r.at, r.by, r.note, r.warnings, r.sentences,
    (select max(e.edition) from flow_editions e where e.revision = r.revision) as edition
from flow_revisions r where r.flow = $1 and r.number = $2

-- name: plan
insert into flow_schedule (flow, revision, due_at, by, made_at) values ($1, $2, $3, $4, $5)
returning id

-- name: planned
select s.id, s.flow, r.number, s.due_at, s.by, s.made_at
from flow_schedule s join flow_revisions r using (revision)
where s.done_at is null and ($1::text is null or s.flow = $1) order by s.due_at, s.id

-- name: due
select s.id, s.flow, s.revision, s.by, r.text
from flow_schedule s join flow_revisions r using (revision)
where s.done_at is null and s.due_at <= $1 order by s.due_at, s.id limit $2

-- name: next_due
select min(due_at) from flow_schedule where done_at is null

-- name: done
update flow_schedule set done_at = $2, outcome = $3 where id = $1 and done_at is null returning flow

-- name: campaigns_with
-- The campaigns that lead to one of these flows, whether they have a queue, and a key by which
-- customers ask not to be called again.
select campaign as name, settings ->> 'flow' as flow, settings ->> 'queue' is not null as has_queue,
    coalesce(settings ->> 'opt_out_key', '') <> '' as opt_out
from campaigns
where removed_at is null and settings ->> 'flow' = any($1::text[]) order by made

-- name: texts
-- Of each flow the draft, and the text that calls meet (null: none).
select f.flow, f.project, f.draft, p.text as met
from flows f
left join lateral (
    select r.text from flow_editions e left join flow_revisions r using (revision)
    where e.flow = f.flow order by e.edition desc limit 1
) p on true
where f.retired_at is null or p.text is not null
order by f.flow

-- name: sown
-- Of each of these flows what decides whether a file may change it: who made the last revision and
-- the last edition, and whether the draft is that revision. "seen": whether a file's text was ever
-- published as it is.
select f.flow, f.version, f.retired_at is null as offered,
    r.text, r.tests, r.by as revised_by, e.by as published_by,
    f.draft = r.text and f.tests = r.tests as unedited,
    exists (
        select from flow_revisions o
        where o.flow = f.flow and o.by = $3 and o.text = given.text and o.tests = given.tests
    ) as seen
from flows f
join unnest($1::text[], $2::text[], $4::text[]) as given (flow, text, tests) using (flow)
left join lateral (
    select text, tests, by from flow_revisions r where r.flow = f.flow order by number desc limit 1
) r on true
left join lateral (
    select by from flow_editions e where e.flow = f.flow order by edition desc limit 1
) e on true

-- name: periods
-- What calls met of a flow, the newest first.
select e.at, e.by, e.why, r.number from flow_editions e left join flow_revisions r using (revision)
where e.flow = $1 order by e.edition desc limit 1000

-- name: drafts_to_change
select flow, project, draft as text, tests, version, draft_of, changed_at, changed_by, retired_at
from flows where flow = any($1::text[]) order by flow for update

-- name: names_seen
select flow, project from flows where $1::text[] is null or project = any($1) or project = '' order by flow

-- name: drafts_of
select flow, project, draft as text, tests, version, changed_by
from flows where flow = any($1::text[]) order by flow

-- name: to_export
-- Drafts, or with $2 what calls meet.
select f.flow, f.project, case when $2 then p.text else f.draft end as text,
    case when $2 then p.tests else f.tests end as tests
from flows f
left join lateral (
    select r.text, r.tests from flow_editions e left join flow_revisions r using (revision)
    where e.flow = f.flow order by e.edition desc limit 1
) p on true
where ($1::text[] is null or f.project = any($1) or f.project = '')
    and (not $2 or p.text is not null)
order by f.flow

-- name: given_up
-- Plans that were refused when they were due, since calls met something else of the flow.
select s.id, s.flow, r.number, s.due_at, s.by
from flow_schedule s join flow_revisions r using (revision)
where s.flow = $1 and s.outcome = 'refused' and s.done_at > coalesce(
    (select max(e.at) from flow_editions e where e.flow = $1), '-infinity')
order by s.due_at desc limit 5
