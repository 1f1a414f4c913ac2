-- The change that gave a thing its secret: an undo must not give a thing what somebody else got under
-- the same key. A change and its secrets have the same moment.
alter table directory_secrets add column change bigint references directory_changes;
update directory_secrets s set change = (select max(c.id) from directory_changes c where c.at = s.at);

-- The history says of each change which one has undone it.
create index directory_changes_undoes on directory_changes (undoes) where undoes is not null;
