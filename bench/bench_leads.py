"""Measures what a campaign of 50,000 leads asks of the database: claims, attempts, the funnel.

A fifth of the leads has been called before, each twice. The figures are of this machine, with the
embedded server and one client.
"""

import asyncio
import json
import statistics
import sys
import tempfile
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg

from campaigns.attempt_outcomes import with_attempts
from campaigns.attempts import Attempts, WishedAttempt
from campaigns.campaign import CampaignSettings, CampaignState, Mode
from campaigns.campaign_service import Campaigns
from campaigns.claims import ClaimedLead, LeadClaims
from campaigns.funnel import CampaignFunnel
from dialer.calling_times import WeekHours
from dialer.lead_rules import CampaignRules, JudgedLead, NumberHistory, judge
from dialer.rules import PRESETS, Past, PastOutcome
from domain.call_facts import CallEnded
from domain.facts import CallFact
from domain.happening import Happening
from domain.identity import CallId, CampaignName, LineName, ProjectName
from domain.outbound_facts import CustomerRang, NotReached
from domain.reasons import Cause, Party
from domain.roles import Actor, Role
from records.writing import write
from storage.database import connection, open_database
from storage.fact_codec import stored

LEADS = 50_000
ROUNDS = 20
A_CLAIM = 200
JUDGED = 10_000
NAME, TEA = CampaignName("spring"), ProjectName("tea")
OPS = Actor("bench", Role.ADMIN, None)
ZONE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
SETTINGS = CampaignSettings(
    title="Spring",
    queue="tea",
    line="carrier",
    rules="cautious",
    message={"en": "Sorry, nobody is free."},
)

_FILL = """
with made as (
    insert into leads (list, project, key, name, fields, consent_at, attempts, last_attempt_at)
    select $1, 'tea', n::text, 'Customer ' || n, '{"city": "Shanghai"}', $3::timestamptz,
        case when n % 5 = 0 then 2 else 0 end,
        case when n % 5 = 0 then $3::timestamptz + interval '1 day' end
    from generate_series(1, $2::int) n
    returning lead, key
), numbered as (
    insert into lead_numbers (lead, place, number)
    select lead, 0, '+86138' || lpad(key, 8, '0') from made
)
insert into attempts (
    attempt, campaign, project, list, lead, number, mode, stage, reserved_at, ended_at, outcome,
    cause
)
select 'old-' || lead || '-' || day, $4, 'tea', $1, lead, '+86138' || lpad(key, 8, '0'),
    'predictive', 'not_reached', $3::timestamptz + day * interval '12 hours',
    $3::timestamptz + day * interval '12 hours',
    'nobody', 'no_answer'
from made cross join generate_series(1, 2) day where key::int % 5 = 0
"""


def measure() -> dict[str, Any]:
    """Milliseconds for each kind of work, median and worst of some."""
    # PostgreSQL runs as another user if we are root.
    with tempfile.TemporaryDirectory(prefix="offhook-leads-") as folder:
        return asyncio.run(_measure(Path(folder) / "state"))


async def _measure(folder: Path) -> dict[str, Any]:
    database = await open_database(folder)
    try:
        pool = database.pool
        await _fill(pool)
        claims, funnel = LeadClaims(pool, lambda: ZONE), CampaignFunnel(pool, lambda: ZONE)
        figures: dict[str, Any] = {"leads": LEADS, "judge_us": _judged()}
        claimed: list[ClaimedLead] = []

        async def claim() -> None:
            claimed[:] = await claims.claim(NAME, A_CLAIM, by="bench", now=NOON, lease_s=60)
            assert len(claimed) == A_CLAIM

        figures[f"claim_of_{A_CLAIM}_ms"] = await _times(claim)
        figures.update(await _dialled(pool, claimed))

        async def count() -> None:
            await funnel.funnel(OPS, NAME, NOON)

        figures["funnel_ms"] = await _times(count)
        began = perf_counter()
        held = await funnel.look_over(NAME, NOON + timedelta(hours=11))
        figures["look_over"] = {"held": held, "s": round(perf_counter() - began, 2)}
        figures["funnel_at_night_ms"] = await _times(count)
        return figures
    finally:
        await database.close()


