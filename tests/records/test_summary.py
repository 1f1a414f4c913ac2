"""The figures, checked with the trade's worked example (the centre's requirements)."""

from datetime import timedelta
from typing import Any

import pytest

from domain.call_facts import CallEnded, FellBack
from domain.centre import Queue
from domain.facts import CallFact
from domain.floor_facts import LeftQueue, Queued, TalkBegan
from domain.identity import ProjectName, QueueName, SkillName
from domain.stations import OWN_PHONES
from records.call_queries import CallPage, CallStore, QueueFigures
from records.call_search import CallFilter
from records.refold import refold
from storage.database import Database, connection, make_pool
from storage.embedded import EmbeddedServer
from storage.fact_codec import detail_of
from storage.migrate import migrate, migrations
from tests.records.test_call_queries import store_of
from tests.storage.days import NOON, abandoned, answered, entered, fact

OVERFLOW = QueueName("overflow")
SALES = QueueName("sales")


async def figures_of(store: CallStore, name: QueueName, **times: Any) -> QueueFigures:
    """The figures of the queue with this name."""
    queue = Queue(name, ProjectName("acme"), SkillName("any"), **times)
    return (await store.queue_figures([queue], NOON))[name]


async def test_the_worked_example(database: Database) -> None:
    """510 offered; 460 answered, 410 in 20 s; 10 short abandons; 40 real ones."""
    store = await store_of(
        database,
        *(answered(f"quick-{n}", wait_s=20 if n % 2 else 4) for n in range(410)),
        *(answered(f"slow-{n}", wait_s=20.5) for n in range(50)),
        *(abandoned(f"short-{n}", wait_s=5 if n % 2 else 1) for n in range(10)),
        *(abandoned(f"real-{n}", wait_s=5.5 if n % 2 else 60) for n in range(40)),
        # These never entered a queue, so they are not offered.
        *([entered(f"menu-{n}"), fact(f"menu-{n}", 9, CallEnded)] for n in range(7)),
    )
    day = await store.summary(NOON)
    assert (day.offered, day.answered, day.answered_within) == (510, 460, 410)
    assert (day.short_abandoned, day.abandoned) == (10, 40)
    assert round(100 * (day.answer_rate or 0), 1) == 90.2
    assert round(100 * (day.service_level or 0), 1) == 80.4
    assert round(100 * (day.abandon_rate or 0), 1) == 7.8
    assert day.service_level_variant == "answered within 20 s / offered, short abandons included"
    assert day.service_level_without_short == 410 / 500
    assert (day.call_records, day.self_service, day.recordings) == (517, 7, 460)
    queue = await figures_of(store, SALES)
    assert (queue.offered, queue.answered, queue.answered_within) == (510, 460, 410)
    assert (queue.short_abandoned, queue.abandoned) == (10, 40)
    assert (queue.answer_rate, queue.service_level) == (day.answer_rate, day.service_level)
    assert queue.abandon_rate == day.abandon_rate
    assert day.mean_answer_s == pytest.approx((205 * 20 + 205 * 4 + 50 * 20.5) / 460)
    waits = 205 * 20 + 205 * 4 + 50 * 20.5 + 5 * 5 + 5 * 1 + 20 * 5.5 + 20 * 60
    assert day.mean_wait_s == pytest.approx(waits / 510)


async def test_who_still_waits_is_offered_but_not_yet_counted_against_us(
    database: Database,
) -> None:
    store = await store_of(
        database,
        answered("a"),
        answered("talking")[:5],
        abandoned("waiting")[:2],
        [*abandoned("gave-up")[:2], fact("gave-up", 9, LeftQueue, why="timeout")],
        [*abandoned("died")[:2], fact("died", 9, CallEnded, by="system")],
    )
    day = await store.summary(NOON)
    assert (day.offered, day.answered, day.waiting, day.lost, day.open) == (5, 2, 2, 1, 3)
    parts = (day.answered, day.abandoned, day.short_abandoned, day.unserved, day.lost, day.waiting)
    assert sum(parts) == day.offered
    assert day.service_level == 2 / 3


async def test_queues_may_have_their_own_service_level(database: Database) -> None:
    store = await store_of(database, answered("a", wait_s=25), answered("b", wait_s=15))
    assert (await store.summary(NOON)).answered_within == 1
    own = {QueueName("sales"): 30.0}
    assert (await store.summary(NOON, service_level_of=own)).answered_within == 2
    assert (await store.summary(NOON, service_level_s=10)).answered_within == 0


async def test_a_day_without_calls_has_no_rates(database: Database) -> None:
    day = await (await store_of(database)).summary(NOON)
    assert (day.offered, day.service_level, day.abandon_rate, day.mean_wait_s) == (0, None, None, 0)


def overflowed(call: str, *, then: list[CallFact]) -> list[CallFact]:
    """Given up by sales after a minute, and sent to another queue."""
    return [
        *abandoned(call)[:2],
        fact(call, 61, LeftQueue, queue="sales", why="timeout"),
        fact(call, 65, Queued, queue="overflow", skill="sales"),
        *then,
    ]


