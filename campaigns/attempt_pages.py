"""Finds attempts: those of a campaign, or of projects, by time, outcome and agent, the newest
first."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import asyncpg

from campaigns.attempts import StoredAttempt, attempt_of
from campaigns.campaign_refusals import CampaignRefusal, CampaignRefused
from campaigns.daily_report import seen_projects
from campaigns.outbound_figures import CONTACTED, DIALS, NOT_CONTACTED, CallResult, CameTo
from domain.identity import AgentCode, CallId, CampaignName, ProjectName
from domain.roles import Actor, Role
from storage.database import connection
from storage.queries import load

_SQL, _FUNNEL, _ATTEMPTS = load("outbound_reports"), load("funnel"), load("attempts")
MOST_ATTEMPTS = 500
_PER_READ = 2_000
NOBODY = ""
"""In the place of a campaign: dialled by hand; in that of an agent: none."""


class CameGroup(StrEnum):
    """Several of what attempts come to, as the reports count them."""

    DIALS = "dials"
    CONTACTED = "contacted"
    NOT_CONTACTED = "not_contacted"


GROUPS: dict[CameGroup, tuple[CameTo, ...]] = {
    CameGroup.DIALS: DIALS,
    CameGroup.CONTACTED: CONTACTED,
    CameGroup.NOT_CONTACTED: NOT_CONTACTED,
}


class ResultGroup(StrEnum):
    """Several results, as the reports count them."""

    LISTED = "listed"  # those that have a column
    OTHER = "other"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class AttemptPlace:
    """Where an attempt is in the list."""

    reserved_at: datetime
    attempt: CallId


@dataclass(frozen=True, slots=True)
class AttemptFilter:
    """Which attempts; None sets no condition. Includes ``start``, excludes ``end``."""

    project: ProjectName | None = None
    campaign: CampaignName | None = None
    """NOBODY: those of no campaign."""
    start: datetime | None = None
    end: datetime | None = None
    agent: AgentCode | None = None
    """NOBODY: those that reached none."""
    came: CameTo | CameGroup | None = None
    result: ResultGroup | str | None = None
    """A disposition, or several."""


@dataclass(frozen=True, slots=True)
class ListedAttempt:
    """An attempt, and what belongs to it."""

    attempt: StoredAttempt
    came: CameTo
    lead_name: str
    lead_key: str
    list_title: str
    talk_s: float | None
    """How long they talked in all; None: they didn't, or the call isn't stored yet."""
    recorded: bool
    choice: str | None
    """Which of its project's choices the agent's result is."""

    @property
    def place(self) -> AttemptPlace:
        """Pass it as ``before`` to get those that follow."""
        return AttemptPlace(self.attempt.reserved_at, self.attempt.attempt)


class AttemptPages:
    """The attempts of campaigns. While the database is away, each call raises one of
    ``storage.database_errors.AWAY``."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def attempt(self, call: CallId) -> StoredAttempt | None:
        """One of them, whoever asks; None if there is none of this id."""
        async with connection(self._pool) as db:
            row = await db.fetchrow(_ATTEMPTS["attempt"], call)
        return None if row is None else attempt_of(row)

    async def page(
        self,
        actor: Actor,
        campaign: CampaignName,
        *,
        before: AttemptPlace | None = None,
        limit: int = 50,
    ) -> tuple[ListedAttempt, ...]:
        """A campaign's newest, or those that follow ``before``. Raises CampaignRefused."""
        async with connection(self._pool) as db:
            row = await db.fetchrow(_FUNNEL["campaign"], campaign)
        if row is None or not actor.has(row["project"]) or actor.role is Role.AGENT:
            raise CampaignRefused(CampaignRefusal.NO_SUCH, "name", campaign)
        asked = AttemptFilter(campaign=campaign)
        return await self.search(actor, asked, before=before, limit=limit)

    async def search(
        self,
        actor: Actor,
        asked: AttemptFilter,
        *,
        before: AttemptPlace | None = None,
        limit: int = 50,
    ) -> tuple[ListedAttempt, ...]:
        """The newest of those asked for, or those that follow ``before``; of the actor's projects
        alone."""
        most = min(max(1, limit), MOST_ATTEMPTS)
        return await self._read(actor, asked, before, most)

    async def all(
        self, actor: Actor, asked: AttemptFilter
    ) -> AsyncIterator[tuple[ListedAttempt, ...]]:
        """All of those asked for, the newest first, some thousand at a time.

        What is dialled meanwhile isn't among them.
        """
        before: AttemptPlace | None = None
        while found := await self._read(actor, asked, before, _PER_READ):
            yield found
            before = found[-1].place

    async def _read(
        self, actor: Actor, asked: AttemptFilter, before: AttemptPlace | None, count: int
    ) -> tuple[ListedAttempt, ...]:
        said, unsaid = _results(asked.result)
        async with connection(self._pool) as db:
            rows = await db.fetch(
                _SQL["searched"],
                seen_projects(actor, asked.project),
                asked.campaign,
                asked.start,
                asked.end,
                asked.agent,
                _came(asked),
                said,
                unsaid,
                None if before is None else before.reserved_at,
                None if before is None else before.attempt,
                count,
            )
        return tuple(_listed(row) for row in rows)


def _listed(row: asyncpg.Record) -> ListedAttempt:
    return ListedAttempt(
        attempt_of(row),
        CameTo(row["came"]),
        row["lead_name"] or "",
        row["lead_key"] or "",
        row["list_title"] or "",
        row["talk_s"] or None,
        bool(row["recorded"]),
        row["choice"],
    )


def _came(asked: AttemptFilter) -> Collection[str] | None:
    if asked.result is not None and asked.came is None:
        return [CameTo.TALKED]
    if asked.came is None:
        return None
    return GROUPS[asked.came] if isinstance(asked.came, CameGroup) else [asked.came]


def _results(asked: ResultGroup | str | None) -> tuple[list[str] | None, list[str] | None]:
    """The dispositions that are asked for, and those that aren't."""
    match asked:
        case None:
            return None, None
        case ResultGroup.LISTED:
            return [*CallResult], None
        case ResultGroup.OTHER:
            return None, ["", *CallResult]
        case ResultGroup.NONE:
            return [""], None
    return [asked], None
