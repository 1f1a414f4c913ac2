"""Makes a database with millions of calls, as a year in a centre of fifty projects leaves them.

The projects' shares are very unequal, numbers and agents are as in practice, and one project is
quiet. It is made once, on the server, and kept in a folder.
"""

import asyncio
import contextlib
import json
import shutil
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import structlog

from domain.errors import OperatorError
from storage.database import Database, close_pool, make_pool
from storage.embedded import EmbeddedServer
from storage.migrate import migrate, migrations

PROJECTS, DAYS = 50, 365
QUIET_CALLS = 1_000
"""So many calls the last project has."""
BYTES_A_CALL = 2_600
"""On the disk at most, while the indexes are made; about 1,700 stay."""
NOTE = "made.json"
FILLED_AT = 6
"""The schema that is filled; the migrations that follow are timed."""
_CHUNK = 500_000

BEGAN = datetime(2025, 11, 1, tzinfo=UTC)
LAST_DAY = BEGAN + timedelta(days=DAYS - 1)


class NoRoom(OperatorError):  # noqa: N818
    """There is not enough space for so many calls."""


@dataclass(frozen=True, slots=True)
class Made:
    """What is in the folder, and how long it took in seconds."""

    calls: int
    filled_s: float
    migrated_s: dict[str, float]


def project(number: int) -> str:
    """The name of a project; the first is the largest."""
    return f"project{number:02}"


def hotline(of_project: int, number: int) -> str:
    """One of a project's three hotlines."""
    return f"400800{of_project:02}{number:02}"


def queue(of_project: int, number: int) -> str:
    """One of a project's two queues."""
    return f"queue{of_project:02}-{number}"


_FILL = """
insert into calls (
    call, project, hotline, line, caller, flow, language, entered_at, queue, queued_at, answered_at,
    wait_s, ended_at, outcome, ended_by, cause, agents, talk_s, score, recording_file,
    recording_sha256, recording_s, bridged_s, recording_whole, recording_bytes, queues
)
select
    'pbx1-' || floor(extract(epoch from at))::bigint || '.' || i,
    project, hotline, 'carrier', caller, 'hotline', 'zh-CN', at,
    queues[cardinality(queues)],
    case when cardinality(queues) > 0 then at + interval '20 s' end,
    case when answered then at + make_interval(secs => 20 + wait_s) end,
    case when cardinality(queues) > 0 then wait_s end,
    case when outcome <> 'open' then at + make_interval(secs => 30 + wait_s + talk_s) end,
    outcome, case when outcome <> 'open' then 'caller' end, 16, agents,
    case when answered then talk_s else 0 end,
    case when answered and r[9] < 0.4 then 1 + floor(r[10] * 5) end,
    case when answered then to_char(at, 'YYYY/MM/DD/') || i || '.wav' end,
    case when answered then repeat(md5(i::text), 2) end,
    case when answered then talk_s end, case when answered then talk_s end,
    case when answered then true end, case when answered then (talk_s * 32000)::bigint end,
    queues
from generate_series($1::bigint, $2::bigint) as i
cross join lateral (
    select array(select random() from generate_series(1, 16) where i is not null) as r
) as chance
cross join lateral (
    -- Each day from eight to ten in the evening.
    select $3::timestamptz + make_interval(days => (i * $4 / $5)::int)
        + make_interval(secs => 28800 + ((i * $4::numeric / $5) % 1)::float8 * 50400) as at,
        case when r[1] * $5 < $7 then 50
            else least(49, 1 + width_bucket(r[2], $6::float8[])) end as p,
        case when i > $5 - 20 then 'open' when r[3] < 0.10 then 'self_service'
            when r[3] < 0.11 then 'blocked' when r[3] < 0.111 then 'lost'
            when r[3] < 0.131 then 'unserved' when r[3] < 0.25 then 'abandoned'
            else 'answered' end as outcome,
        -20 * ln(1 - r[4]) as wait_s, -180 * ln(1 - r[5]) as talk_s
) as what
cross join lateral (
    select lpad(p::text, 2, '0') as pp, outcome = 'answered' as answered,
        p * 37 + floor(r[11] * 200 / (p + 2))::int as one_agent,
        case when r[13] < 0.85
            then (array['138', '139', '135', '136', '137', '150', '158', '186', '189', '177'])
                [1 + floor(power(r[14], 2) * 10)::int]
            else (array['010', '021', '020', '0755', '0571'])[1 + floor(r[14] * 5)::int]
        end || lpad(floor(r[15] * 1e8)::text, 8, '0') as number
) as parts
cross join lateral (
    select 'project' || pp as project,
        '400800' || pp || case when r[6] < 0.7 then '01' when r[6] < 0.9 then '02' else '03' end
            as hotline,
        case when outcome in ('self_service', 'blocked') then '{}'
            when r[7] < 0.03 then array['queue' || pp || '-1', 'queue' || pp || '-2']
            when r[7] < 0.65 then array['queue' || pp || '-1']
            else array['queue' || pp || '-2'] end as queues,
        case when not answered then '{}'
            when r[8] < 0.98 then array[(1000 + one_agent % 350)::text]
            else array[(1000 + one_agent % 350)::text, (1000 + (one_agent + 1) % 350)::text]
        end as agents,
        case when r[13] < 0.06 then null when r[13] < 0.99 then number
            when r[13] < 0.9999 then '+86' || number
            else '*' || floor(r[15] * 100)::text || '#' end as caller
) as names
"""
_OF_CALLS = (
    "insert into call_agents (call, agent, entered_at)"
    " select distinct call, unnest(agents), entered_at from calls where cardinality(agents) > 0",
    "insert into queue_stays (call, number, queue, entered_at, outcome, wait_s)"
    " select call, number, stood, queued_at, case when number < cardinality(queues)"
    " then 'unserved' else outcome end, wait_s / number"
    " from calls, unnest(queues) with ordinality as n (stood, number) where queued_at is not null",
)
_INDEXES = """
    select format('drop index %I', c.relname) as away, pg_get_indexdef(c.oid) as back
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
    where t.relname in ('calls', 'call_agents', 'queue_stays') and not i.indisprimary
"""
_KEYS = """
    select format('alter table %I drop constraint %I', t.relname, k.conname) as away,
        format('alter table %I add %s', t.relname, pg_get_constraintdef(k.oid)) as back
    from pg_constraint k join pg_class t on t.oid = k.conrelid
    where t.relname in ('calls', 'call_agents', 'queue_stays') and k.contype in ('p', 'f')
    order by k.contype = 'p'
"""


