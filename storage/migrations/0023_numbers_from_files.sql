-- A file may bring numbers for a do-not-call list, in place of leads for a list.
alter table list_imports alter column list drop not null;
alter table list_imports add column listed_for text; -- whose do-not-call list: a project's; '': the centre's
alter table list_imports add column country text; -- of a do-not-call list's numbers without a country's code
alter table list_imports add column since timestamptz; -- from when on they are not called; null: from the import on
alter table list_imports add column since_column text; -- the heading of the column that says it row by row
alter table list_imports add column reason text not null default '';
alter table list_imports add constraint one_target check ((list is null) <> (listed_for is null));
create index list_imports_of_numbers on list_imports (listed_for, import desc) where listed_for is not null;
