"""Plays one hour of a campaign on the phones, from a cold start: a process of its own, with its own
Asterisk, far end, database and controller. ``bench.dialer_live`` starts several side by side.

The figures are the simulation's (``simulation.day.DayResult``), reckoned from what the controller
wrote down: talk and after-call work as a share of the time at work, and the share of those who
answered that got no agent. They are written to a file again and again while the hour goes on.
"""

import asyncio
import dataclasses
import json
import os
import signal
import statistics
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from bench import rig
from bench.dialled_centre import CAMPAIGN, DialledCentre, dialled_centre, until
from bench.live_agents import WRAP_UP_S, LiveAgents
from bench.live_customers import PlannedCustomer, customers, scenario, settings
from campaigns.campaign import CampaignState
from domain.identity import AgentCode
from farend.ami_client import Remote
from telephony.asterisk.generated_files import Ports

RTP = 400
"""Ports for sound of one of the two Asterisks."""
NOTE_EVERY_S = 20.0
LEADS_PER_AGENT_HOUR = 250
"""More than twice what is dialled."""
AT_ONCE = 100

_STAFF = """
with states as (
  select state, at,
    coalesce(lead(at) over (partition by agent order by at, written_at), $3) as until
  from agent_facts where agent = any($1::text[])
), parts as (
  select state, extract(epoch from least(until, $3) - greatest(at, $2))::float8 as seconds
  from states where until > $2 and at < $3
)
select
  coalesce(sum(seconds) filter (where state in ('talking', 'wrap_up')), 0) as busy_s,
  coalesce(sum(seconds) filter (where state not in ('logged_out', 'paused')), 0) as at_work_s,
  coalesce(sum(seconds) filter (where state = 'offered'), 0) as offered_s
from parts"""

_CALLS = """
select number, reserved_at, rang_at, answered_at, talk_at, ended_at, outcome,
  left_early, cause
from attempts where campaign = $1 and reserved_at >= $2 and reserved_at < $3"""


@dataclass(frozen=True, slots=True)
class HourOrder:
    """Which hour to play. ``base`` is the first port of its two blocks."""

    name: str
    policy: str
    seed: int
    agents: int
    seconds: float
    base: int
    out: str


@dataclass(frozen=True, slots=True)
class HourFigures:
    """What came of an hour. Times are in seconds, shares 0 to 1.

    ``troubles`` is what happened that the simulation doesn't have; ``as_played`` compares what the
    world did with what was drawn for it.
    """

    name: str
    policy: str
    seed: int
    agents: int
    seconds: float
    played_s: float = 0.0
    began_at: str = ""
    busy_s: float = 0.0
    at_work_s: float = 0.0
    dialled: int = 0
    served: int = 0
    abandoned: int = 0
    troubles: Mapping[str, int] = field(default_factory=dict)
    as_played: Mapping[str, float] = field(default_factory=dict)
    cores: Mapping[str, float] = field(default_factory=dict)
    load: float = 0.0

    @property
    def use(self) -> float:
        return self.busy_s / self.at_work_s if self.at_work_s else 0.0

    @property
    def share(self) -> float:
        """The share of those who answered that got no agent."""
        all_of_them = self.served + self.abandoned
        return self.abandoned / all_of_them if all_of_them else 0.0

    @property
    def whole(self) -> bool:
        """Whether it was played to its end."""
        return self.played_s >= self.seconds - 1.0


def read_figures(file: Path) -> HourFigures | None:
    """What an hour has written until now; None if nothing."""
    try:
        return HourFigures(**json.loads(file.read_text("utf-8")))
    except FileNotFoundError:
        return None


