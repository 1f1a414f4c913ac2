-- Reports and lists of attempts go in by the time: a day of a project, of several, or of all.
create index attempts_by_time on attempts (reserved_at, project);