@contextlib.asynccontextmanager
async def many_calls(folder: Path, calls: int) -> AsyncIterator[tuple[Database, Made]]:
    """The database in ``folder``, made if it isn't there yet. Raises NoRoom."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    note = folder / NOTE
    made = _made(folder, calls)
    server = EmbeddedServer(folder)
    await asyncio.to_thread(server.start)
    try:
        dsn = await server.database("offhook")
        if made is None:
            db = await asyncpg.connect(dsn)
            await db.execute("alter system set fsync = off")  # if it fails, it is made again
            await db.execute("alter system set max_wal_size = '4GB'")
            await db.execute("select pg_reload_conf()")
            made = Made(calls, await _fill(db, calls), {})
            await db.execute("alter system reset all")
            await db.execute("select pg_reload_conf()")
            await db.close()
        made.migrated_s.update(await _migrate(dsn))
        note.write_text(json.dumps(asdict(made)) + "\n", "utf-8")
        pool = await make_pool(dsn)
        try:
            yield Database(pool, dsn), made
        finally:
            await close_pool(pool)
    finally:
        await asyncio.to_thread(server.stop)


def _made(folder: Path, calls: int) -> Made | None:
    """What is in the folder; None once room is made for what shall be in it."""
    note = folder / NOTE
    if note.exists():
        made = Made(**json.loads(note.read_text("utf-8")))
        if made.calls == calls:
            return made
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    need, free = calls * BYTES_A_CALL, shutil.disk_usage(folder).free
    if free < need:
        raise NoRoom(
            f"{calls:,} calls need {need / 1e9:.0f} GB in {folder}, where {free / 1e9:.0f} GB are"
            " free; name another folder in OFFHOOK_BENCH_CALLS, or fewer calls in"
            " OFFHOOK_BENCH_CALLS_NUMBER"
        )
    return None


async def _fill(db: asyncpg.Connection, calls: int) -> float:
    began = time.monotonic()
    await migrate(db, migrations()[:FILLED_AT])
    await db.execute("set maintenance_work_mem = '512MB'; set synchronous_commit = off")
    parts = [*await db.fetch(_INDEXES), *await db.fetch(_KEYS)]
    for part in parts:
        await db.execute(part["away"])
    for first in range(1, calls + 1, _CHUNK):
        last = min(calls, first + _CHUNK - 1)
        values = (first, last, BEGAN, DAYS, calls, _shares(), QUIET_CALLS)
        await db.execute(_FILL, *values)
        _say(f"{last:,} calls, {time.monotonic() - began:.0f} s")
    for statement in _OF_CALLS:
        await db.execute(statement)
    _say(f"agents and stays, {time.monotonic() - began:.0f} s")
    for part in reversed(parts):
        await db.execute(part["back"])
        _say(f"{part['back'][:90]}, {time.monotonic() - began:.0f} s")
    await db.execute("vacuum analyze")
    return round(time.monotonic() - began, 1)


def _shares() -> list[float]:
    """Where the projects' shares end, from 0 to 1: each has half of what the one at half its
    number has."""
    weights = [1 / number for number in range(1, PROJECTS)]
    return [sum(weights[:number]) / sum(weights) for number in range(1, PROJECTS - 1)]


async def _migrate(dsn: str) -> dict[str, float]:
    """Bring the schema forward; how many seconds each migration took."""
    db = await asyncpg.connect(dsn)
    taken: dict[str, float] = {}
    known = migrations()
    try:
        for number in range(FILLED_AT + 1, len(known) + 1):
            began, before = (
                time.monotonic(),
                await db.fetchval("select max(version) from schema_migrations"),
            )
            await migrate(db, known[: max(number, before)])
            if before < number:
                taken[known[number - 1].name] = round(time.monotonic() - began, 1)
                _say(f"{known[number - 1].name}, {time.monotonic() - began:.0f} s")
        if taken:
            await db.execute("vacuum analyze")
    finally:
        await db.close()
    return taken


def _say(line: str) -> None:
    print(f"offhook: {line}", file=sys.stderr, flush=True)
