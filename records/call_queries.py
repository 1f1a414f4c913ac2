"""Reads calls: the list, one call with its timeline, the figures of a day."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import asyncpg
import structlog

from domain.facts import CallFact
from domain.identity import AgentCode, CallId, LineName, ProjectName, QueueName
from machine.one_line import in_one_line
from records.call_rows import (
    BlockedCallsRow,
    CallColumns,
    CallNameRow,
    CallRow,
    FactRow,
    FiguresRow,
)
from records.fold import CallRecord, Outcome, fold, in_order
from storage.database import connection
from storage.fact_codec import happening
from storage.projects import Projects, as_array
from storage.queries import load

COUNT_LIMIT = 10_000
"""Up to this number the count of hits is exact; nobody pages further, and counting is slow."""
PER_PAGE_LIMIT = 500

_SQL = load("calls")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class CallFilter:
    """What to list; None sets no condition. Includes ``start``, excludes ``end``."""

    project: ProjectName | None = None
    start: datetime | None = None
    end: datetime | None = None
    hotline: str | None = None
    queue: QueueName | None = None  # one of those in which the caller stood
    agent: AgentCode | None = None  # who spoke in the call
    outcome: Outcome | None = None
    caller: str | None = None  # a part of the number
    withheld: bool = False  # only callers without a number; ``caller`` is ignored


@dataclass(frozen=True, slots=True)
class CallPage:
    """``total`` is exact unless ``more``: then there are at least that many."""

    rows: tuple[CallRow, ...]
    total: int
    more: bool
    page: int
    per_page: int


@dataclass(frozen=True, slots=True)
class LineRefusals:
    """How many calls of a line were refused unanswered."""

    full: int = 0
    """Because all its channels were in use."""
    callers: int = 0
    """Because the caller's number is blocked."""


