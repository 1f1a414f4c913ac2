-- The teams that a supervisor looks after; they are things of the directory, by name.
alter table users add column teams text[] not null default '{}';
