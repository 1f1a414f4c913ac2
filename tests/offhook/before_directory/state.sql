SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE FUNCTION public.caller_grams(caller text) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (SELECT COALESCE(array_agg(DISTINCT substr(caller_grams.caller, i.i, 3)), '{}'::text[]) AS "coalesce" FROM generate_series(1, (length(caller_grams.caller) - 2)) i(i));
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.agent_facts (
    id uuid NOT NULL,
    agent text NOT NULL,
    at timestamp with time zone NOT NULL,
    state text NOT NULL,
    reason text,
    station text,
    call text,
    written_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.agents (
    agent text NOT NULL,
    name text NOT NULL,
    projects text[] NOT NULL
);
CREATE TABLE public.agents_now (
    agent text NOT NULL,
    id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    state text NOT NULL,
    reason text,
    station text,
    call text
);
CREATE TABLE public.audit_log (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    by text NOT NULL,
    action text NOT NULL,
    target text DEFAULT ''::text NOT NULL,
    project text,
    address text DEFAULT ''::text NOT NULL,
    detail jsonb DEFAULT '{}'::jsonb NOT NULL
);
ALTER TABLE public.audit_log ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.call_agents (
    call text NOT NULL,
    agent text NOT NULL,
    entered_at timestamp with time zone NOT NULL
);
CREATE TABLE public.call_facts (
    id uuid NOT NULL,
    call text NOT NULL,
    at timestamp with time zone NOT NULL,
    kind text NOT NULL,
    detail jsonb NOT NULL,
    written_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.calls (
    call text NOT NULL,
    project text,
    hotline text,
    line text,
    caller text,
    flow text,
    language text,
    entered_at timestamp with time zone NOT NULL,
    queue text,
    queued_at timestamp with time zone,
    answered_at timestamp with time zone,
    wait_s double precision,
    ended_at timestamp with time zone,
    outcome text NOT NULL,
    ended_by text,
    cause integer,
    why text,
    agents text[] DEFAULT '{}'::text[] NOT NULL,
    talk_s double precision DEFAULT 0 NOT NULL,
    hold_s double precision DEFAULT 0 NOT NULL,
    score smallint,
    recording_file text,
    recording_sha256 text,
    recording_s double precision,
    bridged_s double precision,
    recording_whole boolean,
    recording_bytes bigint,
    recording_lost text,
    adopted boolean DEFAULT false NOT NULL,
    talk_ended_by text,
    queues text[] DEFAULT '{}'::text[] NOT NULL,
    caller_name text
)
WITH (fillfactor='80');
CREATE TABLE public.calls_to_refold (
    call text NOT NULL,
    entered_at timestamp with time zone NOT NULL
);
CREATE TABLE public.login_failures (
    key text NOT NULL,
    failures integer NOT NULL,
    last_at timestamp with time zone NOT NULL,
    blocked_until timestamp with time zone
);
CREATE TABLE public.queue_stays (
    call text NOT NULL,
    number smallint NOT NULL,
    queue text,
    entered_at timestamp with time zone NOT NULL,
    outcome text NOT NULL,
    wait_s double precision
)
WITH (fillfactor='80');
CREATE TABLE public.schema_migrations (
    version integer NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.sessions (
    token_hash bytea NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    address text DEFAULT ''::text NOT NULL,
    id bigint NOT NULL,
    browser text DEFAULT ''::text NOT NULL,
    seen_at timestamp with time zone NOT NULL
);
ALTER TABLE public.sessions ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.sessions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.users (
    name text NOT NULL,
    password_hash text NOT NULL,
    role text NOT NULL,
    projects text[],
    agent text,
    language text,
    disabled boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone NOT NULL,
    password_changed_at timestamp with time zone NOT NULL
);
INSERT INTO public.agents VALUES ('1001', '王芳', '{tea}');
INSERT INTO public.agents VALUES ('1002', 'Li Qiang', '{tea}');
INSERT INTO public.audit_log OVERRIDING SYSTEM VALUE VALUES (1, '2026-11-26 16:32:18.293343+00', 'offhook', 'user created', 'admin', NULL, '', '{"role": "admin", "projects": null}');
INSERT INTO public.call_agents VALUES ('pbx1-176400000.1', '1001', '2026-03-02 12:00:00+00');
INSERT INTO public.call_agents VALUES ('pbx1-176400001.1', '1001', '2026-03-02 12:01:00+00');
INSERT INTO public.call_agents VALUES ('pbx1-176400002.1', '1001', '2026-03-02 12:02:00+00');
INSERT INTO public.call_facts VALUES ('59aec723-74c8-49cd-a75e-bb4e2505447b', 'pbx1-176400000.1', '2026-03-02 12:00:00+00', 'entered', '{"flow": "hotline", "line": "trunk", "caller": "13800138000", "hotline": "4008001000", "project": "tea", "caller_name": null}', '2026-11-26 16:32:23.56081+00');
INSERT INTO public.call_facts VALUES ('5e3171ce-18e5-42c7-a715-9f06e8116bf2', 'pbx1-176400000.1', '2026-03-02 12:00:00+00', 'language', '{"language": "en"}', '2026-11-26 16:32:23.56081+00');
INSERT INTO public.call_facts VALUES ('619ca1c4-5748-4d4b-a686-36e61b4015c7', 'pbx1-176400000.1', '2026-03-02 12:00:01+00', 'queued', '{"queue": "sales", "skill": "sales"}', '2026-11-26 16:32:23.56081+00');
INSERT INTO public.call_facts VALUES ('be3a2785-edc2-4f86-b90a-c4ce13df3cfe', 'pbx1-176400000.1', '2026-03-02 12:00:06+00', 'offered', '{"agent": "1001", "queue": "sales", "station": "s1"}', '2026-11-26 16:32:23.56081+00');
INSERT INTO public.call_facts VALUES ('94773cf2-ef49-4f16-8b8d-2ca5cdeb98d2', 'pbx1-176400000.1', '2026-03-02 12:00:07+00', 'connected', '{"agent": "1001", "station": "s1"}', '2026-11-26 16:32:23.56081+00');
INSERT INTO public.call_facts VALUES ('0fc6a1d4-2e73-4710-8152-97c417f8d708', 'pbx1-176400000.1', '2026-03-02 12:00:37+00', 'disconnected', '{"by": null, "agent": "1001", "station": "s1"}', '2026-11-26 16:32:23.56081+00');
INSERT INTO public.call_facts VALUES ('e256a178-a739-4eb5-8419-2ec97e7ae302', 'pbx1-176400000.1', '2026-03-02 12:00:40+00', 'scored', '{"score": 5}', '2026-11-26 16:32:23.56081+00');
INSERT INTO public.call_facts VALUES ('bbd92832-1e8a-4c21-938c-6b8be0480288', 'pbx1-176400000.1', '2026-03-02 12:00:41+00', 'ended', '{"by": "caller", "why": null, "cause": 16}', '2026-11-26 16:32:23.56081+00');
INSERT INTO public.call_facts VALUES ('9b496ba0-8f40-47b5-b9d6-95ca6c771251', 'pbx1-176400000.1', '2026-03-02 12:00:43+00', 'recorded', '{"file": "2026/03/02/pbx1-176400000.1.wav", "bytes": 960044, "whole": true, "sha256": "00", "bridged_s": 30.0, "duration_s": 30.0}', '2026-11-26 16:32:23.56081+00');
INSERT INTO public.call_facts VALUES ('512acf84-9823-4def-bc68-67c08bac55b5', 'pbx1-176400001.1', '2026-03-02 12:01:00+00', 'entered', '{"flow": "hotline", "line": "trunk", "caller": "13800138000", "hotline": "4008001000", "project": "tea", "caller_name": null}', '2026-11-26 16:32:23.609584+00');
INSERT INTO public.call_facts VALUES ('a3b8e708-9af8-42e3-bb8c-45920a8531b6', 'pbx1-176400001.1', '2026-03-02 12:01:00+00', 'language', '{"language": "en"}', '2026-11-26 16:32:23.609584+00');
INSERT INTO public.call_facts VALUES ('511e06ac-2ca1-44fd-9fce-033d45fdd53f', 'pbx1-176400001.1', '2026-03-02 12:01:01+00', 'queued', '{"queue": "sales", "skill": "sales"}', '2026-11-26 16:32:23.609584+00');
INSERT INTO public.call_facts VALUES ('39a3435d-c5c3-41cc-bc0c-5be9ba367174', 'pbx1-176400001.1', '2026-03-02 12:01:06+00', 'offered', '{"agent": "1001", "queue": "sales", "station": "s1"}', '2026-11-26 16:32:23.609584+00');
INSERT INTO public.call_facts VALUES ('7fc01da7-77a5-4fab-aedc-e321d1a982e4', 'pbx1-176400001.1', '2026-03-02 12:01:07+00', 'connected', '{"agent": "1001", "station": "s1"}', '2026-11-26 16:32:23.609584+00');
INSERT INTO public.call_facts VALUES ('dd6bfe0b-c2f0-4b53-9f37-34c653326307', 'pbx1-176400001.1', '2026-03-02 12:01:37+00', 'disconnected', '{"by": null, "agent": "1001", "station": "s1"}', '2026-11-26 16:32:23.609584+00');
INSERT INTO public.call_facts VALUES ('cdc477e5-b22b-4ddc-b30b-0e8a46377627', 'pbx1-176400001.1', '2026-03-02 12:01:40+00', 'scored', '{"score": 5}', '2026-11-26 16:32:23.609584+00');
INSERT INTO public.call_facts VALUES ('b3da7fc9-622f-46d3-969e-93ca3d05201c', 'pbx1-176400001.1', '2026-03-02 12:01:41+00', 'ended', '{"by": "caller", "why": null, "cause": 16}', '2026-11-26 16:32:23.609584+00');
INSERT INTO public.call_facts VALUES ('6c7a25b2-ff50-4141-8673-36603fd02794', 'pbx1-176400001.1', '2026-03-02 12:01:43+00', 'recorded', '{"file": "2026/03/02/pbx1-176400001.1.wav", "bytes": 960044, "whole": true, "sha256": "00", "bridged_s": 30.0, "duration_s": 30.0}', '2026-11-26 16:32:23.609584+00');
INSERT INTO public.call_facts VALUES ('f745274b-c702-4706-9962-e4e9719533bb', 'pbx1-176400002.1', '2026-03-02 12:02:00+00', 'entered', '{"flow": "hotline", "line": "trunk", "caller": "13800138000", "hotline": "4008001000", "project": "tea", "caller_name": null}', '2026-11-26 16:32:23.617652+00');
INSERT INTO public.call_facts VALUES ('7c026aef-6fbe-4ab0-a5a1-845e18e07e73', 'pbx1-176400002.1', '2026-03-02 12:02:00+00', 'language', '{"language": "en"}', '2026-11-26 16:32:23.617652+00');
INSERT INTO public.call_facts VALUES ('b8a48164-a89f-4673-8638-af794067f769', 'pbx1-176400002.1', '2026-03-02 12:02:01+00', 'queued', '{"queue": "sales", "skill": "sales"}', '2026-11-26 16:32:23.617652+00');
INSERT INTO public.call_facts VALUES ('2c867553-b4e6-4bd7-8d5c-a38d60b9ac88', 'pbx1-176400002.1', '2026-03-02 12:02:06+00', 'offered', '{"agent": "1001", "queue": "sales", "station": "s1"}', '2026-11-26 16:32:23.617652+00');
INSERT INTO public.call_facts VALUES ('8c88ceda-f612-4fe5-a739-5cce6d2719ad', 'pbx1-176400002.1', '2026-03-02 12:02:07+00', 'connected', '{"agent": "1001", "station": "s1"}', '2026-11-26 16:32:23.617652+00');
INSERT INTO public.call_facts VALUES ('9afea99e-ae7c-447b-8281-0fb0cc7cdbd6', 'pbx1-176400002.1', '2026-03-02 12:02:37+00', 'disconnected', '{"by": null, "agent": "1001", "station": "s1"}', '2026-11-26 16:32:23.617652+00');
INSERT INTO public.call_facts VALUES ('a011b3fd-77d7-469d-88bf-2542edf89c82', 'pbx1-176400002.1', '2026-03-02 12:02:40+00', 'scored', '{"score": 5}', '2026-11-26 16:32:23.617652+00');
INSERT INTO public.call_facts VALUES ('17c2a0c5-c5a1-45e3-b49f-8c6cd5b8e614', 'pbx1-176400002.1', '2026-03-02 12:02:41+00', 'ended', '{"by": "caller", "why": null, "cause": 16}', '2026-11-26 16:32:23.617652+00');
INSERT INTO public.call_facts VALUES ('69a5cb91-53b9-4d7b-a790-feda58e8fdbc', 'pbx1-176400002.1', '2026-03-02 12:02:43+00', 'recorded', '{"file": "2026/03/02/pbx1-176400002.1.wav", "bytes": 960044, "whole": true, "sha256": "00", "bridged_s": 30.0, "duration_s": 30.0}', '2026-11-26 16:32:23.617652+00');
INSERT INTO public.call_facts VALUES ('bc102820-e3d3-4e3c-8dbe-939cadfa18a3', 'pbx1-176400009.1', '2026-03-02 12:05:00+00', 'entered', '{"flow": "hotline", "line": "trunk", "caller": "13800138000", "hotline": "4001", "project": "tea", "caller_name": null}', '2026-11-26 16:32:23.620364+00');
INSERT INTO public.call_facts VALUES ('6a5b6c54-ffe7-4fc7-96f6-7d10df06a12f', 'pbx1-176400009.1', '2026-03-02 12:05:01+00', 'queued', '{"queue": "sales", "skill": "sales"}', '2026-11-26 16:32:23.620364+00');
INSERT INTO public.call_facts VALUES ('d4d1e94d-89c5-418c-bf1c-a5630eb90adb', 'pbx1-176400009.1', '2026-03-02 12:05:31+00', 'ended', '{"by": "caller", "why": null, "cause": 16}', '2026-11-26 16:32:23.620364+00');
INSERT INTO public.calls VALUES ('pbx1-176400000.1', 'tea', '4008001000', 'trunk', '13800138000', 'hotline', 'en', '2026-03-02 12:00:00+00', 'sales', '2026-03-02 12:00:01+00', '2026-03-02 12:00:07+00', 6, '2026-03-02 12:00:41+00', 'answered', 'caller', 16, NULL, '{1001}', 30, 0, 5, '2026/03/02/pbx1-176400000.1.wav', '00', 30, 30, true, 960044, NULL, false, 'unknown', '{sales}', NULL);
INSERT INTO public.calls VALUES ('pbx1-176400001.1', 'tea', '4008001000', 'trunk', '13800138000', 'hotline', 'en', '2026-03-02 12:01:00+00', 'sales', '2026-03-02 12:01:01+00', '2026-03-02 12:01:07+00', 6, '2026-03-02 12:01:41+00', 'answered', 'caller', 16, NULL, '{1001}', 30, 0, 5, '2026/03/02/pbx1-176400001.1.wav', '00', 30, 30, true, 960044, NULL, false, 'unknown', '{sales}', NULL);
INSERT INTO public.calls VALUES ('pbx1-176400002.1', 'tea', '4008001000', 'trunk', '13800138000', 'hotline', 'en', '2026-03-02 12:02:00+00', 'sales', '2026-03-02 12:02:01+00', '2026-03-02 12:02:07+00', 6, '2026-03-02 12:02:41+00', 'answered', 'caller', 16, NULL, '{1001}', 30, 0, 5, '2026/03/02/pbx1-176400002.1.wav', '00', 30, 30, true, 960044, NULL, false, 'unknown', '{sales}', NULL);
INSERT INTO public.calls VALUES ('pbx1-176400009.1', 'tea', '4001', 'trunk', '13800138000', 'hotline', NULL, '2026-03-02 12:05:00+00', 'sales', '2026-03-02 12:05:01+00', NULL, 30, '2026-03-02 12:05:31+00', 'abandoned', 'caller', 16, NULL, '{}', 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, NULL, '{sales}', NULL);
INSERT INTO public.queue_stays VALUES ('pbx1-176400000.1', 1, 'sales', '2026-03-02 12:00:01+00', 'answered', 6);
INSERT INTO public.queue_stays VALUES ('pbx1-176400001.1', 1, 'sales', '2026-03-02 12:01:01+00', 'answered', 6);
INSERT INTO public.queue_stays VALUES ('pbx1-176400002.1', 1, 'sales', '2026-03-02 12:02:01+00', 'answered', 6);
INSERT INTO public.queue_stays VALUES ('pbx1-176400009.1', 1, 'sales', '2026-03-02 12:05:01+00', 'abandoned', 30);
INSERT INTO public.schema_migrations VALUES (1, 'first_light', 'c4bcfe219341578dcf88e898f63e9f6be361be27fbc260325064365fcb6c9dd8', '2026-11-26 16:32:17.357275+00');
INSERT INTO public.schema_migrations VALUES (2, 'queue_stays', '08a6a6df492902420d33c38e1b4cb8297012b1b189495673f05aff7c96ecb05e', '2026-11-26 16:32:17.501953+00');
INSERT INTO public.schema_migrations VALUES (3, 'one_user_an_agent', '0a7d97ab2dd8ce5f0e4990d174610c17b907bd4ab1ec3748561818080cded74d', '2026-11-26 16:32:17.550119+00');
INSERT INTO public.schema_migrations VALUES (4, 'callers', '7532aa42181330674729a34d8cb7947ace6154b802f0ffb9c62b359d5990488e', '2026-11-26 16:32:17.569665+00');
INSERT INTO public.schema_migrations VALUES (5, 'sessions_seen', '72989debb74a6b108adf662389510ae88eae59ab4ea039013230ad2a792c93b9', '2026-11-26 16:32:17.575027+00');
INSERT INTO public.users VALUES ('admin', '$argon2id$v=19$m=65536,t=3,p=1$r9LkDrCg9BzMG0DpkALbKQ$S2iNGANZjJ2TdBQlYwQHHR0naQN8065GEgT0+IHoyG8', 'admin', NULL, NULL, NULL, false, '2026-11-26 16:32:18.281793+00', '2026-11-26 16:32:18.281793+00');
SELECT pg_catalog.setval('public.audit_log_id_seq', 1, true);
SELECT pg_catalog.setval('public.sessions_id_seq', 1, false);
ALTER TABLE ONLY public.agent_facts
    ADD CONSTRAINT agent_facts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.agents_now
    ADD CONSTRAINT agents_now_pkey PRIMARY KEY (agent);
ALTER TABLE ONLY public.agents
    ADD CONSTRAINT agents_pkey PRIMARY KEY (agent);
ALTER TABLE ONLY public.audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.call_agents
    ADD CONSTRAINT call_agents_pkey PRIMARY KEY (call, agent);
ALTER TABLE ONLY public.call_facts
    ADD CONSTRAINT call_facts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_pkey PRIMARY KEY (call);
ALTER TABLE ONLY public.calls_to_refold
    ADD CONSTRAINT calls_to_refold_pkey PRIMARY KEY (call);
ALTER TABLE ONLY public.login_failures
    ADD CONSTRAINT login_failures_pkey PRIMARY KEY (key);
ALTER TABLE ONLY public.queue_stays
    ADD CONSTRAINT queue_stays_pkey PRIMARY KEY (call, number);
ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_id_key UNIQUE (id);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (token_hash);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (name);
CREATE INDEX agent_facts_of_agent ON public.agent_facts USING btree (agent, at DESC);
CREATE INDEX audit_log_at ON public.audit_log USING btree (at DESC, id DESC);
CREATE INDEX call_agents_of_agent ON public.call_agents USING btree (agent, entered_at DESC, call DESC);
CREATE INDEX call_facts_of_call ON public.call_facts USING btree (call, at);
CREATE INDEX calls_caller ON public.calls USING gin (public.caller_grams(caller));
CREATE INDEX calls_entered ON public.calls USING btree (entered_at DESC, call DESC);
CREATE INDEX calls_hotline ON public.calls USING btree (hotline, entered_at DESC, call DESC);
CREATE INDEX calls_open ON public.calls USING btree (entered_at) WHERE (ended_at IS NULL);
CREATE INDEX calls_outcome ON public.calls USING btree (outcome, entered_at DESC, call DESC);
CREATE INDEX calls_project ON public.calls USING btree (project, entered_at DESC, call DESC);
CREATE INDEX calls_queues ON public.calls USING gin (queues);
CREATE INDEX calls_to_refold_newest ON public.calls_to_refold USING btree (entered_at DESC);
CREATE INDEX queue_stays_of_queue ON public.queue_stays USING btree (queue, entered_at);
CREATE INDEX sessions_expiry ON public.sessions USING btree (expires_at);
CREATE INDEX sessions_of_user ON public.sessions USING btree (name);
CREATE UNIQUE INDEX users_agent ON public.users USING btree (agent) WHERE ((agent IS NOT NULL) AND (NOT disabled));
ALTER TABLE ONLY public.call_agents
    ADD CONSTRAINT call_agents_call_fkey FOREIGN KEY (call) REFERENCES public.calls(call) ON DELETE CASCADE;
ALTER TABLE ONLY public.queue_stays
    ADD CONSTRAINT queue_stays_call_fkey FOREIGN KEY (call) REFERENCES public.calls(call) ON DELETE CASCADE;
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_name_fkey FOREIGN KEY (name) REFERENCES public.users(name) ON DELETE CASCADE;
