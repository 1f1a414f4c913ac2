"""Finds a page of calls among millions, within a time that hardly depends on their number.

A search goes in by the condition that leads to the fewest calls and looks at these, newest first.
If that finds too few among very many, all of its conditions' indexes are combined. Counts are exact
where few calls had to be looked at, and otherwise a number that there are more of.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

import asyncpg

from domain.identity import AgentCode, CallId, ProjectName, QueueName
from records.call_rows import CallColumns, CallRow, FoundColumns
from records.call_search_sql import (
    Condition,
    Direction,
    ListPlace,
    Query,
    Search,
    Way,
    by_agent,
    by_hotline,
    by_outcome,
    by_part_of_number,
    by_queue,
    direct,
    intersection,
    projects_there,
    sizes,
    walk,
    withheld,
)
from records.outcomes import Outcome
from storage.projects import Projects, as_array

_EFFORT = {Way.AGENT: 5, Way.QUEUE: 5}
"""How much longer it takes to look at a call by these ways: they lead to its name alone."""
_FEW = 8
"""So many projects are looked at one by one; of more, first the newest calls of them all."""


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


ALL_CALLS = CallFilter()


@dataclass(frozen=True, slots=True)
class SearchLimits:
    """How much work one search may be."""

    count: int = 10_000
    """Up to this number hits are counted."""
    looks: int = 20_000
    """So many calls are looked at one by one, or fewer if that takes longer."""


LIMITS = SearchLimits()


@dataclass(frozen=True, slots=True)
class FoundCalls:
    """Calls in the order they were asked for.

    ``hits`` counts those on all pages; unless ``whole``, there may be more. ``how`` names the way
    that was taken, for those who measure it.
    """

    rows: tuple[CallRow, ...]
    hits: int
    whole: bool
    how: str


NOTHING = FoundCalls((), 0, whole=True, how="nothing can match")


def search_of(filters: CallFilter, projects: Projects) -> Search:
    """The search for what a filter asks for, among the projects that its user may see."""
    conditions: list[Condition] = []
    if agent := plain_text(filters.agent):
        conditions.append(by_agent(agent))
    if queue := plain_text(filters.queue):
        conditions.append(by_queue(queue))
    if hotline := plain_text(filters.hotline):
        conditions.append(by_hotline(hotline))
    if filters.outcome is not None:
        conditions.append(by_outcome(str(filters.outcome)))
    if filters.withheld:
        conditions.append(withheld())
    elif caller := plain_text(filters.caller):
        conditions.append(by_part_of_number(caller))
    within: Sequence[ProjectName] | None = as_array(projects)
    if filters.project is not None:
        asked = ProjectName(plain_text(filters.project) or "")
        within = [asked] if asked and (projects is None or asked in projects) else []
    return Search(conditions, within, filters.start, filters.end)


async def find(
    db: asyncpg.Connection,
    search: Search,
    place: ListPlace | None,
    order: Direction,
    n: int,
    limits: SearchLimits,
) -> FoundCalls:
    """The next ``n`` calls of a search from a place on (None: from the end), and how many there are
    on all pages."""
    if search.ways and search.projects != []:
        query = projects_there(search)
        there = await db.fetch(query.text, *query.values)
        search = search.within([row["project"] for row in there])
    if search.projects == []:
        return NOTHING
    ways = search.ways or ((Way.ALL if search.projects is None else Way.PROJECT),)
    if len(ways) == 1 and search.is_whole(ways[0]):
        found = await _ask(db, direct(search, ways[0], place, order, n), f"by {ways[0]}")
        if place is None and len(found.rows) < n:
            return replace(found, hits=len(found.rows))
        (hits,) = await _sizes(db, search, ways, limits.count + 1)
        return replace(found, hits=hits, whole=hits <= limits.count)
    return await _look(db, search, ways, place, order, n, limits)


async def _look(
    db: asyncpg.Connection,
    search: Search,
    ways: tuple[Way, ...],
    place: ListPlace | None,
    order: Direction,
    n: int,
    limits: SearchLimits,
) -> FoundCalls:
    shortest, size = min(
        zip(ways, await _sizes(db, search, ways, limits.looks + 1), strict=True),
        key=lambda one: one[1] * _EFFORT.get(one[0], 1),
    )
    for way, looks in _walks(search, shortest, size, n, limits):
        how = f"looking at those by {way}"
        found = await _ask(db, walk(search, way, place, order, n, looks=looks), how)
        if not (found.whole or len(found.rows) == n):
            continue
        if place is not None:
            # The page begins at its place; the hits of all pages begin at the newest call.
            newest = walk(search, way, None, Direction.NEWEST_FIRST, 0, looks=looks)
            every = await _ask(db, newest, how)
            found = replace(found, hits=every.hits, whole=every.whole)
        return found
    return await _ask(db, intersection(search, place, order, n), "all indexes together")


def _walks(
    search: Search, shortest: Way, size: int, n: int, limits: SearchLimits
) -> list[tuple[Way, int]]:
    """Which ways to try, and how many calls of each project to look at."""
    most = limits.looks // _EFFORT.get(shortest, 1)
    if size <= most:
        return [(shortest, size + 1)]
    projects = 1 if shortest is Way.ALL else len(search.projects or ())
    each = (shortest, max(n, most // projects))
    return [each] if projects <= _FEW else [(Way.ALL, limits.looks), each]


async def _sizes(
    db: asyncpg.Connection, search: Search, ways: tuple[Way, ...], most: int
) -> list[int]:
    query = sizes(search, ways, most)
    row = await db.fetchrow(query.text, *query.values)
    return [row[str(way)] for way in ways]


async def _ask(db: asyncpg.Connection, query: Query, how: str) -> FoundCalls:
    rows: list[FoundColumns] = await db.fetch(query.text, *query.values)
    calls = [CallRow.of(cast(CallColumns, row)) for row in rows if row["call"] is not None]
    return FoundCalls(tuple(calls), rows[0]["hits"] or 0, rows[0]["whole"], how)


def total(found: FoundCalls, limit: int) -> tuple[int, bool]:
    """How many calls there are on all pages; with True, there are more than that.

    What was found by looking at some of the calls is a round number that is certainly exceeded.
    """
    if found.hits > limit:
        return limit, True
    if found.whole:
        return found.hits, False
    less = max(found.hits, len(found.rows)) - 1
    unit = 10 ** max(0, len(str(less)) - 2)
    return less // unit * unit, True


def place_of(row: CallRow) -> ListPlace:
    """The place between a call and its neighbour."""
    return ListPlace(row.entered_at, CallId(row.call))


def plain_text(text: str | None) -> str | None:
    """Typed text without NUL, which PostgreSQL can't store."""
    return None if text is None else text.replace("\x00", "")
