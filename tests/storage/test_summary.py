"""The figures, checked with the trade's worked example (the centre's requirements)."""

import pytest

from domain.facts import CallFactKind
from domain.identity import QueueName
from storage.database import Database
from tests.storage.days import NOON, abandoned, answered, entered, fact
from tests.storage.test_calls import store_of


async def test_the_worked_example(database: Database) -> None:
    """510 offered; 460 answered, 410 in 20 s; 10 short abandons; 40 real ones."""
    store = await store_of(
        database,
        *(answered(f"quick-{n}", wait_s=20 if n % 2 else 4) for n in range(410)),
        *(answered(f"slow-{n}", wait_s=20.5) for n in range(50)),
        *(abandoned(f"short-{n}", wait_s=5 if n % 2 else 1) for n in range(10)),
        *(abandoned(f"real-{n}", wait_s=5.5 if n % 2 else 60) for n in range(40)),
        # These never entered a queue, so they are not offered.
        *([entered(f"menu-{n}"), fact(f"menu-{n}", 9, CallFactKind.ENDED)] for n in range(7)),
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
        [*abandoned("gave-up")[:2], fact("gave-up", 9, CallFactKind.LEFT_QUEUE, why="timeout")],
        [*abandoned("died")[:2], fact("died", 9, CallFactKind.ENDED, by="system")],
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
