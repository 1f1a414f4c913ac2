"""The list, one call, and who may see which."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta

from structlog.testing import capture_logs

from domain.call_facts import CallBlocked, CallEnded, TurnedAway
from domain.facts import Fact
from domain.floor_facts import OfferNotTaken, Queued, TalkBegan
from domain.identity import AgentCode, CallId, ProjectName, QueueName
from records.call_queries import CallPage, CallStore, LineRefusals
from records.call_search import CallFilter, SearchLimits
from records.call_search_sql import ListPlace
from records.fold import Outcome
from records.writing import write
from storage.database import Database, connection
from tests.storage.days import NOON, abandoned, answered, as_stored, entered, fact

ACME = frozenset({ProjectName("acme")})
OTHER = frozenset({ProjectName("other")})


async def store_of(database: Database, *groups: Iterable[Fact]) -> CallStore:
    async with connection(database.pool) as db:
        await write(db, [as_stored(one) for group in groups for one in group])
    return CallStore(database.pool)


async def test_filters(database: Database) -> None:
    store = await store_of(
        database,
        answered("a", 0, agent="1001", caller="13800138000"),
        answered("b", 10, agent="1002", caller="13911112222"),
        abandoned("c", 20, caller="02188%7766"),
        answered("d", 30, agent="1001", project="other", hotline="4002", caller="5"),
        [entered("e", 40)],
        abandoned("f", 50, caller=None),
        abandoned("g", 60, caller="<unknown>"),  # as an older controller wrote it down
    )
    cases: list[tuple[CallFilter, str]] = [
        (CallFilter(), "gfedcba"),
        (CallFilter(project=ProjectName("other")), "d"),
        (CallFilter(agent=AgentCode("1001")), "da"),
        (CallFilter(agent=AgentCode("1001"), hotline="4001"), "a"),
        (CallFilter(outcome=Outcome.ABANDONED), "gfc"),
        (CallFilter(withheld=True), "gf"),
        (CallFilter(withheld=True, caller="5", hotline="4002"), ""),
        (CallFilter(outcome=Outcome.OPEN), "e"),
        (CallFilter(queue=QueueName("sales")), "gfdcba"),
        (CallFilter(hotline="4002"), "d"),
        (CallFilter(caller="3800"), "ea"),
        (CallFilter(caller="5"), "d"),
        (CallFilter(caller="0%"), ""),
        (CallFilter(caller="8%7"), "c"),
        (CallFilter(caller="_"), ""),
        (CallFilter(caller="\x00"), "gfedcba"),
        (CallFilter(agent=AgentCode("10\x0001")), "da"),
        (CallFilter(caller="' or 1=1 --"), ""),
        (CallFilter(start=NOON + timedelta(seconds=10)), "gfedcb"),
        (
            CallFilter(start=NOON + timedelta(seconds=10), end=NOON + timedelta(seconds=30)),
            "cb",
        ),
        (CallFilter(agent=AgentCode("1002"), caller="1111", outcome=Outcome.ANSWERED), "b"),
    ]
    for filters, expected in cases:
        page = await store.list(filters, projects=None)
        assert "".join(row.call for row in page.rows) == expected, filters
        assert (page.total, page.more) == (len(expected), False)


async def test_an_answer_that_turns_out_to_be_in_vain_is_none_of_the_agents_calls(
    database: Database,
) -> None:
    """The facts of the moment in which Asterisk showed a talk are stored before it is known."""
    phone = {"agent": "1001", "station": "s1"}
    talks = [fact("c", 5, TalkBegan, **phone)]
    store = await store_of(database, [*abandoned("c"), *talks])
    await store_of(database, [fact("c", 5.3, OfferNotTaken, why="dropped", **phone)])
    (row,) = (await store.list(projects=None)).rows
    assert row.agents == ()
    assert (await store.list(CallFilter(agent=AgentCode("1001")), projects=None)).total == 0


async def test_blocked_calls_are_counted_by_line(database: Database) -> None:
    def blocked(call: str, at_s: float, line: str) -> list[Fact]:
        return [
            entered(call, at_s, line=line, caller_name="张伟"),
            fact(call, at_s, CallBlocked, line=line),
            fact(call, at_s, CallEnded, by="system", cause=34),
        ]

    store = await store_of(
        database,
        blocked("a", -1, "one"),
        blocked("b", 1, "one"),
        blocked("c", 2, "one"),
        blocked("d", 3, "two"),
        abandoned("e", 4, line="two"),
        [
            entered("f", 5, line="one"),
            fact("f", 5, TurnedAway, why="caller_blocked"),
            fact("f", 5, CallEnded, by="system", cause=21),
        ],
    )
    assert await store.blocked(NOON) == {"one": LineRefusals(2, 1), "two": LineRefusals(1, 0)}
    page = await store.list(CallFilter(outcome=Outcome.BLOCKED), projects=None)
    assert [(row.call, row.caller_name) for row in page.rows] == [(call, "张伟") for call in "dcba"]
    figures = await store.summary(NOON)
    assert (figures.call_records, figures.offered, figures.lost) == (5, 1, 0)


async def test_nobody_sees_the_calls_of_a_project_that_is_not_his(database: Database) -> None:
    store = await store_of(
        database,
        answered("a"),
        answered("b", project="other"),
        [fact("nobodys", 0, Queued, queue="sales")],  # ENTERED was lost
    )
    for projects, seen in ((ACME, {"a"}), (OTHER, {"b"}), (ACME | OTHER, {"a", "b"})):
        page = await store.list(projects=projects)
        assert ({row.call for row in page.rows}, page.total) == (seen, len(seen))
        page = await store.list(CallFilter(agent=AgentCode("1001")), projects=projects)
        assert ({row.call for row in page.rows}, page.total) == (seen, len(seen))
        assert (await store.summary(NOON, projects=projects)).call_records == len(seen)
    assert (await store.list(projects=None)).total == 3
    assert (await store.list(projects=frozenset())).total == 0
    assert await store.get(CallId("b"), projects=ACME) is None
    assert await store.get(CallId("nobodys"), projects=ACME) is None
    assert await store.get(CallId("nobodys"), projects=None) is not None
    assert await store.get(CallId("none"), projects=None) is None
    assert await store.open_calls(projects=ACME) == ()


async def test_pages(database: Database) -> None:
    store = await store_of(database, *(abandoned(f"c{n:02}", n) for n in range(25)))
    first = await store.list(projects=None, per_page=10)
    second = await store.list(projects=None, before=first.older, per_page=10)
    third = await store.list(projects=None, before=second.older, per_page=10)
    pages = [first, second, third]
    assert [len(page.rows) for page in pages] == [10, 10, 5]
    assert [row.call for page in pages for row in page.rows] == [
        f"c{n:02}" for n in reversed(range(25))
    ]
    assert {page.total for page in pages} == {25}
    assert (first.newer, third.older) == (None, None)
    assert await store.list(projects=None, after=third.newer, per_page=10) == second
    limited = CallStore(database.pool, limits=SearchLimits(count=20))
    page = await limited.list(projects=None, before=first.older, per_page=10)
    assert (page.total, page.more) == (20, True)
    assert len((await store.list(projects=None, per_page=0)).rows) == 1


async def test_pages_stay_where_they_are_while_calls_come_in(database: Database) -> None:
    store = await store_of(database, *(abandoned(f"c{n:02}", n) for n in range(6)))
    first = await store.list(projects=None, per_page=2)
    second = await store.list(projects=None, before=first.older, per_page=2)
    await store_of(database, *(abandoned(f"d{n}", 10 + n) for n in range(3)))
    again = await store.list(projects=None, before=first.older, per_page=2)
    assert again.rows == second.rows
    newer = await store.list(projects=None, after=second.newer, per_page=2)
    assert newer.rows == first.rows
    # What would be less than a page is the newest one, whole.
    newest = await store.list(projects=None, per_page=2)
    assert [row.call for row in newest.rows] == ["d2", "d1"]
    assert await store.list(projects=None, after=newest.older, per_page=2) == newest


async def test_nothing_is_beyond_the_oldest_call(database: Database) -> None:
    store = await store_of(database, abandoned("a"), abandoned("b", 1))
    page = await store.list(projects=None, before=ListPlace(NOON, CallId("a")))
    assert page == CallPage((), 2, more=False, newer=None, older=None)


async def test_one_call_has_its_timeline_in_order(database: Database) -> None:
    facts = answered("a")
    store = await store_of(database, reversed(facts), answered("b"))
    stored = await store.get(CallId("a"), projects=ACME)
    assert stored is not None
    assert list(stored.timeline) == facts
    assert stored.record.legs[0].talk_s == 30


async def test_open_calls_are_found_for_the_restart(database: Database) -> None:
    store = await store_of(
        database,
        answered("done"),
        [entered("new", 9)],
        answered("talking", 3)[:5],
        abandoned("waiting", 5)[:2],
    )
    found = await store.open_calls()
    assert [stored.record.call for stored in found] == ["talking", "waiting", "new"]
    assert found[0].record.answered_at is not None


async def test_twenty_reads_at_once(database: Database) -> None:
    store = await store_of(database, answered("a"))
    pages = await asyncio.gather(*(store.list(projects=ACME) for _ in range(20)))
    assert {page.total for page in pages} == {1}


async def test_an_open_call_that_cannot_be_read_keeps_no_controller_from_starting(
    database: Database,
) -> None:
    store = await store_of(database, [entered("a", 0)], [entered("b", 1)], [entered("c", 2)])
    async with connection(database.pool) as db:
        await db.execute(
            "insert into call_facts (id, call, at, kind, detail)"
            " select gen_random_uuid(), call, at, 'of a later Offhook', '{}'"
            " from call_facts where call = 'b'"
        )
    with capture_logs() as logs:
        found = await store.open_calls()
    assert [one.record.call for one in found] == ["a", "c"]
    (line,) = logs
    assert (line["log_level"], line["call"]) == ("error", "b")
    assert "of a later Offhook" in line["why"]
