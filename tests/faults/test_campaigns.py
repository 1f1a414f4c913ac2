"""A campaign while the database is away, and while the AMI connection is cut again and again."""

import asyncio
import random

import pytest

from domain.identity import CallId
from farend.called_customers import key_of
from farend.compared_books import differences
from storage.embedded import EmbeddedServer
from tests.conftest import PortBlocks
from tests.cutting_proxy import DOWN, UP, CuttingProxy
from tests.faults.conftest import SceneFactory
from tests.faults.dialled import all_over, assert_nobody_was_called_twice, customers
from tests.faults.scene import story
from tests.phones.called import SPRING, run_campaign
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.long]

FAST = SPRING.model_copy(update={"calls_per_second": 20.0, "grace_s": 8.0})


async def test_nobody_is_dialled_without_the_database_and_nobody_twice(
    scene: SceneFactory, own_server: EmbeddedServer
) -> None:
    one = await scene(agents=3, server=own_server, wrap_up_s=0)
    await one.phones("answer-0.2,speak-4,hangup")
    numbers = [f"+8613700000{n:03}" for n in range(12)]
    for number in numbers:
        await one.far.plan(number, "answer-0.5,speak-60")
    await run_campaign(one, "away", FAST, *numbers)
    await one.until_stages(talking=3)
    await asyncio.to_thread(own_server.stop)
    await one.phones("answer-0.2,speak-1,hangup")
    await one.until_quiet()
    called = sum(len(one.far.seen.to(key_of(number))) for number in numbers)
    assert 3 <= called < len(numbers), called
    await asyncio.sleep(7)  # longer than anything waits before it looks again
    assert not await one.channels(), "somebody was called without a row"
    await asyncio.to_thread(own_server.start)
    books = await all_over(one, numbers)
    assert_nobody_was_called_twice(one, numbers)
    assert not differences(books, customers(one), tolerance_s=1.0)
    outcomes = await one.pool.fetch("select distinct stage, outcome from attempts")
    assert [tuple(row) for row in outcomes] == [("ended", "spoken")]


async def test_cuts_of_the_ami_link_call_nobody_twice_and_lose_nobody(
    scene: SceneFactory, ports: PortBlocks
) -> None:
    rng = random.Random(12)
    block = ports()
    async with CuttingProxy("127.0.0.1", block.ami) as proxy:
        one = await scene(agents=4, block=block, ami_port=proxy.port, wrap_up_s=0)
        await one.phones("answer-0.2,speak-1,hangup")
        numbers = [f"+8613700000{n:03}" for n in range(20)]
        plans = ("answer-0.5,speak-60", "answer-0.5,speak-60", "ring-1,busy", "refuse-404")
        for place, number in enumerate(numbers):
            await one.far.plan(number, plans[place % len(plans)])
        await run_campaign(one, "cuts", FAST, *numbers)

        async def left() -> int:
            return len(numbers) - int(await one.pool.fetchval("select count(*) from attempts"))

        while await left() > 5:
            await until(lambda: proxy.open, 60, "the link to be up again")
            way = UP if rng.random() < 0.3 else DOWN
            proxy.cut_after(rng.randrange(1, 1_500 if way is UP else 20_000), way)
            await proxy.cut_within(1.5)
        books = await all_over(one, numbers)
        assert_nobody_was_called_twice(one, numbers)
        assert proxy.cuts > 3
        wrong = differences(books, customers(one), tolerance_s=5.0)
        told = [await one.calls.get(CallId(book.name), projects=None) for book in books]
        stories = "\n".join(story(call) for call in told if call is not None)
        assert not wrong, "\n".join([*wrong, stories])
        abandoned = await one.pool.fetchval(
            "select count(*) from attempts where outcome = 'abandoned'"
        )
        assert not abandoned, stories
