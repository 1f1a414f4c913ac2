"""kill -9 of the controller: nobody on the line may notice more than a moment of music."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from domain.floor_facts import Queued
from domain.identity import StationName
from tests.faults.conftest import SceneFactory
from tests.faults.scene import Scene, assert_right, kinds, story
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.long]


async def _hears_a_message(one: Scene, seen: set[str]) -> None:
    """Notes the callers to whom the dialplan speaks."""
    while True:
        text = await one.stack.instance.process.console("core show channels concise")
        for line in text.splitlines():
            if "one_moment" in line or "one-moment-please" in line:
                seen.add(line.split("!")[0])
        await asyncio.sleep(0.2)


async def _callers_left(one: Scene, number: int) -> None:
    """Until Asterisk has no more than so many callers."""

    async def few() -> bool:
        callers = [name for name in await one.channels() if name.startswith("PJSIP/carrier-")]
        return len(callers) <= number

    await until(few, 30, f"at most {number} callers to be left", seen=one.channels, every_s=0.1)


async def test_twenty_talk_on_and_twenty_keep_their_places(scene: SceneFactory) -> None:
    one = await scene(agents=20, spare=True)
    await one.phones("answer-0,speak-300")
    talking = [f"138000000{n:02}" for n in range(20)]
    waiting = [f"139000000{n:02}" for n in range(20)]
    for caller in talking:
        await one.customer("speak-300", caller)
    await one.until_stages(talking=20)
    for caller in waiting:
        await one.customer("speak-300", caller)
    board = await one.until_stages(talking=20, queue=20)
    places = {call["caller"]: call["position"] for call in board["calls"]}

    await one.talk_on()
    heard: set[str] = set()
    await one.stack.controller.kill()
    killed_at = datetime.now(UTC)
    listening = asyncio.create_task(_hears_a_message(one, heard))
    # Six of the talks end while nobody looks, the others after that.
    six = [StationName(str(1001 + n)) for n in range(6)]
    ended: dict[str, tuple[datetime, datetime]] = {}
    for station in six:
        before = datetime.now(UTC)
        await one.far.put_down(station)
        ended[station] = (before, datetime.now(UTC))
    await _callers_left(one, 34)  # the six callers have waited a little for their score
    await one.phones("answer-0,speak-2,hangup", six)  # they will talk again
    restarted_at = datetime.now(UTC)
    await one.stack.controller.start()
    names = set(waiting)
    board = await one.until(
        lambda b: {c["caller"] for c in b["calls"] if c["stage"] != "flow"} >= names, 60
    )
    listening.cancel()
    assert len(heard) >= 20
    assert sum(call["caller"] in talking for call in board["calls"]) == 14
    still = {c["caller"]: c["position"] for c in board["calls"] if c["stage"] == "queue"}
    order = sorted(still, key=lambda caller: still[caller])
    assert order == sorted(order, key=lambda caller: places[caller])

    await one.phones("answer-0,speak-2,hangup")
    for n in range(6, 20):
        await one.far.put_down(StationName(str(1001 + n)))
    stored = await one.all_ended(talking + waiting, 60)
    assert len(stored) == 40
    for call in stored:
        record, text = assert_right(call), story(call)
        assert record.outcome == "answered", text
        assert record.talk_ended_by == "agent", text
        legs = [leg for leg in record.legs if leg.connected_at]
        assert len(legs) == 1, text
        (leg,) = legs
        assert str(leg.agent) == leg.station, text
        if record.caller in waiting:
            assert record.adopted, text
            assert record.wait_s is not None
            assert leg.connected_at is not None and leg.connected_at > restarted_at, text
            (queued_at,) = [fact.at for fact in call.timeline if isinstance(fact.what, Queued)]
            served_at = queued_at + timedelta(seconds=record.wait_s)
            assert abs(served_at - leg.connected_at) < timedelta(seconds=1), text
            assert kinds(call).count("queued") == 1, text
            assert kinds(call).count("controller_lost") == 1, text
        elif str(leg.agent) in six:
            assert leg.connected_at is not None and leg.connected_at < killed_at, text
            assert leg.ended_at is not None, text
            first, last = ended[str(leg.agent)]
            assert first < leg.ended_at < last + timedelta(seconds=1), text
        else:
            assert leg.ended_at is not None and leg.ended_at > restarted_at, text
    await one.until_recorded(talking + waiting)
