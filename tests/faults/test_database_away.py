"""PostgreSQL is away for a minute while calls go on."""

import asyncio
import os
from time import monotonic

import pytest

from storage.embedded import EmbeddedServer
from tests.faults.conftest import SceneFactory
from tests.faults.scene import assert_right, story

pytestmark = [pytest.mark.live, pytest.mark.long]

AWAY_S = float(os.environ.get("OFFHOOK_TEST_DATABASE_AWAY_S", "60"))


async def test_nothing_is_lost_and_nothing_is_written_twice(
    scene: SceneFactory, own_server: EmbeddedServer
) -> None:
    one = await scene(agents=4, server=own_server)
    await one.phones("answer-0,speak-2,hangup")
    callers: list[str] = []
    ends: list[asyncio.Task[int]] = []

    async def call() -> None:
        callers.append(f"138{len(callers):08}")
        number = await one.customer("speak-60", callers[-1])
        ends.append(asyncio.create_task(one.far.ended(number)))

    for _ in range(4):
        await call()
    await one.until_stages(talking=4)
    await asyncio.to_thread(own_server.stop)
    gone = monotonic()
    while monotonic() - gone < AWAY_S:
        await call()
        await asyncio.sleep(1.2)
    assert await asyncio.gather(*ends) == [16] * len(callers)  # not one was disturbed
    await asyncio.to_thread(own_server.start)
    stored = await one.all_ended(callers, 30)
    for one_call in stored:
        record, text = assert_right(one_call), story(one_call)
        assert (record.outcome, record.talk_ended_by) == ("answered", "agent"), text
        (leg,) = record.legs
        assert leg.talk_s > 1.7, text
        assert record.wait_s is not None
        assert record.wait_s < 15, text
    await one.until_recorded(callers)
    await one.until(lambda b: b["store"][0]["up"] and b["store"][0]["pending"] == 0)
