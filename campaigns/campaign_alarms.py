"""Keeps when a campaign's abandoned share reached an alarm line, and when that was over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from campaigns.campaign_refusals import CampaignRefusal, CampaignRefused
from campaigns.stored_campaign import settings_of
from domain.identity import CampaignName, ProjectName
from domain.roles import Actor, Role
from storage.database import connection
from storage.queries import load

_SQL = load("campaign_watch")
_FUNNEL = load("funnel")
MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class CampaignAlarm:
    """A line that was reached: which part of the limit it is (1: the limit), and by what."""

    alarm: int
    campaign: CampaignName
    project: ProjectName
    title: str
    part: float
    limit: float
    """The largest share that may be abandoned, as it was then."""
    abandoned: float
    base: float
    raised_at: datetime
    cleared_at: datetime | None

    @property
    def share(self) -> float:
        """The abandoned share that reached it."""
        return self.abandoned / self.base if self.base else 0.0


class CampaignAlarms:
    """The alarms of all campaigns. While the database is away, each call raises one of
    ``storage.database_errors.AWAY``, and nothing has been changed."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def raised(self, actor: Actor | None = None) -> Sequence[CampaignAlarm]:
        """Those that go on, of the campaigns that ``actor`` sees; None: of all."""
        async with connection(self._pool) as db:
            rows = await db.fetch(_SQL["open_alarms"], None if actor is None else actor.reach)
        return [_alarm(row) for row in rows]

    async def of(self, actor: Actor, campaign: CampaignName) -> Sequence[CampaignAlarm]:
        """A campaign's, the newest first, at most MOST_SHOWN. Raises CampaignRefused."""
        async with connection(self._pool) as db:
            row = await db.fetchrow(_FUNNEL["campaign"], campaign)
            if row is None or not actor.has(row["project"]) or actor.role is Role.AGENT:
                raise CampaignRefused(CampaignRefusal.NO_SUCH, "name", campaign)
            rows = await db.fetch(_SQL["alarms"], campaign, MOST_SHOWN)
        return [_alarm(row) for row in rows]

    async def change(
        self,
        campaign: CampaignName,
        reached: Sequence[float],
        over: Sequence[float],
        *,
        limit: float,
        abandoned: float,
        base: float,
        at: datetime,
    ) -> None:
        """Note lines that were reached, unless they are noted already, and lines that are over."""
        async with connection(self._pool) as db, db.transaction():
            for part in over:
                await db.execute(_SQL["clear_alarm"], campaign, part, at)
            for part in reached:
                await db.execute(_SQL["raise_alarm"], campaign, part, limit, abandoned, base, at)


def _alarm(row: Mapping[str, Any]) -> CampaignAlarm:
    return CampaignAlarm(
        row["alarm"],
        CampaignName(row["campaign"]),
        ProjectName(row["project"]),
        settings_of(row["settings"]).title,
        row["part"],
        row["max_share"],
        row["abandoned"],
        row["base"],
        row["raised_at"],
        row["cleared_at"],
    )