@dataclass(frozen=True, slots=True)
class StoredCall:
    """One call: its record, and its facts in order."""

    record: CallRecord
    timeline: tuple[CallFact, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of a span of time: of the calls that came in during it, or of one queue.

    A queue counts each stay in it, by when the caller entered it and by the outcome there; a
    caller who overflowed into a second queue counts as offered to both.

    offered = answered + abandoned + short_abandoned + unserved + lost + waiting.
    """

    offered: int  # entered a queue
    answered: int  # were connected to an agent
    answered_within: int  # of these, within the service level's time
    abandoned: int  # left the queue by themselves, later than the short-abandon threshold
    short_abandoned: int  # left it within the threshold
    unserved: int  # the queue gave up on them: too long, or nobody logged in
    lost: int  # the system ended them while they waited
    waiting: int  # still in a queue
    open: int  # have not ended, in whatever stage
    self_service: int  # ended without ever entering a queue
    mean_wait_s: float  # of all offered who no longer wait, until the agent or until leaving
    mean_answer_s: float  # ASA: of the answered
    recordings: int
    call_records: int  # all calls
    service_level_s: float
    short_abandon_s: float

    @property
    def measured(self) -> int:
        """All offered who no longer wait: the base of the rates."""
        return self.offered - self.waiting

    @property
    def service_level(self) -> float | None:
        """The share answered in time, of all offered who no longer wait, including short abandons.

        From 0 to 1; None if there are none.
        """
        return _ratio(self.answered_within, self.measured)

    @property
    def service_level_without_short(self) -> float | None:
        """The same with the short abandons left out of the base."""
        return _ratio(self.answered_within, self.measured - self.short_abandoned)

    @property
    def service_level_variant(self) -> str:
        return f"answered within {self.service_level_s:g} s / offered, short abandons included"

    @property
    def answer_rate(self) -> float | None:
        return _ratio(self.answered, self.measured)

    @property
    def abandon_rate(self) -> float | None:
        """The share of abandons, without the short ones, of all offered who no longer wait."""
        return _ratio(self.abandoned, self.measured)


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole > 0 else None


class CallStore:
    """Reads calls. Every read names the projects its viewer may see (None: all).

    While the database is away, each read raises one of ``storage.database_errors.AWAY``.
    """

    def __init__(self, pool: asyncpg.Pool, *, count_limit: int = COUNT_LIMIT) -> None:
        self._pool = pool
        self._count_limit = count_limit

    async def list(
        self,
        filters: CallFilter = CallFilter(),
        *,
        projects: Projects,
        page: int = 1,
        per_page: int = 50,
    ) -> CallPage:
        """A page of calls, newest first. Pages count from 1 and end at ``count_limit`` calls."""
        per_page = min(max(1, per_page), PER_PAGE_LIMIT)
        page = min(max(1, page), max(1, self._count_limit // per_page))
        caller = _plain(filters.caller) or None
        values = (
            as_array(projects),
            _plain(filters.project),
            filters.start,
            filters.end,
            _plain(filters.hotline),
            _plain(filters.queue),
            None if filters.outcome is None else str(filters.outcome),
            "" if filters.withheld else None if caller is None else f"%{_literally(caller)}%",
            caller or "",
        )
        window = (per_page, (page - 1) * per_page)
        asked = _plain(filters.agent)
        of_agent, agent = ("", ()) if asked is None else ("_of_agent", (asked,))
        async with connection(self._pool) as db:
            rows: list[CallColumns] = await db.fetch(
                _SQL[f"list_calls{of_agent}"], *values, *window, *agent
            )
            count: int = await db.fetchval(
                _SQL[f"count_calls{of_agent}"], *values, self._count_limit + 1, *agent
            )
        return CallPage(
            rows=tuple(CallRow.of(row) for row in rows),
            total=min(count, self._count_limit),
            more=count > self._count_limit,
            page=page,
            per_page=per_page,
        )

    async def get(self, call: CallId, *, projects: Projects) -> StoredCall | None:
        """One call; None if there is no such call, or the viewer may not see it."""
        async with connection(self._pool) as db:
            rows: list[FactRow] = await db.fetch(_SQL["get_call"], _plain(call), as_array(projects))
        return _stored(rows) if rows else None

    async def open_calls(self, *, projects: Projects = None) -> tuple[StoredCall, ...]:
        """The calls without an end, oldest first. Complete once the outbox has been flushed.

        A call whose facts can't be read (a later Offhook's, say) is left out and logged, so that
        a controller starts with the others.
        """
        async with connection(self._pool) as db:
            rows: list[FactRow] = await db.fetch(_SQL["open_calls"], as_array(projects))
        found: list[StoredCall] = []
        for call, group in group_by_call(rows).items():
            try:
                found.append(_stored(group))
            except Exception as error:
                log.error(
                    "a call without an end can't be made from its facts; it stays as it is",
                    call=call,
                    why=f"{type(error).__name__}: {in_one_line(error)}",
                )
        return tuple(found)

    async def blocked(self, since: datetime) -> dict[LineName, LineRefusals]:
        """How many calls of each line have been refused unanswered since then, without the lines
        that refused none."""
        async with connection(self._pool) as db:
            rows: list[BlockedCallsRow] = await db.fetch(_SQL["blocked_calls"], since)
        return {
            line: LineRefusals(row["calls"], row["callers"])
            for row in rows
            if (line := row["line"])
        }

    async def ended(self, calls: Iterable[CallId]) -> frozenset[CallId]:
        """Which of these calls have ended, by their records."""
        async with connection(self._pool) as db:
            rows: list[CallNameRow] = await db.fetch(
                _SQL["ended_calls"], [_plain(call) for call in calls]
            )
        return frozenset(row["call"] for row in rows)

    async def summary(
        self,
        start: datetime,
        end: datetime | None = None,
        *,
        projects: Projects = None,
        queue: QueueName | None = None,
        service_level_s: float = 20.0,
        service_level_of: Mapping[QueueName, float] | None = None,
        short_abandon_s: float = 5.0,
        short_abandon_of: Mapping[QueueName, float] | None = None,
    ) -> Summary:
        """The figures of the calls that came in from ``start`` on and before ``end``; with
        ``queue``, of the stays in it that began then.

        ``service_level_of`` and ``short_abandon_of`` give single queues other times than
        ``service_level_s`` and ``short_abandon_s``.
        """
        levels, shorts = service_level_of or {}, short_abandon_of or {}
        span = (start, end, as_array(projects))
        if queue is not None:
            level = float(levels.get(queue, service_level_s))
            short = float(shorts.get(queue, short_abandon_s))
            name = "summary_of_queue"
            values: tuple[object, ...] = (level, short, _plain(queue))
        else:
            level, short = float(service_level_s), float(short_abandon_s)
            name, values = "summary", (level, dict(levels), short, dict(shorts))
        async with connection(self._pool) as db:
            row: FiguresRow = await db.fetchrow(_SQL[name], *span, *values)
        return Summary(**row, service_level_s=level, short_abandon_s=short)


def call_fact(row: FactRow) -> CallFact:
    """The fact of a row. Raises ValueError if its kind is unknown."""
    what = happening(row["kind"], row["detail"])
    return CallFact(str(row["id"]), CallId(row["call"]), row["at"], what)


def stored_call(facts: Iterable[CallFact]) -> StoredCall:
    """A call from its facts, in any order."""
    ordered = in_order(facts)
    return StoredCall(fold(ordered), tuple(ordered))


def group_by_call(rows: Iterable[FactRow]) -> dict[str, "list[FactRow]"]:
    """The facts in rows, by call, in the calls' order."""
    groups: dict[str, list[FactRow]] = {}
    for row in rows:
        groups.setdefault(row["call"], []).append(row)
    return groups


def _stored(rows: Iterable[FactRow]) -> StoredCall:
    return stored_call(call_fact(row) for row in rows)


def _plain(text: str | None) -> str | None:
    """Typed text without NUL, which PostgreSQL can't store."""
    return None if text is None else text.replace("\x00", "")


def _literally(text: str) -> str:
    """Text for LIKE in which % and _ stand for themselves."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
