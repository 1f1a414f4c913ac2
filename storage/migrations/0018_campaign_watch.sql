-- How a campaign stood at a moment, for its chart: agents, calls, and the count of its limit.
create table campaign_samples (
    campaign text not null references campaigns,
    at timestamptz not null,
    ready integer not null,
    busy integer not null, -- in a call, or their phone rings for one
    wrap_up integer not null,
    ringing integer not null, -- numbers that nobody has answered yet
    waiting integer not null, -- customers without an agent
    abandoned double precision not null, -- in the window in which the limit is nearest
    base double precision not null,
    primary key (campaign, at)
);

-- Each time that a campaign's abandoned share reached an alarm line, or the limit itself.
create table campaign_alarms (
    alarm bigint generated always as identity primary key,
    campaign text not null references campaigns,
    part double precision not null, -- which part of the limit the line is; 1: the limit
    max_share double precision not null, -- the limit at that time
    abandoned double precision not null,
    base double precision not null,
    raised_at timestamptz not null,
    cleared_at timestamptz
);
create unique index campaign_alarms_open on campaign_alarms (campaign, part) where cleared_at is null;
create index campaign_alarms_of on campaign_alarms (campaign, alarm desc);
