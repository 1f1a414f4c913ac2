-- By which entry rules of numbers calls entered other flows, for the numbers' pages.
create index call_facts_entry_rules on call_facts ((detail ->> 'number'), at) where kind = 'entry_rule';
