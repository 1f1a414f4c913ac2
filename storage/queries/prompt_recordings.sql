-- name: in_force
-- What is heard now under each name; sound is null for what was removed.
select distinct on (r.name, r.language, r.project)
    r.id, r.project, r.language, r.name, r.at, r.by, r.what, r.sound, s.file_name, s.findings
from prompt_recordings r left join prompt_sounds s using (sound)
order by r.name, r.language, r.project, r.id desc

-- name: names
-- The same, without anything about the sounds.
select distinct on (name, language, project) project, language, name, sound
from prompt_recordings order by name, language, project, id desc

-- name: newest
select coalesce(max(id), 0) from prompt_recordings

-- name: lock
-- One change of a name at a time.
select pg_advisory_xact_lock(hashtextextended('prompt_recordings', 0))

-- name: now
select r.id, r.what, r.sound from prompt_recordings r
where r.project = $1 and r.language = $2 and r.name = $3 order by r.id desc limit 1

-- name: versions
select r.id, r.project, r.language, r.name, r.at, r.by, r.what, r.sound, s.file_name, s.findings
from prompt_recordings r left join prompt_sounds s using (sound)
where r.project = $1 and r.language = $2 and r.name = $3 order by r.id desc limit $4

-- name: version
select r.id, r.project, r.language, r.name, r.at, r.by, r.what, r.sound, s.file_name, s.findings
from prompt_recordings r left join prompt_sounds s using (sound) where r.id = $1

-- name: keep
insert into prompt_sounds (sound, wav, original, file_name, findings) values ($1, $2, $3, $4, $5)
on conflict (sound) do nothing

-- name: note
insert into prompt_recordings (project, language, name, at, by, what, sound)
values ($1, $2, $3, $4, $5, $6, $7) returning id

-- name: forget
-- Lines about a name beyond the newest $4.
delete from prompt_recordings where id in (
    select id from prompt_recordings
    where project = $1 and language = $2 and name = $3 order by id desc offset $4
)

-- name: forget_sounds
delete from prompt_sounds s
where not exists (select from prompt_recordings r where r.sound = s.sound)

-- name: wav
select wav from prompt_sounds where sound = $1

-- name: original
select file_name, original from prompt_sounds where sound = $1

-- name: campaign_messages
select campaign, project, settings -> 'message' as message from campaigns
where removed_at is null and settings ? 'message' order by campaign

-- name: flows
-- The texts of all flows: what calls meet, what is to be published, and drafts.
select f.flow, f.project, 'draft' as what, f.draft as text from flows f where f.retired_at is null
union all
select f.flow, f.project, 'published', p.text from flows f join lateral (
    select r.text from flow_editions e left join flow_revisions r using (revision)
    where e.flow = f.flow order by e.edition desc limit 1
) p on p.text is not null
union all
select f.flow, f.project, 'planned', r.text from flow_schedule s
join flow_revisions r using (revision) join flows f on f.flow = s.flow where s.done_at is null
