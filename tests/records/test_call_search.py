"""The list of calls, compared with a plain query: every set of filters, whichever way in."""

import itertools
import random
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.call_facts import CallBlocked, CallEnded
from domain.facts import Fact
from domain.floor_facts import LeftQueue, Queued, TalkBegan, TalkEnded
from domain.identity import AgentCode, ProjectName, QueueName
from records.call_queries import CallStore
from records.call_search import (
    CallFilter,
    FoundCalls,
    SearchLimits,
    find,
    plain_text,
    search_of,
    total,
)
from records.call_search_sql import Direction, ListPlace
from records.outcomes import Outcome
from storage.database import Database, connection, make_pool
from storage.embedded import EmbeddedServer
from storage.migrate import migrate, migrations
from storage.projects import Projects, as_array
from tests.records.test_call_queries import store_of
from tests.storage.days import NOON, abandoned, answered, entered, fact

CALLS = 150
SHOPS = ("acme", "bank", "cars", *(f"shop{number}" for number in range(9)))
"""Projects. Each has its own hotlines, queues and agents; some calls stray into another's."""
NUMBERS = ("13800138000", "13900138001", "+8613800138000", "1001", "*5#", None)

PLAIN = """
    select call from calls
    where ($1::text[] is null or project = any($1)) and ($2::text is null or project = $2)
    and ($3::timestamptz is null or entered_at >= $3)
    and ($4::timestamptz is null or entered_at < $4)
    and ($5::text is null or hotline = $5) and ($6::text is null or $6 = any(queues))
    and ($7::text is null or $7 = any(agents)) and ($8::text is null or outcome = $8)
    and ($9::text is null or strpos(caller, $9) > 0) and (not $10::bool or caller is null)
    order by entered_at desc, call desc
"""


def some_call(rng: random.Random, call: str) -> Iterator[Fact]:
    """A call as it may have come: many in the same second, some strange."""
    shop = rng.choice((*SHOPS, *["acme", "bank"] * 4))
    at = float(rng.randrange(60))
    if rng.random() < 0.9:
        stray = shop if rng.random() < 0.9 else rng.choice(SHOPS)
        yield entered(
            call, at, project=shop, hotline=f"{stray}{rng.randrange(2)}", caller=rng.choice(NUMBERS)
        )
    if rng.random() < 0.1:
        yield fact(call, at, CallBlocked, line="trunk")
        yield fact(call, at, CallEnded, by="system")
        return
    for _ in range(rng.randrange(3)):
        stray = shop if rng.random() < 0.9 else rng.choice(SHOPS)
        yield fact(call, at, Queued, queue=f"{stray}-{rng.randrange(2)}", skill="any")
        if rng.random() < 0.6:
            phone = {"agent": f"{stray}{rng.randrange(3)}", "station": "s1"}
            yield fact(call, at + 1, TalkBegan, **phone)
            yield fact(call, at + 9, TalkEnded, **phone)
        elif rng.random() < 0.3:
            yield fact(call, at + 2, LeftQueue, why="timeout")
        at += 10
    if rng.random() < 0.9:
        yield fact(call, at + 20, CallEnded, by=rng.choice(("caller", "system")))


CHOICES: dict[str, tuple[Any, ...]] = {
    "project": (ProjectName("acme"), ProjectName("acme"), ProjectName("bank"), ProjectName("none")),
    "start": (NOON, NOON + timedelta(seconds=30)),
    "end": (NOON + timedelta(seconds=31), NOON + timedelta(seconds=50)),
    "hotline": ("acme0", "acme1", "bank1", "none"),
    "queue": (QueueName("acme-0"), QueueName("acme-1"), QueueName("bank-1"), QueueName("none")),
    "agent": (AgentCode("acme0"), AgentCode("acme1"), AgentCode("bank1"), AgentCode("none")),
    "outcome": tuple(Outcome),
    "caller": ("1", "38", "138", "0013800", "+", "#", "*5#", "999", "_", "%", "\x00"),
    "withheld": (True,),
}
SCOPES: tuple[Projects, ...] = (
    None,
    frozenset(),
    frozenset({ProjectName("acme")}),
    frozenset({ProjectName("bank"), ProjectName("cars"), ProjectName("none")}),
    frozenset(map(ProjectName, SHOPS[1:])),
)
LIMITS = (
    SearchLimits(),
    SearchLimits(looks=40),
    SearchLimits(looks=1),
    SearchLimits(count=5, looks=12),
    SearchLimits(looks=20, merged=0),
    SearchLimits(count=5, looks=60, merged=8, kinds=0),
)


