"""Measures the list of calls, each filter and all sets of filters, among ten million calls.

Makes the calls the first time, which takes some twenty minutes. OFFHOOK_BENCH_CALLS names the
folder in which they are kept, OFFHOOK_BENCH_CALLS_NUMBER how many there are.
"""

import asyncio
import itertools
import json
import os
import random
import statistics
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import asyncpg

from bench.many_calls import LAST_DAY, PROJECTS, hotline, many_calls, project, queue
from domain.centre import Queue
from domain.identity import AgentCode, ProjectName, QueueName, SkillName
from records.call_queries import CallStore
from records.call_search import LIMITS, CallFilter, FoundCalls, find, place_of, search_of, total
from records.call_search_sql import Direction, ListPlace
from records.outcomes import Outcome
from storage.database import connection
from storage.projects import Projects

RUNS, RUNS_OF_SETS = 5, 3
PER_PAGE = 50
WITHIN_MS = 100.0

_BIG, _MIDDLE, _QUIET = 1, 8, PROJECTS


def _names(*numbers: int) -> frozenset[ProjectName]:
    return frozenset(ProjectName(project(number)) for number in numbers)


SCOPES: dict[str, Projects] = {
    "all": None,
    "the largest": _names(_BIG),
    "a quiet one": _names(_QUIET),
    "three": _names(_BIG, _MIDDLE, _QUIET),
    "fifty": _names(*range(1, PROJECTS + 1)),
    "all but the largest": _names(*range(2, PROJECTS + 1)),
}
DAYS: dict[str, tuple[int, int] | None] = {"ever": None, "a day": (3, 1), "a month": (60, 30)}
"""How many days before the last one, and how many."""
PLACES: dict[int, dict[str, tuple[str, ...]]] = {
    _BIG: {"hotline": (hotline(_BIG, 1), hotline(_BIG, 3)), "agent": ("1037", "1060", "1102"),
           "queue": (queue(_BIG, 1), queue(_BIG, 2)), "project": (project(_BIG),)},
    _MIDDLE: {"hotline": (hotline(_MIDDLE, 1), hotline(_MIDDLE, 2)), "agent": ("1297", "1310"),
              "queue": (queue(_MIDDLE, 1), queue(_MIDDLE, 2)), "project": (project(_MIDDLE),)},
    _QUIET: {"hotline": (hotline(_QUIET, 1),), "agent": ("1100",),
             "queue": (queue(_QUIET, 2),), "project": (project(_QUIET),)},
}  # fmt: skip
"""What belongs to a project; other things are in all projects."""
CHOICES: dict[str, tuple[Any, ...]] = {
    "outcome": tuple(Outcome),
    "caller": ("1", "13", "+", "#", "138", "047", "0471", "38047", "13804711", "*5"),
    "withheld": (True,),
}
STRAYS = 0.1
"""How often a filter belongs to another project than the others."""


def _filter(**what: Any) -> CallFilter:
    return replace(CallFilter(), **what)


NAMED: dict[str, tuple[CallFilter, str]] = {
    "no filter": (_filter(), "all"),
    "no filter, fifty projects": (_filter(), "fifty"),
    "a scope of one quiet project": (_filter(), "a quiet one"),
    "a scope of three projects": (_filter(), "three"),
    "a project with its own queue": (
        _filter(project=project(_BIG), queue=QueueName(queue(_BIG, 1))), "all",
    ),
    "a project with another project's queue": (
        _filter(project=project(_MIDDLE), queue=QueueName(queue(_BIG, 1))), "all",
    ),
    "a project with another project's hotline": (
        _filter(project=project(_MIDDLE), hotline=hotline(_BIG, 1)), "all",
    ),
    "a hotline": (_filter(hotline=hotline(_BIG, 1)), "all"),
    "a queue": (_filter(queue=QueueName(queue(_BIG, 1))), "all"),
    "an agent": (_filter(agent=AgentCode("1060")), "all"),
    "an agent who never spoke": (_filter(agent=AgentCode("9999")), "all"),
    **{f"outcome {one}": (_filter(outcome=one), "all") for one in Outcome},
    "number withheld": (_filter(withheld=True), "all"),
    "number withheld, fifty projects": (_filter(withheld=True), "fifty"),
    **{f"part of a number {one}": (_filter(caller=one), "all") for one in CHOICES["caller"]},
    **{
        f"part of a number {one}, a quiet project": (_filter(caller=one), "a quiet one")
        for one in ("138", "0471")
    },
    **{
        f"part of a number {one}, fifty projects": (_filter(caller=one), "fifty")
        for one in ("138", "0471")
    },
    "a day": (
        _filter(start=LAST_DAY - timedelta(days=3), end=LAST_DAY - timedelta(days=2)), "all",
    ),
    "a month": (_filter(start=LAST_DAY - timedelta(days=60), end=LAST_DAY - timedelta(days=30)),
                "all"),
    "a day without calls": (_filter(start=LAST_DAY + timedelta(days=9)), "all"),
}  # fmt: skip
DEEP = (
    "no filter", "no filter, fifty projects", "a queue", "an agent",
    "a project with its own queue", "part of a number 138", "outcome abandoned",
)  # fmt: skip
"""Measured also on page 200."""


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of some runs, after one that isn't counted."""

    median_ms: float
    worst_ms: float


