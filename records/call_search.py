"""Finds a page of calls among millions, within a time that hardly depends on their number.

Most filters together leave a few kinds of calls, which are read in order, kind by kind. Other
searches go in by the condition that leads to the fewest calls and look at these, newest first. If
that finds too few among very many, indexes of agents and of numbers' parts sieve all calls. Counts
are exact where few calls had to be looked at, and otherwise a number that there are more of.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

import asyncpg

from domain.identity import AgentCode, CallId, ProjectName, QueueName
from records.call_conditions import (
    Condition,
    Search,
    Way,
    by_agent,
    by_hotline,
    by_outcome,
    by_part_of_number,
    by_queue,
    withheld,
)
from records.call_rows import CallColumns, CallRow, FoundColumns
from records.call_search_sql import (
    Direction,
    ListPlace,
    Query,
    direct,
    kinds_there,
    projects_there,
    sieve,
    sizes,
    walk,
)
from records.outcomes import Outcome
from storage.projects import Projects, as_array

_IN_ORDER = (
    "set local enable_bitmapscan = off; set local enable_sort = off;"
    " set local max_parallel_workers_per_gather = 0"
)
"""The planner, who takes an index's order for unlike that of the table, would rather read and sort
a month of calls than the newest in order."""
_AT_ONCE = (
    "set local enable_bitmapscan = on; set local enable_sort = on; set local cpu_tuple_cost = 1000"
)
"""The planner takes signs in numbers for far rarer than they are, and would look at all calls with
one rather than read another index first."""
_EFFORT = {Way.AGENT: 2, Way.QUEUE: 2}
"""How much longer it takes to look at a call by these ways: they lead to its name alone."""
_FIRST = 5
"""At first, this part of the calls that may be looked at."""


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
    """So many calls are looked at one by one."""
    merged: int = 64
    """So many kinds or projects are looked at in the order of their calls."""
    kinds: int = 500
    """So many kinds of calls are read one after the other."""

    @property
    def first_looks(self) -> int:
        """So many calls are looked at to see how rare hits are."""
        return max(1, self.looks // _FIRST)


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
    async with db.transaction():
        await db.execute(_IN_ORDER)
        if search.ways and search.projects != []:
            search = await _narrowed(db, search)
        if search.projects == []:
            return NOTHING
        ways = search.ways or ((Way.ALL if search.projects is None else Way.PROJECT),)
        if len(ways) == 1 and search.is_whole(ways[0]):
            return await _direct(db, search, ways[0], place, order, n, limits.count)
        if 0 < len(search.kinds or ()) <= limits.merged:
            ways = (Way.KIND, *ways)
        return await _look(db, search, ways, place, order, n, limits)


async def _direct(
    db: asyncpg.Connection,
    search: Search,
    way: Way,
    place: ListPlace | None,
    order: Direction,
    n: int,
    count: int,
) -> FoundCalls:
    found = await _ask(db, direct(search, way, place, order, n), f"by {way}")
    if place is None and len(found.rows) < n:
        return replace(found, hits=len(found.rows))
    (hits,) = await _sizes(db, search, (way,), count + 1)
    return replace(found, hits=hits, whole=hits <= count)


async def _narrowed(db: asyncpg.Connection, search: Search) -> Search:
    """The same search, where there can be such calls."""
    query = kinds_there(search)
    kinds: dict[ProjectName, list[int]] = dict(await db.fetch(query.text, *query.values))
    search = search.within(list(kinds), [])
    query = projects_there(search)
    there = [row["project"] for row in await db.fetch(query.text, *query.values)]
    return search.within(there, [kind for project in there for kind in kinds[project]])


async def _look(
    db: asyncpg.Connection,
    search: Search,
    ways: tuple[Way, ...],
    place: ListPlace | None,
    order: Direction,
    n: int,
    limits: SearchLimits,
) -> FoundCalls:
    async def walked(way: Way, looks: int, *, until_full: bool = False) -> tuple[FoundCalls, bool]:
        """What was found, and whether nothing is left to find for this page."""
        effort = _EFFORT.get(way, 1)
        most = max(1, looks // effort)
        query = walk(search, way, place, order, n, looks=most, until_full=until_full)
        found = await _ask(db, query, f"looking at those by {way}")
        if not (found.whole or len(found.rows) == n):
            return found, False
        if place is not None:
            # The page begins at its place; the hits of all pages begin at the newest call.
            most = max(1, limits.first_looks // effort)
            newest = walk(search, way, None, Direction.NEWEST_FIRST, 0, looks=most)
            every = await _ask(db, newest, found.how)
            found = replace(found, hits=every.hits, whole=every.whole)
        return found, True

    way = await _shortest(db, search, ways, limits)
    found, done = await walked(way, limits.first_looks)
    if done:
        return found
    # Parts of numbers that few calls have are sooner found by their index.
    sieved = any(one.sieve is not None and one.gate is None for one in search.conditions)
    fills = found.hits * limits.looks >= n * limits.first_looks
    then = [way] if fills or not (sieved or way in _EFFORT) else []
    if way in _EFFORT and not sieved:
        then.append(Way.KIND if Way.KIND in ways else Way.ALL)
    for way in then:
        found, done = await walked(way, limits.looks, until_full=True)
        if done:
            return found
    if search.is_whole(Way.KIND) and 0 < len(search.kinds or ()) <= limits.kinds:
        count = min(limits.count, limits.first_looks)  # they are in no index by themselves
        return await _direct(db, search, Way.KIND, place, order, n, count)
    await db.execute(_AT_ONCE)
    return await _ask(db, sieve(search, place, order, n), "sieving all")


async def _shortest(
    db: asyncpg.Connection, search: Search, ways: tuple[Way, ...], limits: SearchLimits
) -> Way:
    """The way that leads to the fewest calls."""
    if len(search.projects or ()) > limits.merged:
        ways = tuple(way for way in ways if way is Way.KIND)
    for way in (Way.AGENT, Way.KIND):
        if way in ways:
            return way
    if len(ways) < 2:
        return ways[0] if ways else Way.ALL
    found = zip(ways, await _sizes(db, search, ways, limits.looks + 1), strict=True)
    return min(found, key=lambda one: one[1])[0]


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
