"""What the tests of faults compare: the books of a campaign, and the customers whom it called."""

from collections.abc import Collection, Iterable

from farend.called_customers import key_of
from farend.compared_books import BookedCall
from farend.seen_calls import SeenCall
from tests.faults.scene import Scene
from tests.waiting import until

_BOOKS = "select * from attempts where applied is distinct from 'never_placed' order by reserved_at"
"""Without those that were reserved while the link went down, and withdrawn."""


async def all_over(one: Scene, numbers: Collection[str], seconds: float = 180) -> list[BookedCall]:
    """The books, once each of these leads has had its attempt and none is open."""

    async def done() -> bool:
        rows = await one.pool.fetch(_BOOKS)
        settled = all(row["ended_at"] or row["stage"] == "unknown" for row in rows)
        return settled and len({row["number"] for row in rows}) == len(numbers)

    async def seen() -> object:
        rows = await one.pool.fetch(
            "select stage, outcome, count(*) from attempts group by 1, 2 order by 1, 2"
        )
        return [tuple(row) for row in rows], (await one.console.board())["agents"]

    await until(done, seconds, "every lead was dialled", seen=seen, every_s=0.5)
    return await books_of(one)


async def books_of(one: Scene) -> list[BookedCall]:
    """The books as they are."""
    rows = await one.pool.fetch(_BOOKS)
    return [
        BookedCall(
            row["attempt"],
            row["number"],
            row["reserved_at"].timestamp(),
            row["answered_at"] and row["answered_at"].timestamp(),
            row["ended_at"] and row["ended_at"].timestamp(),
            reaches_far_end=row["stage"] != "unknown",
        )
        for row in rows
    ]


def customers(one: Scene) -> list[SeenCall]:
    """The calls to customers, as the far end saw them."""
    return [call for call in one.far.seen.calls.values() if call.number]


def assert_nobody_was_called_twice(one: Scene, numbers: Iterable[str]) -> None:
    twice = [number for number in numbers if len(one.far.seen.to(key_of(number))) > 1]
    assert not twice, twice


def ringing(one: Scene) -> list[SeenCall]:
    """The customers who are being called and have not answered."""
    return [call for call in customers(one) if call.answered_at is None and call.over_at is None]
