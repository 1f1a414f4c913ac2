-- Callbacks are leads with a time: those of a campaign, and callers to whom an agent promised one.
alter table leads add column callback_call text; -- in which it was promised; null: set on the lead's page
alter table leads add column callback_tries smallint not null default 0; -- how often it was tried in vain
create index leads_callbacks_due on leads (callback_at) where state = 'open' and callback_at is not null;
create index leads_callback_call on leads (callback_call) where callback_call is not null;

-- The list of a project's callers who are to be called back. No campaign dials it.
alter table lists add column callers boolean not null default false;
create unique index lists_of_callers on lists (project) where callers;

-- What became of callbacks, newest first.
create index lead_changes_of_callbacks on lead_changes (id desc) where what like 'callback%';
