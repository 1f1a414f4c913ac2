"""Turns on a line that takes so many calls a second."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from domain.identity import CampaignName, LineName
from engine.engine import Engine
from engine.lines_out import LinesOut, Turn
from tests.waiting import until

CARRIER = LineName("carrier")
SPRING, MAY = CampaignName("spring"), CampaignName("may")
LONG_S = 60.0


def limit(engine: Engine, per_second: float | None) -> None:
    lines = tuple(replace(line, calls_per_second=per_second) for line in engine.centre.lines)
    engine.take(replace(engine.centre, lines=lines))


class Standing:
    """Lines under a clock that stands until it is set."""

    def __init__(self, engine: Engine) -> None:
        self.at = 100.0
        self.engine = engine
        self.lines = LinesOut(engine.in_force, engine.channels, lambda: self.at)
        self.went: list[str] = []
        self.tasks: list[asyncio.Task[bool]] = []

    def call(self, name: str, *, ahead: bool = False, within_s: float = LONG_S) -> None:
        self.tasks.append(asyncio.create_task(self._call(name, ahead, within_s)))

    async def _call(self, name: str, ahead: bool, within_s: float) -> bool:
        async with self.lines.turn(CARRIER, ahead=ahead, within_s=within_s) as turn:
            if turn is None:
                return False
            turn.goes_out()
            self.went.append(name)
            return True

    async def waits(self, *names: str, ahead: bool = False) -> None:
        """These wait, in this order."""
        for name in names:
            self.call(name, ahead=ahead)
            await asyncio.sleep(0)

    async def passes(self, seconds: float) -> None:
        """So much later, whoever looks finds the turns that have come meanwhile."""
        self.at += seconds
        async with self.lines.turn(CARRIER, ahead=False, within_s=0.0):
            pass
        await asyncio.sleep(0)


@pytest.fixture
async def standing(engine: Engine) -> Standing:
    limit(engine, 2.0)
    return Standing(engine)


async def test_without_a_rate_nobody_waits(standing: Standing) -> None:
    limit(standing.engine, None)
    await standing.waits(*(str(number) for number in range(500)))
    await until(lambda: len(standing.went) == 500, what="all have gone out")


async def test_calls_wait_for_their_turns_in_order(standing: Standing) -> None:
    await standing.waits("a", "b", "c", "d", "e")
    await until(lambda: standing.went == ["a", "b"], what="two have gone out")
    assert standing.lines.rate(CARRIER, SPRING).left == 0
    await standing.passes(0.9)
    assert standing.went == ["a", "b"]
    await standing.passes(0.1)
    await until(lambda: standing.went == ["a", "b", "c", "d"], what="two more have gone out")
    await standing.passes(1.0)
    await until(lambda: len(standing.went) == 5, what="the last has gone out")


async def test_those_for_whom_somebody_waits_go_first(standing: Standing) -> None:
    await standing.waits("a", "b", "c", "d")
    await standing.waits("agent", "test", ahead=True)
    await standing.passes(1.0)
    await until(lambda: standing.went == ["a", "b", "agent", "test"], what="they have gone out")
    await standing.passes(1.0)
    await until(lambda: standing.went[4:] == ["c", "d"], what="the others have, too")


async def test_each_line_has_turns_of_its_own(standing: Standing) -> None:
    await standing.waits("a", "b", "c")
    async with standing.lines.turn(LineName("other"), ahead=False) as turn:
        assert turn is not None
    assert standing.went == ["a", "b"]


async def test_a_turn_that_doesnt_come_in_time_is_no_turn(standing: Standing) -> None:
    await standing.waits("a", "b")
    standing.call("late", within_s=0.01)
    assert await asyncio.gather(*standing.tasks) == [True, True, False]
    standing.at += 1.0
    assert standing.lines.rate(CARRIER, SPRING).left == 2, "nobody waits any more"


async def test_a_call_that_doesnt_go_out_leaves_its_turn_to_the_next(standing: Standing) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(2):
            turn = await stack.enter_async_context(standing.lines.turn(CARRIER, ahead=False))
            assert isinstance(turn, Turn)
        await standing.waits("next", "but one")
        assert not standing.went
    await until(lambda: standing.went == ["next", "but one"], what="they have gone out")


async def test_who_is_cancelled_leaves_the_turn_to_the_next(standing: Standing) -> None:
    """Also if the turn has come, and they don't know it yet."""
    await standing.waits("a", "b", "gone", "unlucky", "c")
    standing.tasks[2].cancel()
    await asyncio.sleep(0)
    standing.at += 1.0
    limit(standing.engine, 1.0)
    standing.lines.rate(CARRIER, SPRING)  # hands out the only turn
    standing.tasks[3].cancel()
    await until(lambda: standing.went == ["a", "b", "c"], what="the last has gone out")
    assert standing.tasks[2].cancelled() and standing.tasks[3].cancelled()


async def test_another_rate_holds_for_those_who_wait_already(standing: Standing) -> None:
    await standing.waits("a", "b", "c", "d", "e")
    limit(standing.engine, 4.0)
    standing.lines.rate(CARRIER, SPRING)
    await until(lambda: len(standing.went) == 4, what="two more have gone out")
    limit(standing.engine, None)
    standing.lines.rate(CARRIER, SPRING)
    await until(lambda: len(standing.went) == 5, what="the last has gone out")


async def test_turns_come_by_themselves(engine: Engine) -> None:
    """With nobody who looks, and a clock that goes."""
    limit(engine, 30.0)
    loop = asyncio.get_running_loop()
    lines, went = LinesOut(engine.in_force, engine.channels, loop.time), list[float]()

    async def call() -> None:
        async with lines.turn(CARRIER, ahead=False, within_s=LONG_S) as turn:
            assert turn is not None
            turn.goes_out()
            went.append(loop.time())

    await asyncio.gather(*(call() for _ in range(50)))
    assert len(went) == 50
