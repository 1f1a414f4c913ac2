"""Reads calls: the list, one call with its timeline, the figures of a day."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import asyncpg
import structlog

from domain.centre import Queue
from domain.facts import CallFact
from domain.identity import CallId, LineName, QueueName
from machine.one_line import in_one_line
from records.call_rows import (
    BlockedCallsRow,
    CallNameRow,
    CallRow,
    FactRow,
    FiguresRow,
    QueueFiguresRow,
)
from records.call_search import (
    ALL_CALLS,
    LIMITS,
    CallFilter,
    FoundCalls,
    SearchLimits,
    find,
    place_of,
    plain_text,
    search_of,
    total,
)
from records.call_search_sql import Direction, ListPlace
from records.fold import CallRecord, fold, in_order
from storage.database import connection
from storage.fact_codec import happening
from storage.projects import Projects, as_array
from storage.queries import load

PER_PAGE_LIMIT = 500

_SQL = load("calls")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class CallPage:
    """Part of a list. ``total`` counts the calls of all pages; if ``more``, there are more than
    that."""

    rows: tuple[CallRow, ...]
    total: int
    more: bool
    newer: ListPlace | None
    """After which the newer calls are; None if there are none."""
    older: ListPlace | None
    """Before which the older calls are; None if there are none."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFigures:
    """The figures of a queue in a span of time: of the stays in it that began then.

    A caller who overflowed into a second queue counts as offered to both. The outcome is that of
    the stay.

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
    mean_wait_s: float  # of all offered who no longer wait, until the agent or until leaving
    mean_answer_s: float  # ASA: of the answered
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary(QueueFigures):
    """The figures of all calls that came in during a span of time, each call counted once."""

    open: int  # have not ended, in whatever stage
    self_service: int  # ended without ever entering a queue
    recordings: int
    call_records: int  # all calls


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole > 0 else None


class CallStore:
    """Reads calls. Every read names the projects its viewer may see (None: all).

    While the database is away, each read raises one of ``storage.database_errors.AWAY``.
    """

    def __init__(self, pool: asyncpg.Pool, *, limits: SearchLimits = LIMITS) -> None:
        self._pool = pool
        self._limits = limits

    async def list(
        self,
        filters: CallFilter = ALL_CALLS,
        *,
        projects: Projects,
        before: ListPlace | None = None,
        after: ListPlace | None = None,
        per_page: int = 50,
    ) -> CallPage:
        """A page of calls, newest first: the newest, or those next ``before`` or ``after`` a place.

        Near the newest call, the page after a place is the newest one.
        """
        per_page = min(max(1, per_page), PER_PAGE_LIMIT)
        search = search_of(filters, projects)

        async def read(place: ListPlace | None, order: Direction) -> FoundCalls:
            return await find(db, search, place, order, per_page + 1, self._limits)

        async with connection(self._pool) as db:
            if before is None and after is not None:
                found = await read(after, Direction.OLDEST_FIRST)
                if len(found.rows) > per_page:
                    rows = found.rows[per_page - 1 :: -1]
                    return self._page(rows, found, newer=True, older=True)
            found = await read(before, Direction.NEWEST_FIRST)
        rows = found.rows[:per_page]
        older = len(found.rows) > per_page
        return self._page(rows, found, newer=before is not None, older=older)

    def _page(
        self, rows: tuple[CallRow, ...], found: FoundCalls, *, newer: bool, older: bool
    ) -> CallPage:
        return CallPage(
            rows,
            *total(found, self._limits.count),
            newer=place_of(rows[0]) if newer and rows else None,
            older=place_of(rows[-1]) if older else None,
        )

    async def get(self, call: CallId, *, projects: Projects) -> StoredCall | None:
        """One call; None if there is no such call, or the viewer may not see it."""
        async with connection(self._pool) as db:
            rows: list[FactRow] = await db.fetch(
                _SQL["get_call"], plain_text(call), as_array(projects)
            )
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
                _SQL["ended_calls"], [plain_text(call) for call in calls]
            )
        return frozenset(row["call"] for row in rows)

    async def summary(
        self,
        start: datetime,
        end: datetime | None = None,
        *,
        projects: Projects = None,
        service_level_s: float = 20.0,
        service_level_of: Mapping[QueueName, float] | None = None,
        short_abandon_s: float = 5.0,
        short_abandon_of: Mapping[QueueName, float] | None = None,
    ) -> Summary:
        """The figures of the calls that came in from ``start`` on and before ``end``.

        ``service_level_of`` and ``short_abandon_of`` give single queues other times than
        ``service_level_s`` and ``short_abandon_s``.
        """
        level, short = float(service_level_s), float(short_abandon_s)
        levels, shorts = dict(service_level_of or {}), dict(short_abandon_of or {})
        values = (start, end, as_array(projects), level, levels, short, shorts)
        async with connection(self._pool) as db:
            row: FiguresRow = await db.fetchrow(_SQL["summary"], *values)
        return Summary(**row, service_level_s=level, short_abandon_s=short)

    async def queue_figures(
        self, queues: Iterable[Queue], start: datetime, end: datetime | None = None
    ) -> dict[QueueName, QueueFigures]:
        """The figures of each of these queues, by its own times, of the stays that began from
        ``start`` on and before ``end``."""
        asked = list(queues)
        levels = [float(queue.service_level_s) for queue in asked]
        shorts = [float(queue.short_abandon_s) for queue in asked]
        names = [plain_text(queue.name) for queue in asked]
        async with connection(self._pool) as db:
            rows: list[QueueFiguresRow] = await db.fetch(
                _SQL["figures_of_queues"], start, end, names, levels, shorts
            )
        return {row["queue"]: _figures(row) for row in rows}


def _figures(row: QueueFiguresRow) -> QueueFigures:
    figures = dict(row)
    del figures["queue"]
    return QueueFigures(**figures)  # type: ignore[arg-type]


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
