-- The caller's name, where the line sends one.
alter table calls add column caller_name text;
-- A withheld number is none; these are Asterisk's and the networks' words for it.
update calls set caller = null
where lower(caller) in ('', 'unknown', '<unknown>', 'anonymous');