async def test_each_queue_counts_its_own_part_of_a_call(database: Database) -> None:
    phone = {"agent": "1001", "station": "s1"}
    store = await store_of(
        database,
        answered("plain", wait_s=4),
        overflowed("taken", then=[fact("taken", 72, TalkBegan, **phone)]),
        overflowed("gone", then=[fact("gone", 67, CallEnded, by="caller")]),
    )
    sales = await figures_of(store, SALES)
    assert (sales.offered, sales.answered, sales.answered_within, sales.unserved) == (3, 1, 1, 2)
    assert (sales.abandoned, sales.short_abandoned, sales.waiting) == (0, 0, 0)
    assert sales.mean_wait_s == pytest.approx((4 + 60 + 60) / 3)
    other = await figures_of(store, OVERFLOW)
    assert (other.offered, other.answered, other.answered_within) == (2, 1, 1)
    assert (other.short_abandoned, other.mean_answer_s) == (1, 7)
    assert other.service_level == 1 / 2
    own = await figures_of(store, OVERFLOW, short_abandon_s=1.0)
    assert (own.short_abandoned, own.abandoned, own.short_abandon_s) == (0, 1, 1.0)
    # The whole day counts each call once, by all of its wait.
    day = await store.summary(NOON)
    assert (day.offered, day.answered, day.answered_within) == (3, 2, 1)
    both = await store.list(CallFilter(queue=SALES), projects=None)
    assert {row.call for row in both.rows} == {"plain", "taken", "gone"}
    found = await store.list(CallFilter(queue=OVERFLOW), projects=None)
    assert {row.queues for row in found.rows} == {("sales", "overflow")}
    assert await store.list(CallFilter(queue=QueueName("none")), projects=None) == CallPage(
        (), 0, more=False, newer=None, older=None
    )


async def test_all_queues_have_their_figures_from_one_query(database: Database) -> None:
    """Also one in which nobody stood; one that isn't asked for, as after its removal, has none."""
    store = await store_of(
        database,
        answered("quick", wait_s=4),
        answered("slow", wait_s=8),
        overflowed("gone", then=[fact("gone", 67, CallEnded, by="caller")]),
        abandoned("before", -100),
    )
    queues = [
        Queue(SALES, ProjectName("acme"), SkillName("any"), service_level_s=5),
        Queue(QueueName("new"), ProjectName("acme"), SkillName("any")),
    ]
    found = await store.queue_figures(queues, NOON)
    assert sorted(found) == ["new", "sales"]
    sales, new = found[SALES], found[QueueName("new")]
    assert (sales.offered, sales.answered, sales.answered_within, sales.unserved) == (3, 2, 1, 1)
    assert (new.offered, new.service_level, new.mean_wait_s) == (0, None, 0)
    ended = await store.queue_figures(queues, NOON - timedelta(hours=1), NOON)
    assert (ended[SALES].offered, ended[SALES].abandoned) == (1, 1)
    assert await store.queue_figures([], NOON) == {}


async def test_calls_that_try_the_centre_out_do_not_count(database: Database) -> None:
    store = await store_of(
        database, answered("a"), answered("own", line=OWN_PHONES), abandoned("b", line=OWN_PHONES)
    )
    queue = await figures_of(store, SALES)
    assert (queue.offered, queue.answered, queue.abandoned) == (1, 1, 0)
    page = await store.list(CallFilter(queue=SALES), projects=None)
    assert {row.call for row in page.rows} == {"a", "own", "b"}  # but they are found


async def test_a_late_fact_may_show_two_stays_to_be_one(database: Database) -> None:
    again = fact("c", 30, FellBack, queue="sales")
    left = fact("c", 20, LeftQueue, queue="sales", why="timeout")
    store = await store_of(database, [*abandoned("c")[:2], left, again])
    assert (await figures_of(store, SALES)).offered == 2
    talked = fact("c", 10, TalkBegan, agent="1001", station="s1")
    await store_of(database, [talked])
    day = await figures_of(store, SALES)
    assert (day.offered, day.answered, day.mean_answer_s) == (1, 1, 9)


async def test_calls_of_an_older_offhook_are_counted_anew(
    postgres: EmbeddedServer,
) -> None:
    """Its schema has no stays; its facts have all that is needed."""
    dsn = await postgres.database("older")
    pool = await make_pool(dsn)
    facts = overflowed("c", then=[fact("c", 70, CallEnded, by="caller")])
    async with connection(pool) as db:
        await migrate(db, migrations()[:1])
        await db.executemany(
            "insert into call_facts (id, call, at, kind, detail) values ($1, $2, $3, $4, $5)",
            [(f.id, f.call, f.at, f.what.kind, detail_of(f.what)) for f in facts],
        )
        await db.execute(
            "insert into calls (call, entered_at, queue, queued_at, wait_s, outcome)"
            " values ('c', $1, 'overflow', $1, 69, 'abandoned')",
            NOON,
        )
        await migrate(db)
    await refold(pool)
    store = CallStore(pool)
    assert (await figures_of(store, SALES)).unserved == 1
    assert (await figures_of(store, OVERFLOW)).short_abandoned == 1
    (row,) = (await store.list(CallFilter(queue=SALES), projects=None)).rows
    assert row.queues == ("sales", "overflow")
    await refold(pool)  # nothing is left to do
    await pool.close()
