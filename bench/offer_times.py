"""Finds out for a benchmark how long offers took, from the record and from what phones received."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import asyncpg

from bench import rig
from bench.phones import Invited, Phones
from domain.agent_facts import AgentFact, AgentState
from domain.identity import AgentCode, StationName
from offhook.stack import Stack
from records.writing import write
from storage.database import make_pool

SPOKEN_FOR_S = 2.0
"""Even the shortest announcement takes longer than this."""

_FACTS = """
select c.caller, f.call, f.kind, f.detail ->> 'station' as station,
       extract(epoch from f.at)::float8 as at
from call_facts f join calls c using (call)
where f.kind in ('queued', 'announced', 'offered', 'disconnected') order by f.at
"""


async def log_in_all(stack: Stack, agents: int) -> None:
    """So many agents are logged in and ready, as if they had been before the controller started."""
    await stack.controller.stop()
    pool = await make_pool(stack.dsn, pool_size=2)
    try:
        now = await pool.fetchval("select now()")
        facts = [
            AgentFact(
                f"00000000-0000-4000-8000-{number:012}",
                AgentCode(str(1000 + number)),
                now,
                AgentState.READY,
                station=StationName(str(2000 + number)),
            )
            for number in range(agents)
        ]
        async with pool.acquire() as db:
            await write(db, facts)
    finally:
        await pool.close()
    await stack.controller.start()
    await asyncio.sleep(5.0)  # its prompts are being spoken


async def settled(stack: Stack, phones: Phones) -> list[dict[str, Any]]:
    """For each INVITE so far: milliseconds since what led to it, as far as known.

    Forgets the calls in the database, so that callers' numbers can be used again.
    """
    await asyncio.sleep(2.0)
    database = await asyncpg.connect(stack.dsn)
    try:
        rows = await database.fetch(_FACTS)
        await database.execute("truncate call_facts, calls cascade")
    finally:
        await database.close()
    return _matched(rows, phones.invited)


def _matched(rows: Sequence[Any], invited: Sequence[Invited]) -> list[dict[str, Any]]:
    by_caller: dict[str, list[Any]] = defaultdict(list)
    ends: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        by_caller[row["caller"]].append(row)
        if row["kind"] == "disconnected":
            ends[row["station"]].append(row["at"])
    found = []
    for invite in sorted(invited, key=lambda one: one.at):
        mine = [row for row in by_caller[invite.caller] if row["at"] <= invite.at]
        offered = [
            row["at"]
            for row in mine
            if row["kind"] == "offered" and row["station"] == invite.station
        ]
        if not offered:
            continue
        decided = offered[-1]
        queued = max(row["at"] for row in mine if row["kind"] == "queued")
        free = max((at for at in ends[invite.station] if at <= decided), default=0.0)
        told = max((row["at"] for row in mine if row["kind"] == "announced"), default=0.0)
        # The later of the two made the offer possible.
        found.append(
            {
                "decided": 1000 * (invite.at - decided),
                "entered": 1000 * (invite.at - queued) if queued > free else None,
                "freed": 1000 * (invite.at - free) if free > queued else None,
                "announcing": 0.0 < decided - told < SPOKEN_FOR_S,
            }
        )
    return found


def quantiles(values: Sequence[float]) -> dict[str, float]:
    """p50, p99, the longest and the number; in the unit of the values."""
    if not values:
        return {"p50": 0.0, "p99": float("inf"), "max": float("inf"), "offers": 0}
    return {
        "p50": round(rig.percentile(values, 0.5), 2),
        "p99": round(rig.percentile(values, 0.99), 2),
        "max": round(max(values), 2),
        "offers": len(values),
    }
