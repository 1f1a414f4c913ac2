-- By which campaigns' rules a lead is held until next_at, joined by commas in the alphabet's order, where
-- several campaigns have its list; null: it waits for all of them. Counts together with held_by alone.
alter table leads add column held_for text;
create index leads_held_for on leads (list, held_for, next_at) where state = 'open' and held_for is not null;
