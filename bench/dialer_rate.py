"""Measures how many calls a second one controller places, and how soon after its decision the
request is at the other end.

A campaign that may place more than fifty a second calls numbers that ring for a second and are
busy. Each attempt's row is committed and its fact is in the outbox before Asterisk is asked. The
far end notes when each request has come in; the decision's time is that of the attempt's row. All
of it is on one machine: two Asterisks, PostgreSQL, the controller and this process.
"""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench import rig
from bench.dialer_ear import percentiles
from bench.dialled_centre import (
    CAMPAIGN,
    CARRIER,
    QUEUE,
    DialledCentre,
    dialled_centre,
    two_blocks,
    until,
)
from bench.offer_times import log_in_all
from campaigns.campaign import CampaignSettings, CampaignState, Mode
from farend.called_customers import key_of

AGENTS = 100
TARGET_PER_S, ALLOWED_PER_S = 50.0, 60.0
WARM_S, LASTS_S = 3.0, 30.0
STEPS = "ring-1,busy"
AT_ONCE = 100
RATIO = 5.0
"""Far more for each agent than ring at a time, so that only the calls per second hold it back."""

_PLACED = """
select a.number, extract(epoch from a.reserved_at)::float8 as decided,
  extract(epoch from min(f.at))::float8 as placed
from attempts a left join call_facts f on f.call = a.attempt and f.kind = 'placed'
where a.campaign = $1 group by a.attempt
"""


@dataclass(frozen=True, slots=True)
class SentCall:
    """When a call was decided on, when its row was committed and its fact written, and when the
    far end had its request; seconds since 1970."""

    decided: float
    placed: float
    invited: float


def measure(lasts_s: float = LASTS_S, allowed_per_s: float = ALLOWED_PER_S) -> dict[str, Any]:
    """Calls per second, milliseconds from the decision, CPU seconds per second; JSON-able."""
    return asyncio.run(_measure(lasts_s, allowed_per_s))


async def _measure(lasts_s: float, allowed_per_s: float) -> dict[str, Any]:
    load = os.getloadavg()[0]
    settings = CampaignSettings(
        title="As fast as it can",
        mode=Mode.POWER,
        ratio=RATIO,
        queue=QUEUE,
        line=CARRIER,
        lines=round(AGENTS * RATIO),
        rules="us",
        calls_per_second=allowed_per_s,
        most_attempts=1,
        message={"en": "Sorry, nobody is free."},
    )
    async with dialled_centre(AGENTS, two_blocks(rtp=1_000)) as centre:
        await log_in_all(centre.stack, AGENTS)
        numbers = await _planned(centre, round((lasts_s + WARM_S + 5) * allowed_per_s))
        await centre.add_leads(await centre.make_campaign(settings), numbers)
        await centre.move(CampaignState.RUNNING)
        seen = centre.far.seen.calls
        await until(lambda: bool(seen), 30, "the first call")
        await asyncio.sleep(WARM_S)
        before, began_at = rig.used(centre.stack), asyncio.get_running_loop().time()
        await asyncio.sleep(lasts_s)
        lasted = asyncio.get_running_loop().time() - began_at
        used = rig.used(centre.stack) - before
        await centre.move(CampaignState.STOPPED)
        await asyncio.sleep(3.0)  # the last facts are written
        calls, missing = await _sent(centre)
    return {
        **rate_figures(calls, lasts_s),
        "rows_without_a_call": missing,
        "allowed_per_s": allowed_per_s,
        "agents": AGENTS,
        "cpu": {
            "asterisk": round(used.asterisk / lasted, 2),
            "controller": round(used.controller / lasted, 2),
            "postgres": round(used.postgres / lasted, 2),
        },
        "load_before": round(load, 2),
        "processors": os.cpu_count(),
    }


async def _planned(centre: DialledCentre, count: int) -> Sequence[str]:
    numbers = [f"+86137{n:08}" for n in range(count)]
    for first in range(0, count, AT_ONCE):
        some = numbers[first : first + AT_ONCE]
        await asyncio.gather(*(centre.far.plan(number, STEPS) for number in some))
    return numbers


async def _sent(centre: DialledCentre) -> tuple[list[SentCall], int]:
    """The calls that came in, and how many rows have none."""
    invited: Mapping[str, float] = {
        call.key: call.began_at for call in centre.far.seen.calls.values() if call.key
    }
    rows = await centre.pool.fetch(_PLACED, CAMPAIGN)
    found = [
        SentCall(row["decided"], row["placed"], invited[key])
        for row in rows
        if (key := key_of(row["number"])) in invited and row["placed"] is not None
    ]
    return found, len(rows) - len(found)


def rate_figures(calls: Sequence[SentCall], lasts_s: float) -> dict[str, Any]:
    """The figures of ``lasts_s`` seconds, JSON-able. ``calls`` begin WARM_S before those."""
    first = min((call.invited for call in calls), default=0.0) + WARM_S
    measured = [call for call in calls if first <= call.invited < first + lasts_s]
    seconds = [0] * max(1, int(lasts_s))
    for call in measured:
        seconds[min(len(seconds) - 1, int(call.invited - first))] += 1
    per_s = len(measured) / lasts_s
    return {
        "placed_per_s": round(per_s, 1),
        "slowest_second": min(seconds),
        "calls": len(measured),
        "decision_to_invite_ms": _ms([call.invited - call.decided for call in measured]),
        "decision_to_row_and_fact_ms": _ms([call.placed - call.decided for call in measured]),
        "row_and_fact_to_invite_ms": _ms([call.invited - call.placed for call in measured]),
        "target_per_s": TARGET_PER_S,
        "met": per_s >= TARGET_PER_S,
    }


def _ms(seconds: Sequence[float]) -> dict[str, float]:
    return percentiles([1000 * each for each in seconds])


if __name__ == "__main__":
    print(measure(), file=sys.stderr)