def measure() -> dict[str, object]:
    """The figures in milliseconds."""
    folder = os.environ.get("OFFHOOK_BENCH_CALLS", "~/.cache/offhook/bench-calls")
    calls = int(os.environ.get("OFFHOOK_BENCH_CALLS_NUMBER", "10000000"))
    return asyncio.run(_measure(Path(folder).expanduser(), calls))


async def _measure(folder: Path, calls: int) -> dict[str, object]:
    load = os.getloadavg()[0]
    async with many_calls(folder, calls) as (database, made):
        async with connection(database.pool, deadline_s=3600) as db:
            sizes = await _gigabytes(db)
            lists = {name: await _list(db, *what) for name, what in NAMED.items()}
            deep = {f"{name}, page 200": await _deep(db, *NAMED[name]) for name in DEEP}
            sets = await _sets(db)
        store = CallStore(database.pool)
        figures = await _figures(store)
        return {
            "made": asdict(made),
            "gigabytes": sizes,
            "load_before": round(load, 2),
            "load_after": round(os.getloadavg()[0], 2),
            "lists": {**lists, **deep},
            "sets_of_filters": sets,
            "day_figures_of_100_queues": figures,
        }


async def _gigabytes(db: asyncpg.Connection) -> dict[str, float]:
    """What the tables and indexes about calls have on the disk."""
    rows = await db.fetch(
        "select relname, pg_relation_size(oid) as bytes from pg_class"
        " where relname like any(array['call%', 'queue_stays%']) order by relname"
    )
    return {row["relname"]: round(row["bytes"] / 1e9, 3) for row in rows}


async def _times(work: Callable[[], Awaitable[object]], runs: int = RUNS) -> Times:
    await work()
    taken = []
    for _ in range(runs):
        began = perf_counter()
        await work()
        taken.append((perf_counter() - began) * 1000)
    return Times(round(statistics.median(taken), 1), round(max(taken), 1))


async def _list(
    db: asyncpg.Connection,
    filters: CallFilter,
    scope: str,
    place: ListPlace | None = None,
    runs: int = RUNS,
) -> dict[str, object]:
    found: FoundCalls | None = None

    async def work() -> None:
        nonlocal found
        search = search_of(filters, SCOPES[scope])
        found = await find(db, search, place, Direction.NEWEST_FIRST, PER_PAGE + 1, LIMITS)

    times = await _times(work, runs)
    assert found is not None
    count, more = total(found, LIMITS.count)
    return {**asdict(times), "calls": f"more than {count}" if more else count, "how": found.how}


async def _deep(db: asyncpg.Connection, filters: CallFilter, scope: str) -> dict[str, object]:
    """The page that begins after 9,950 calls."""
    place: ListPlace | None = None
    for _ in range(10):
        search = search_of(filters, SCOPES[scope])
        found = await find(db, search, place, Direction.NEWEST_FIRST, 995, LIMITS)
        if not found.rows:
            return {"calls": "too few"}
        place = place_of(found.rows[-1])
    return await _list(db, filters, scope, place)


def _combinations() -> Iterator[tuple[CallFilter, str, str]]:
    """Every set of filters in every scope, in each span of days, with values that chance has."""
    rng = random.Random(10)
    names = ["project", "hotline", "queue", "agent", *CHOICES]
    for count in range(len(names) + 1):
        for some in itertools.combinations(names, count):
            if {"caller", "withheld"} <= set(some):
                continue
            for scope, span in itertools.product(SCOPES, DAYS):
                of_project = rng.choices((_BIG, _MIDDLE, _QUIET), (3, 1, 1))[0]
                what: dict[str, Any] = {}
                for name in some:
                    stray = rng.random() < STRAYS
                    theirs = PLACES[rng.choice((_BIG, _MIDDLE)) if stray else of_project]
                    what[name] = rng.choice(CHOICES.get(name) or theirs[name])
                if (days := DAYS[span]) is not None:
                    start = LAST_DAY - timedelta(days=days[0])
                    what |= {"start": start, "end": start + timedelta(days=days[1])}
                yield _filter(**what), scope, span


async def _sets(db: asyncpg.Connection) -> dict[str, object]:
    found = []
    for filters, scope, span in _combinations():
        said = {
            name: str(value)
            for name, value in asdict(filters).items()
            if value is not None and value is not False and name not in ("start", "end")
        }
        one = await _list(db, filters, scope, runs=RUNS_OF_SETS)
        found.append({"filters": said, "scope": scope, "days": span, **one})
    found.sort(key=lambda one: -float(str(one["median_ms"])))
    medians = [float(str(one["median_ms"])) for one in found]
    return {
        "how_many": len(found),
        "median_ms": round(statistics.median(medians), 1),
        "p99_ms": medians[len(medians) // 100],
        "slowest_ms": medians[0],
        "slower_than_100_ms": sum(one > WITHIN_MS for one in medians),
        "ways": dict(Counter(str(one["how"]) for one in found)),
        "slowest": found[:25],
    }


async def _figures(store: CallStore) -> dict[str, object]:
    queues = [
        Queue(QueueName(queue(of, number)), ProjectName(project(of)), SkillName("any"))
        for of in range(1, PROJECTS + 1)
        for number in (1, 2)
    ]
    figures = await store.queue_figures(queues, LAST_DAY)
    return {
        "stays": sum(one.offered for one in figures.values()),
        "queues": asdict(await _times(lambda: store.queue_figures(queues, LAST_DAY))),
        "blocked": asdict(await _times(lambda: store.blocked(LAST_DAY))),
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
