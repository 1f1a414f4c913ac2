"""Keeps how campaigns stood every few seconds, and gives a day of it back as a chart's columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from campaigns.campaign_refusals import CampaignRefusal, CampaignRefused
from domain.identity import CampaignName
from domain.roles import Actor, Role
from storage.database import connection
from storage.queries import load

_SQL = load("campaign_watch")
_FUNNEL = load("funnel")
AT_ONCE = 10_000
"""So many rows are forgotten in one statement, so that none holds others up."""


@dataclass(frozen=True, slots=True)
class CampaignSample:
    """How a campaign stood at a moment."""

    campaign: CampaignName
    at: datetime
    ready: int
    busy: int
    """In a call, or their phone rings for one."""
    wrap_up: int
    ringing: int
    waiting: int
    abandoned: float
    """Of the window in which the limit is nearest, as ``base``."""
    base: float


@dataclass(frozen=True, slots=True)
class SampledColumn:
    """Some moments next to each other: their means, and how the limit's count stood at the end."""

    at: datetime
    """The first of them."""
    ready: float
    busy: float
    wrap_up: float
    ringing: float
    most_ringing: int
    abandoned: float
    base: float

    @property
    def share(self) -> float:
        """The abandoned share; 0 before anybody has answered."""
        return self.abandoned / self.base if self.base else 0.0


class CampaignSamples:
    """The samples of all campaigns. While the database is away, each call raises one of
    ``storage.database_errors.AWAY``."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def write(self, samples: Sequence[CampaignSample]) -> None:
        """Keep these."""
        columns = [
            [getattr(sample, name) for sample in samples] for name in CampaignSample.__slots__
        ]
        async with connection(self._pool) as db:
            await db.execute(_SQL["insert_samples"], *columns)

    async def columns(
        self, actor: Actor, campaign: CampaignName, start: datetime, end: datetime, most: int
    ) -> Sequence[SampledColumn]:
        """A span of time in at most so many columns of equal width, in order. Raises
        CampaignRefused."""
        width = (end - start).total_seconds() / most
        async with connection(self._pool) as db:
            row = await db.fetchrow(_FUNNEL["campaign"], campaign)
            if row is None or not actor.has(row["project"]) or actor.role is Role.AGENT:
                raise CampaignRefused(CampaignRefusal.NO_SUCH, "name", campaign)
            rows = await db.fetch(_SQL["columns"], campaign, start, end, width)
        return [SampledColumn(**row) for row in rows]

    async def forget(self, before: datetime) -> int:
        """Remove samples, and decisions about how many were dialled, that are older; returns how
        many. Attempts, which show the share of abandoned calls, stay."""
        forgotten = 0
        async with connection(self._pool) as db:
            names = [row["campaign"] for row in await db.fetch(_SQL["campaigns_watched"])]
        for name in names:
            for query in ("forget_decisions", "forget_samples"):
                removed = AT_ONCE
                while removed == AT_ONCE:
                    async with connection(self._pool) as db:
                        status: str = await db.execute(_SQL[query], name, before, AT_ONCE)
                    removed = int(status.rpartition(" ")[2])
                    forgotten += removed
        return forgotten
