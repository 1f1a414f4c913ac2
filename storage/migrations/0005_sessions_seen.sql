-- People see their sessions: where each is, in which browser, and when it was last used.
alter table sessions add column id bigint generated always as identity unique;
alter table sessions add column browser text not null default '';
alter table sessions add column seen_at timestamptz;
update sessions set seen_at = created_at;
alter table sessions alter column seen_at set not null;
