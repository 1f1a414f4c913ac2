-- The confirmed warnings of a revision as sentences that can be said in other languages, in the order
-- of "warnings", which are in English. Older revisions have none.
alter table flow_revisions add column sentences jsonb not null default '[]';
