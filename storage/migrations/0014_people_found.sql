-- When machine detection found a person: for each of them, some are reckoned to have been taken for
-- machines (docs/pacing.md).
alter table attempts add column person_at timestamptz;
