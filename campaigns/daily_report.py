"""Makes the outbound daily report: one row a day and project, or a day and campaign or agent."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum

import asyncpg

from campaigns.outbound_figures import (
    CameTo,
    CountedAttempts,
    OutboundFigures,
    ReportStatus,
    day_span,
    figures_of,
    status_of,
)
from domain.identity import AgentCode, CampaignName, ProjectName
from domain.roles import Actor, Role
from storage.database import connection
from storage.queries import load

_SQL = load("outbound_reports")
MOST_DAYS = 366
"""Of a report."""


class ReportBy(StrEnum):
    """What a report has a row for, besides the day."""

    PROJECT = "project"
    CAMPAIGN = "campaign"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class AskedReport:
    """What a report is about. ``first`` and ``last`` are days of the centre's calendar."""

    first: date
    last: date
    by: ReportBy = ReportBy.PROJECT
    project: ProjectName | None = None
    """None: all that the reader sees."""
    campaign: CampaignName | None = None
    """None: all, and calls by hand."""

    @property
    def days(self) -> tuple[date, ...]:
        """From the first to the last, at most MOST_DAYS."""
        count = min((self.last - self.first).days + 1, MOST_DAYS)
        return tuple(self.first + timedelta(days=number) for number in range(count))


@dataclass(frozen=True, slots=True)
class DailyRow:
    """A row of the report. ``campaign`` and ``agent`` are None unless it has a row for each; then
    None is what was dialled by hand, or reached no agent."""

    day: date
    project: ProjectName
    campaign: CampaignName | None
    agent: AgentCode | None
    figures: OutboundFigures
    status: ReportStatus


_Group = tuple[ProjectName, CampaignName | None, AgentCode | None]


class DailyReports:
    """Counts attempts for the report. While the database is away, each call raises one of
    ``storage.database_errors.AWAY``."""

    def __init__(
        self, pool: asyncpg.Pool, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._pool = pool
        self._clock = clock

    async def rows(
        self,
        actor: Actor,
        asked: AskedReport,
        zone: tzinfo | None,
        *,
        done: Callable[[int], None] = lambda _: None,
    ) -> tuple[DailyRow, ...]:
        """The rows of the days on which anything was dialled, the earliest first; of the actor's
        projects alone.

        ``zone`` is where the days begin; None: this machine's. ``done`` is given the number of
        days that have been counted. A day of 200,000 attempts takes some tenths of a second.
        """
        found: list[DailyRow] = []
        for number, day in enumerate(asked.days, 1):
            found += await self._day(actor, asked, day, zone)
            done(number)
        return tuple(found)

    async def _day(
        self, actor: Actor, asked: AskedReport, day: date, zone: tzinfo | None
    ) -> Iterable[DailyRow]:
        span, now = day_span(day, zone), self._clock()  # of then: a count may last until midnight
        projects = seen_projects(actor, asked.project)
        async with connection(self._pool) as db:
            rows = await db.fetch(_SQL["counted"], *span, projects, asked.campaign)
            counted = [_counted(row) for row in rows]
            duty: Mapping[str, set[AgentCode]] = {}
            if counted and asked.by is ReportBy.PROJECT and asked.campaign is None:
                duty = _by_project(await db.fetch(_SQL["on_duty"], *span, projects))
        groups: defaultdict[_Group, list[CountedAttempts]] = defaultdict(list)
        for one in counted:
            groups[_group(one, asked.by)].append(one)
        made = []
        for group in sorted(groups, key=lambda key: tuple(part or "" for part in key)):
            figures = figures_of(groups[group], duty.get(group[0], ()))
            if not figures.is_empty:
                made.append(DailyRow(day, *group, figures, status_of(figures, span[1], now)))
        return made


def seen_projects(actor: Actor, project: ProjectName | None) -> list[str] | None:
    """The projects whose attempts somebody sees who asks for one of them, or for all (None). None:
    everything."""
    if actor.role is Role.AGENT:
        return []
    if project is not None:
        return [project] if actor.has(project) else []
    return actor.reach


def total_of(rows: Iterable[DailyRow]) -> OutboundFigures:
    """All rows together; each agent counts once."""
    return sum((row.figures for row in rows), OutboundFigures())


def _group(one: CountedAttempts, by: ReportBy) -> _Group:
    return (
        one.project,
        one.campaign if by is ReportBy.CAMPAIGN else None,
        one.agent if by is ReportBy.AGENT else None,
    )


def _counted(row: asyncpg.Record) -> CountedAttempts:
    return CountedAttempts(**{**row, "came": CameTo(row["came"])})


def _by_project(rows: Iterable[asyncpg.Record]) -> Mapping[str, set[AgentCode]]:
    found: defaultdict[str, set[AgentCode]] = defaultdict(set)
    for row in rows:
        for project in row["projects"]:
            found[project].add(row["agent"])
    return found
