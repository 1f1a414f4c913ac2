"""Measures the outbound daily report and the list of attempts on a day of 200,000 attempts.

Ten projects share them, with 500 agents; a month of smaller days lies around. The figures are of
this machine, with the embedded server and one client.
"""

import asyncio
import json
import statistics
import sys
import tempfile
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg

from campaigns.attempt_pages import AttemptFilter, AttemptPages
from campaigns.daily_report import AskedReport, DailyReports, ReportBy, total_of
from campaigns.outbound_figures import CameTo, day_span
from domain.identity import ProjectName
from domain.roles import Actor, Role
from storage.database import open_database

ATTEMPTS = 200_000
OTHER_DAYS, ON_OTHERS = 30, 10_000
AGENTS = 500
ROUNDS = 5
ZONE = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 3, 2)
BEGINS = datetime(2026, 3, 1, 16, tzinfo=UTC)
BOSS, CLIENT = Actor("bench", Role.ADMIN), Actor("c", Role.CLIENT, frozenset({"p3"}))

_ATTEMPTS = """
insert into attempts (
    attempt, campaign, project, number, line, mode, agent, stage, reserved_at, requested_at,
    ended_at, outcome, cause, disposition
)
select $1 || n, 'c' || n % 30, 'p' || n % 10, '+86138' || lpad((n % 100000)::text, 8, '0'),
    'carrier', 'predictive', case when n % 5 < 2 then 'a' || n % $4::int end, 'ended',
    $3::timestamptz + n * (interval '24 hours' / $2::int),
    $3::timestamptz + n * (interval '24 hours' / $2::int),
    $3::timestamptz + n * (interval '24 hours' / $2::int) + interval '30 seconds',
    case when n % 5 < 2 then 'spoken' when n % 50 = 3 then 'abandoned' else 'nobody' end,
    case when n % 5 >= 2 then case when n % 20 = 4 then 'invalid' else 'no_answer' end end,
    case when n % 5 = 0 then 'success' when n % 25 = 1 then 'callback' end
from generate_series(0, $2::int - 1) n
"""
_AGENTS = """
with made as (
    insert into agents (agent, name, projects)
    select 'a' || n, 'Agent ' || n, array['p' || n % 10] from generate_series(0, $1::int - 1) n
    returning agent
)
insert into agent_facts (id, agent, at, state)
select gen_random_uuid(), agent, $2::timestamptz + n * interval '5 minutes', 'ready'
from made cross join generate_series(0, 300) n
"""


def measure() -> dict[str, Any]:
    """Milliseconds for reports of a day and a month, and for pages of attempts."""
    # PostgreSQL runs as another user if we are root.
    with tempfile.TemporaryDirectory(prefix="offhook-reports-") as folder:
        return asyncio.run(_measure(Path(folder) / "state"))


async def _measure(folder: Path) -> dict[str, Any]:
    database = await open_database(folder)
    try:
        pool = database.pool
        await _fill(pool)
        daily, pages = DailyReports(pool), AttemptPages(pool)
        figures: dict[str, Any] = {"attempts_of_the_day": ATTEMPTS}
        asked = {
            "day_by_project": (BOSS, AskedReport(DAY, DAY)),
            "day_by_campaign": (BOSS, AskedReport(DAY, DAY, ReportBy.CAMPAIGN)),
            "day_by_agent": (BOSS, AskedReport(DAY, DAY, ReportBy.AGENT)),
            "day_of_a_client": (CLIENT, AskedReport(DAY, DAY)),
            "month": (BOSS, AskedReport(date(2026, 2, 10), date(2026, 3, 12))),
        }
        for name, (actor, report) in asked.items():
            rows = await daily.rows(actor, report, ZONE)
            assert total_of(rows).dials, name

            async def count(actor: Actor = actor, report: AskedReport = report) -> None:
                await daily.rows(actor, report, ZONE)

            figures[f"{name}_ms"] = await _times(count)
        start, end = day_span(DAY, ZONE)
        filters = {
            "newest": AttemptFilter(),
            "of_a_project": AttemptFilter(project=ProjectName("p3"), start=start, end=end),
            "rare": AttemptFilter(came=CameTo.MACHINE, start=start, end=end),
        }
        for name, one in filters.items():

            async def look(one: AttemptFilter = one) -> None:
                await pages.search(BOSS, one)

            figures[f"attempts_{name}_ms"] = await _times(look)
        return figures
    finally:
        await database.close()


async def _fill(pool: asyncpg.Pool) -> None:
    await pool.execute(_ATTEMPTS, "day-", ATTEMPTS, BEGINS, AGENTS, timeout=300)
    for number in range(OTHER_DAYS):
        at = datetime.fromtimestamp(BEGINS.timestamp() + (number - 20) * 86_400, UTC)
        if at != BEGINS:
            await pool.execute(_ATTEMPTS, f"{number}-", ON_OTHERS, at, AGENTS, timeout=300)
    await pool.execute(_AGENTS, AGENTS, BEGINS)
    await pool.execute("vacuum analyze", timeout=300)


async def _times(work: Callable[[], Awaitable[None]]) -> dict[str, float]:
    times = []
    for _ in range(ROUNDS):
        began = perf_counter()
        await work()
        times.append((perf_counter() - began) * 1_000)
    return {"median": round(statistics.median(times), 1), "worst": round(max(times), 1)}


if __name__ == "__main__":
    json.dump(measure(), sys.stdout, indent=2)
    print()
