-- One-time codes with which a phone fetches its own settings. We keep a code's hash; the settings
-- are made of the phone's digest when the code is used, and only if that is still the same.
create table phone_setups (
    token_hash bytea primary key,
    station text not null,
    secret_at timestamptz not null,
    made_at timestamptz not null,
    made_by text not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    used_from text
);
create index phone_setups_of_station on phone_setups (station, made_at);
