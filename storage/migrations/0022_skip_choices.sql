-- Why agents may skip a customer whom they look at. Null: the usual reasons.
alter table disposition_choices add column skips jsonb;
alter table disposition_choice_changes add column skips jsonb; -- after the change