async def expected(database: Database, filters: CallFilter, projects: Projects) -> list[str]:
    async with connection(database.pool) as db:
        rows = await db.fetch(
            PLAIN,
            as_array(projects),
            filters.project,
            filters.start,
            filters.end,
            filters.hotline,
            filters.queue,
            filters.agent,
            filters.outcome and filters.outcome.value,
            None if filters.withheld else plain_text(filters.caller) or None,
            filters.withheld,
        )
    return [row["call"] for row in rows]


async def compare(
    store: CallStore, filters: CallFilter, projects: Projects, limit: int, calls: list[str], n: int
) -> None:
    """The pages to the oldest call and back to the newest."""
    case = (filters, projects, n)
    seen: list[str] = []
    place: ListPlace | None = None
    while True:
        page = await store.list(filters, projects=projects, before=place, per_page=n)
        here = [row.call for row in page.rows]
        assert here == calls[len(seen) : len(seen) + n], case
        assert (page.newer is None) == (place is None), case
        if page.more:
            assert page.total < len(calls), case
            assert page.total >= min(len(here), limit) - 1, case
        else:
            assert page.total == len(calls), case
        seen += here
        if (place := page.older) is None:
            break
    assert seen == calls, case
    begin = max(0, (len(calls) - 1) // n * n)
    while (place := page.newer) is not None:
        page = await store.list(filters, projects=projects, after=place, per_page=n)
        begin -= n
        assert [row.call for row in page.rows] == calls[begin : begin + n], case
        assert page.older is not None, case
    assert begin == 0, case


def sets_of(names: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """All sets of these, the empty one as well."""
    some = tuple(names)
    return itertools.chain.from_iterable(
        itertools.combinations(some, count) for count in range(len(some) + 1)
    )


@pytest.mark.parametrize("seed", range(3))
async def test_every_set_of_filters_finds_what_a_plain_query_finds(
    seed: int, database: Database
) -> None:
    rng = random.Random(seed)
    await store_of(database, *(some_call(rng, f"c{number:03}") for number in range(CALLS)))
    async with connection(database.pool) as db:
        await db.execute("analyze")
    found = 0
    for names in sets_of(CHOICES):
        filters = CallFilter()
        for name in names:
            filters = replace(filters, **{name: rng.choice(CHOICES[name])})
        projects, limits = rng.choice(SCOPES), rng.choice(LIMITS)
        calls = await expected(database, filters, projects)
        found += bool(calls)
        store = CallStore(database.pool, limits=limits)
        await compare(store, filters, projects, limits.count, calls, rng.choice((1, 4, 50)))
    assert found > 40


@pytest.mark.parametrize(
    ("hits", "whole", "said"),
    [
        (0, True, (0, False)),
        (10_000, True, (10_000, False)),
        (10_001, True, (10_000, True)),
        (10_001, False, (10_000, True)),
        (51, False, (50, True)),
        (137, False, (130, True)),
        (6_000, False, (5_900, True)),
        (6_001, False, (6_000, True)),
    ],
)
def test_a_count_is_exact_or_less_than_there_are(
    hits: int, whole: bool, said: tuple[int, bool]
) -> None:
    assert total(FoundCalls((), hits, whole, "by looking"), 10_000) == said


async def test_each_filter_alone_within_each_scope_by_each_way(database: Database) -> None:
    rng = random.Random(99)
    await store_of(database, *(some_call(rng, f"c{number:03}") for number in range(CALLS)))
    for name, values in CHOICES.items():
        for value, projects in itertools.product(values, SCOPES):
            filters = replace(CallFilter(), **{name: value})
            calls = await expected(database, filters, projects)
            for limits in rng.sample(LIMITS, 2):
                store = CallStore(database.pool, limits=limits)
                await compare(store, filters, projects, limits.count, calls, rng.choice((3, 9)))


@pytest.mark.parametrize(
    ("filters", "how"),
    [
        (CallFilter(queue=QueueName("sales"), outcome=Outcome.SELF_SERVICE), "nothing can match"),
        (CallFilter(agent=AgentCode("1001"), outcome=Outcome.ABANDONED), "nothing can match"),
        (
            CallFilter(queue=QueueName("sales"), outcome=Outcome.ANSWERED),
            "looking at those by kind",
        ),
        (CallFilter(hotline="4001", outcome=Outcome.SELF_SERVICE), "looking at those by kind"),
        (CallFilter(queue=QueueName("sales"), caller="138"), "looking at those by kind"),
        (CallFilter(agent=AgentCode("1001"), caller="138"), "looking at those by agent"),
        (CallFilter(outcome=Outcome.ABANDONED), "by outcome"),
        (CallFilter(caller="138"), "looking at those by all"),
    ],
)
async def test_which_way_a_search_goes(filters: CallFilter, how: str, database: Database) -> None:
    await store_of(
        database,
        *(answered(f"answered-{number}", wait_s=4) for number in range(9)),
        *(abandoned(f"abandoned-{number}", wait_s=9) for number in range(9)),
        *([entered(f"menu-{number}"), fact(f"menu-{number}", 9, CallEnded)] for number in range(9)),
    )
    async with connection(database.pool) as db:
        found = await find(
            db, search_of(filters, None), None, Direction.NEWEST_FIRST, 50, SearchLimits()
        )
    assert found.how == how


async def test_calls_from_before_there_were_these_indexes_are_found(
    postgres: EmbeddedServer,
) -> None:
    pool = await make_pool(await postgres.database("before_the_indexes"))
    async with connection(pool) as db:
        await migrate(db, migrations()[:6])
        await db.execute(
            "insert into calls (call, project, entered_at, outcome, caller, queues, agents) values"
            " ('a', 'acme', $1, 'answered', '*5#', '{sales,service,sales}', '{1001,1002}'),"
            " ('b', null, $1, 'abandoned', null, '{sales}', '{}')",
            NOON,
        )
        await db.execute(
            "insert into call_agents (call, agent, entered_at)"
            " values ('a', '1001', $1), ('a', '1002', $1)",
            NOON,
        )
        await migrate(db)
    store = CallStore(pool)
    for filters, found in (
        (CallFilter(), "ba"),
        (CallFilter(queue=QueueName("sales")), "ba"),
        (CallFilter(queue=QueueName("service")), "a"),
        (CallFilter(agent=AgentCode("1002")), "a"),
        (CallFilter(agent=AgentCode("1002"), outcome=Outcome.ANSWERED), "a"),
        (CallFilter(withheld=True), "b"),
        (CallFilter(withheld=True, outcome=Outcome.ABANDONED), "b"),
        (CallFilter(queue=QueueName("sales"), outcome=Outcome.ANSWERED), "a"),
        (CallFilter(caller="5#"), "a"),
        (CallFilter(project=ProjectName("acme")), "a"),
    ):
        page = await store.list(filters, projects=None)
        assert "".join(row.call for row in page.rows) == found, filters
    rows = (await store.list(projects=None)).rows
    assert [row.project for row in rows] == [None, "acme"]
    await pool.close()
