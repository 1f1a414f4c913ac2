-- How calls went through the nodes of flows: counted as the facts of their ways are stored, in the same
-- transaction, so that a week of a busy flow is read in a moment. What is older than 35 days is
-- forgotten; the facts stay.
create table flow_figures (
    flow text not null, -- the one that the node is of
    slot timestamptz not null, -- the quarter of an hour in which the node was left
    revision int not null, -- 0: not known, as of a flow within another
    project text not null, -- the call's; '': none
    node text not null,
    exit text not null, -- '': the end of the flow
    hung_up boolean not null, -- the caller left there; exit is '' then
    lasted smallint not null, -- how long they were there: records/flow_figures.py has the scale
    calls bigint not null,
    silent bigint not null, -- of these, how many left a question without an answer
    seconds double precision not null, -- of all of these together
    primary key (flow, slot, revision, project, node, exit, hung_up, lasted)
) with (fillfactor = 70);
create index flow_figures_old on flow_figures using brin (slot);

-- Replays read the ways of a flow's calls.
create index call_facts_ways on call_facts ((detail ->> 'flow'), at) where kind = 'way';