class _Hour:
    def __init__(self, order: HourOrder, centre: DialledCentre, watch: Remote) -> None:
        self._order = order
        self._centre = centre
        self._world = scenario(order.seconds / 3_600.0)
        self._planned: dict[str, PlannedCustomer] = {}
        self._agents = LiveAgents(centre, watch, self._world, Random(order.seed + 1))
        self._began_at = datetime.min
        self._used = rig.used(centre.stack)
        self._stopped = asyncio.Event()

    async def play(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, self._stopped.set)
        loop.add_signal_handler(signal.SIGTERM, self._stopped.set)
        centre, order = self._centre, self._order
        leads = await centre.make_campaign(settings(order.policy))
        count = round(order.agents * LEADS_PER_AGENT_HOUR * max(0.2, order.seconds / 3_600.0))
        found = customers(self._world, order.seed)
        every = [next(found) for _ in range(count)]
        self._planned = {each.number: each for each in every}
        for first in range(0, count, AT_ONCE):
            some = every[first : first + AT_ONCE]
            await asyncio.gather(*(centre.far.plan(one.number, one.steps) for one in some))
        await centre.add_leads(leads, list(self._planned))
        await centre.begin_work(ears=False)
        self._agents.begin()
        self._used = rig.used(centre.stack)
        await centre.move(CampaignState.RUNNING)
        await until(self._has_begun, 30, "the first call")
        try:
            while not self._stopped.is_set() and os.getppid() != 1:
                left_s = (self._ends_at - self._now()).total_seconds()
                if left_s <= 0:
                    break
                try:
                    async with asyncio.timeout(min(NOTE_EVERY_S, left_s)):
                        await self._stopped.wait()
                except TimeoutError:
                    await self.note()
        finally:
            ended_at = min(self._ends_at, self._now())
            await self._agents.end()
            await centre.move(CampaignState.STOPPED)
            await asyncio.sleep(3.0)  # the last facts are written
            await self.note(ended_at)

    async def _has_begun(self) -> bool:
        at = await self._centre.pool.fetchval(
            "select min(reserved_at) from attempts where campaign = $1", CAMPAIGN
        )
        if at is not None:
            self._began_at = at
        return at is not None

    def _now(self) -> datetime:
        return datetime.now(self._began_at.tzinfo)

    @property
    def _ends_at(self) -> datetime:
        return self._began_at + timedelta(seconds=self._order.seconds)

    async def note(self, at: datetime | None = None) -> None:
        """Write down the figures up to a moment, or until now."""
        found = await self._figures(at or min(self._now(), self._ends_at))
        file = Path(self._order.out)
        part = file.with_suffix(".part")
        part.write_text(json.dumps(dataclasses.asdict(found)), "utf-8")
        part.replace(file)

    async def _figures(self, at: datetime) -> HourFigures:
        centre, order, began_at = self._centre, self._order, self._began_at
        agents = [AgentCode(code) for code in centre.agents]
        staff = await centre.pool.fetchrow(_STAFF, agents, began_at, at)
        rows = await centre.pool.fetch(_CALLS, CAMPAIGN, began_at, at)
        grace = timedelta(seconds=settings(order.policy).limit.grace_s)
        lost = [
            row
            for row in rows
            if row["outcome"] == "abandoned"
            and not row["left_early"]
            and row["answered_at"] + grace < at
        ]
        called = [call.key for call in centre.far.seen.calls.values() if call.key]
        twice = Counter({"a number was called twice": len(called) - len(set(called))})
        lasted = (at - began_at).total_seconds()
        used = rig.used(centre.stack) - self._used
        return HourFigures(
            order.name,
            order.policy,
            order.seed,
            order.agents,
            order.seconds,
            played_s=lasted,
            began_at=began_at.isoformat(timespec="seconds"),
            busy_s=staff["busy_s"],
            at_work_s=staff["at_work_s"],
            dialled=len(rows),
            served=sum(row["talk_at"] is not None and row["talk_at"] < at for row in rows),
            abandoned=len(lost),
            troubles=dict(self._agents.troubles + twice),
            as_played=as_played(rows, self._planned) | {"offered_s": staff["offered_s"]},
            cores={
                name: round(getattr(used, name) / max(1.0, lasted), 3)
                for name in ("asterisk", "controller", "postgres")
            },
            load=round(os.getloadavg()[0], 1),
        )


def as_played(
    rows: list[Mapping[str, Any]], planned: Mapping[str, PlannedCustomer]
) -> dict[str, float]:
    """How much longer things took than was drawn for them, in the mean and for the slowest
    hundredth, in seconds; and how long customers waited for their agent."""
    late: dict[str, list[float]] = {}

    def note(what: str, began: datetime | None, ended: datetime | None, drawn: float) -> None:
        if began is not None and ended is not None:
            late.setdefault(what, []).append((ended - began).total_seconds() - drawn)

    for row in rows:
        plan = planned[row["number"]]
        note("delay", row["reserved_at"], row["rang_at"], plan.fate.delay_s)
        if plan.fate.cause is None:
            note("ring", row["rang_at"], row["answered_at"], plan.fate.rings_s or 0.0)
            note("wait", row["answered_at"], row["talk_at"], 0.0)
        if row["talk_at"] is not None:
            note("talk", row["talk_at"], row["ended_at"], plan.talk_s)
    found = {}
    for what, seconds in late.items():
        found[f"{what}_mean_s"] = round(statistics.fmean(seconds), 3)
        found[f"{what}_p99_s"] = round(rig.percentile(seconds, 0.99), 3)
    return found


async def play(order: HourOrder) -> None:
    """Play an hour, and write its figures to ``order.out``."""
    blocks = Ports.block(order.base, rtp=RTP), Ports.block(order.base + 20 + RTP, rtp=RTP)
    async with dialled_centre(order.agents, blocks, wrap_up_s=WRAP_UP_S) as centre:
        watch = Remote()
        instance = centre.stack.instance
        await watch.connect(*instance.ami, instance.ami_user, instance.secrets.ami)
        try:
            await _Hour(order, centre, watch).play()
        finally:
            await watch.close()


if __name__ == "__main__":
    asyncio.run(play(HourOrder(**json.loads(sys.argv[1]))))
