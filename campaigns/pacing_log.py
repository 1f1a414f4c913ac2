"""Keeps why a campaign dialled so many, so that any minute can be explained later.

A decision is kept if its reason or figures differ from the last one's, or if numbers were dialled;
at most one a second for each campaign, which then has the sum of what was dialled in that second.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import asyncpg

from campaigns.campaign_service import CampaignRefusal, CampaignRefused
from domain.identity import CampaignName
from domain.roles import Actor, Role
from storage.database import connection
from storage.queries import load

_SQL = load("funnel")
MOST_PENDING = 10_000
"""Decisions that wait for the database; beyond that the oldest are dropped."""
MOST_SHOWN = 5_000

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
        figures: DecisionFigures,
    ) -> None:
        """Take a decision down, if it says something new."""
        if not dialled and self._last.get(campaign) == (reason, figures):
            return
        self._last[campaign] = (reason, dict(figures))
        made = KeptDecision(at, reason, dialled, dict(figures))
        before = self._now.get(campaign)
        if before is not None:
            if _second(before.at) == _second(at):
                self._now[campaign] = replace(made, at=before.at, dialled=before.dialled + dialled)
                return
            self._pending.append((campaign, before))
            del self._pending[:-MOST_PENDING]
        self._now[campaign] = made

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


def _second(at: datetime) -> datetime:
    return at.replace(microsecond=0)
