"""Keeps why a campaign dialled so many, so that any minute can be explained later.

A decision is kept if its reason or figures differ from the last one's, or if numbers were dialled;
at most one a second for each campaign, which then has the sum of what was dialled in that second.
"""

import asyncio
import contextlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import asyncpg

from campaigns.campaign_refusals import CampaignRefusal, CampaignRefused
from domain.identity import CampaignName
from domain.roles import Actor, Role
from storage.database import connection
from storage.database_errors import AWAY
from storage.queries import load

_SQL = load("funnel")
MOST_PENDING = 10_000
"""Decisions that wait for the database; beyond that the oldest are dropped."""
MOST_SHOWN = 5_000

WRITE_EVERY_S = 1.0

DecisionFigures = Mapping[str, int | float | str | bool | None]
"""What a decision was made from, by name."""


@dataclass(frozen=True, slots=True)
class KeptDecision:
    """How many were dialled at a moment, and why."""

    at: datetime
    reason: str
    dialled: int
    figures: DecisionFigures


class PacingLog:
    """The decisions of all campaigns. ``note`` costs nothing to speak of and never waits."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._now: dict[CampaignName, KeptDecision] = {}
        """Of each campaign's present second; not written yet."""
        self._last: dict[CampaignName, tuple[str, DecisionFigures]] = {}
        self._pending: list[tuple[CampaignName, KeptDecision]] = []

    @property
    def pending(self) -> int:
        """How many decisions of past seconds the database doesn't have yet."""
        return len(self._pending)

    def note(
        self,
        campaign: CampaignName,
        at: datetime,
        reason: str,
        dialled: int,
        figures: Mapping[str, object],
    ) -> None:
        """Take a decision down, if it says something new."""
        plain = {name: _plain(value) for name, value in figures.items()}
        if not dialled and self._last.get(campaign) == (reason, plain):
            return
        self._last[campaign] = (reason, plain)
        made = KeptDecision(at, reason, dialled, plain)
        before = self._now.get(campaign)
        if before is not None:
            if _second(before.at) == _second(at):
                self._now[campaign] = replace(made, at=before.at, dialled=before.dialled + dialled)
                return
            self._pending.append((campaign, before))
            del self._pending[:-MOST_PENDING]
        self._now[campaign] = made

    async def keep(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Write once a second, until cancelled; then what is left, if the database is there."""
        try:
            while True:
                await asyncio.sleep(WRITE_EVERY_S)
                with contextlib.suppress(*AWAY):
                    await self.write(clock())
        finally:
            with contextlib.suppress(*AWAY):
                await self.write(clock() + timedelta(seconds=1))

    async def write(self, now: datetime) -> None:
        """Write what has been noted in seconds that are over. Call it now and then.

        While the database is away, it raises one of ``storage.database_errors.AWAY`` and keeps all
        of it for the next time.
        """
        for campaign, decision in list(self._now.items()):
            if _second(decision.at) != _second(now):
                self._pending.append((campaign, decision))
                del self._now[campaign]
        writing = list(self._pending)
        if not writing:
            return
        async with connection(self._pool) as db:
            await db.execute(
                _SQL["insert_decisions"],
                [campaign for campaign, _ in writing],
                [decision.at for _, decision in writing],
                [decision.reason for _, decision in writing],
                [decision.dialled for _, decision in writing],
                [dict(decision.figures) for _, decision in writing],
            )
        written = {id(decision) for _, decision in writing}
        self._pending = [each for each in self._pending if id(each[1]) not in written]

    async def at(
        self,
        actor: Actor,
        campaign: CampaignName,
        start: datetime,
        *,
        span: timedelta = timedelta(minutes=1),
    ) -> tuple[KeptDecision, ...]:
        """What was decided in a span of time, in order; first the decision before it, which still
        held when it began. Raises CampaignRefused."""
        async with connection(self._pool) as db:
            row = await db.fetchrow(_SQL["campaign"], campaign)
            if row is None or not actor.has(row["project"]) or actor.role is Role.AGENT:
                raise CampaignRefused(CampaignRefusal.NO_SUCH, "name", campaign)
            rows = await db.fetch(_SQL["decisions"], campaign, start, start + span, MOST_SHOWN)
        return tuple(KeptDecision(**row) for row in rows)


def _plain(value: object) -> int | float | str | bool | None:
    """A figure as JSON takes it, which knows neither infinity nor NaN."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, int | str) else str(value)


def _second(at: datetime) -> datetime:
    return at.replace(microsecond=0)