def _judged() -> dict[str, float]:
    """Microseconds of CPU to judge a lead by all rules, by day and at night."""
    rules = CampaignRules(
        PRESETS["cautious"],
        hours=(WeekHours(frozenset(range(5)), time(9), time(18)),),
        closed_on=frozenset((NOON.date() + timedelta(days=1),)),
    )
    lead = JudgedLead(2, NOON - timedelta(hours=30), Cause.BUSY, consent=True)
    calls = [Past(NOON - timedelta(hours=hours), PastOutcome.NOBODY) for hours in (30, 40, 50)]
    number, took = NumberHistory(tuple(calls)), dict[str, float]()
    for name, now in (("by_day", NOON), ("at_night", NOON + timedelta(hours=11))):
        began = process_time()
        for _ in range(JUDGED):
            judge(lead, number, rules, now, ZONE)
        took[name] = round((process_time() - began) / JUDGED * 1_000_000, 1)
    return took


async def _fill(pool: asyncpg.Pool) -> None:
    campaigns = Campaigns(pool, clock=lambda: NOON)
    made = await campaigns.make(OPS, NAME, TEA, SETTINGS)
    number = await pool.fetchval(
        "insert into lists (project, title, made_by) values ('tea', 'May', 'bench') returning list"
    )
    await pool.execute(_FILL, number, LEADS, NOON - timedelta(days=2), NAME)
    await pool.execute("vacuum analyze")
    await campaigns.change(OPS, NAME, made.change, lists=[number])
    await campaigns.move(OPS, NAME, CampaignState.RUNNING)


async def _dialled(pool: asyncpg.Pool, claimed: list[ClaimedLead]) -> dict[str, Any]:
    attempts, calls = Attempts(pool, lambda: ZONE), iter(claimed)
    reserved: list[CallId] = []

    async def reserve() -> None:
        one = next(calls)
        wish = WishedAttempt(
            CallId(f"pbx1-{one.lead.lead}"),
            NAME,
            one.lead.lead,
            one.number.number,
            LineName("carrier"),
            None,
            Mode.PREDICTIVE,
        )
        refused = await attempts.reserve(wish, by="bench", now=NOON)
        assert refused is None, refused
        reserved.append(wish.attempt)

    figures = {"reserve_ms": await _times(reserve, A_CLAIM)}
    began = perf_counter()
    for begin in range(0, len(reserved), 25):
        facts = [fact for call in reserved[begin : begin + 25] for fact in _missed(call)]
        async with connection(pool) as db:
            await with_attempts(write)(db, [stored(fact) for fact in facts])
    took = perf_counter() - began
    figures["outcome_of_each_ms"] = {"mean": round(took / len(reserved) * 1_000, 2)}
    return figures


def _missed(call: CallId) -> list[CallFact]:
    happenings: list[Happening] = [
        CustomerRang(),
        NotReached(Cause.NO_ANSWER, 19, 480),
        CallEnded(Party.SYSTEM, 19, None),
    ]
    return [
        CallFact(str(uuid.uuid4()), call, NOON + timedelta(seconds=n), what)
        for n, what in enumerate(happenings)
    ]


async def _times(work: Callable[[], Awaitable[None]], rounds: int = ROUNDS) -> dict[str, float]:
    times = []
    for _ in range(rounds):
        began = perf_counter()
        await work()
        times.append((perf_counter() - began) * 1_000)
    return {"median": round(statistics.median(times), 1), "worst": round(max(times), 1)}


if __name__ == "__main__":
    json.dump(measure(), sys.stdout, indent=2)
    print()
