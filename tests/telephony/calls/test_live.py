"""The fold against a real Asterisk with the product's own configuration."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from domain.identity import StationName
from domain.stations import StationState
from telephony.centre_calls import CallSeen
from tests.pair import Pair
from tests.telephony.calls.stage import LINE, Stage, staged
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.long, pytest.mark.asyncio(loop_scope="module")]

STAYS = "answer-0.2,stay"


@pytest_asyncio.fixture(loop_scope="module")
async def stage(pair: Pair) -> AsyncIterator[Stage]:
    """The module's Asterisk, followed from before its first call; afterwards nothing is open."""
    async with staged(pair.pbx, pair.far) as one:
        await all_idle(one)
        yield one
        assert one.calls.open_calls() == []
        await all_idle(one)


async def all_idle(stage: Stage) -> None:
    stations = [station.name for station in stage.instance.centre.stations]
    await stage.until(
        lambda: {stage.calls.station_state(name) for name in stations} == {StationState.IDLE}
    )


async def test_the_caller_hangs_up(stage: Stage) -> None:
    await stage.phone("1001", STAYS)
    caller = await stage.customer("stay")
    await stage.until_told("StationConnected 1001")
    (view,) = stage.calls.open_calls()
    assert (view.line, view.connected) == (LINE, ("1001",))
    assert stage.calls.station_state(StationName("1001")) is StationState.BUSY
    seen = stage.events[0]
    assert isinstance(seen, CallSeen)
    assert seen.caller_number == "13800138000"
    assert seen.dialled == stage.instance.centre.hotlines[0].number
    await stage.far_end.hang_up(caller)
    await stage.until_gone()
    assert stage.story == [
        "CallSeen",
        "StationRinging 1001",
        "StationConnected 1001",
        "StationDisconnected 1001 caller 16",
        "CallerGone caller 16",
    ]


async def test_the_agent_holds_resumes_and_hangs_up(stage: Stage) -> None:
    await stage.phone("1001", "answer-0.2,wait-0.3,hold-1,wait-0.3,hangup")
    await stage.customer("stay")
    await stage.until_gone()
    assert stage.story == [
        "CallSeen",
        "StationRinging 1001",
        "StationConnected 1001",
        "CallHeld 1001 agent",
        "CallResumed 1001 agent",
        "StationDisconnected 1001 agent 16",
        "CallerGone agent 16",
    ]


async def test_a_busy_phone_one_that_is_not_answered_and_one_that_is(stage: Stage) -> None:
    await stage.phone("1001", "busy")
    await stage.phone("1002", "ring")
    await stage.phone("1003", "answer-0.2,wait-0.3,hangup")
    stage.ring = ["1001", "1002", "1003"]
    await stage.customer("stay")
    await stage.until_gone()
    assert [line for line in stage.story if "1001" not in line] == [
        "CallSeen",
        "StationRinging 1002",
        "RingingEnded 1002 noanswer",
        "StationRinging 1003",
        "StationConnected 1003",
        "StationDisconnected 1003 agent 16",
        "CallerGone agent 16",
    ]


async def test_the_caller_gives_up_while_it_rings(stage: Stage) -> None:
    await stage.phone("1001", "ring")
    caller = await stage.customer("stay")
    await stage.until_told("StationRinging 1001")
    await stage.far_end.hang_up(caller)
    await stage.until_gone()
    assert stage.story == [
        "CallSeen",
        "StationRinging 1001",
        "RingingEnded 1001 cancel",
        "CallerGone caller 16",
    ]


async def test_a_blind_transfer(stage: Stage) -> None:
    await stage.phone("1002", "answer-0.2,wait-3,hangup")
    await stage.phone("1001", "answer-0.2,wait-0.3,transfer-blind-1002,stay")
    await stage.customer("stay")
    await stage.until_gone()
    # The caller is sent on at once; the phone's leg ends by itself, meanwhile.
    rings = "StationRinging 1002"
    assert stage.story.index(rings) in (4, 5)
    assert [line for line in stage.story if line != rings] == [
        "CallSeen",
        "StationRinging 1001",
        "StationConnected 1001",
        "TransferRefused 1001 1002",
        "StationDisconnected 1001 agent 16",
        "StationConnected 1002",
        "StationDisconnected 1002 agent 16",
        "CallerGone agent 16",
    ]


async def test_an_attended_transfer(stage: Stage) -> None:
    await stage.phone("1002", "answer-0.2,wait-3,hangup")
    await stage.phone("1001", "answer-0.2,wait-0.3,transfer-attended-1002,stay")
    await stage.customer("stay")
    await stage.until_gone()
    transferred = "CallTransferred 1001 1002 attended"
    assert 3 <= stage.story.index(transferred) <= 5
    assert [line for line in stage.story if line != transferred] == [
        "CallSeen",
        "StationRinging 1001",
        "StationConnected 1001",
        "StationDisconnected 1001 agent 16",
        "StationConnected 1002",
        "StationDisconnected 1002 agent 16",
        "CallerGone agent 16",
    ]


async def cut(stage: Stage) -> None:
    """Cut the link to Asterisk, and keep it from coming back."""
    stage.proxy.refuse = True
    stage.proxy.cut_now()
    await until(lambda: not stage.link.up, what="the link to be down")


async def mend(stage: Stage) -> None:
    stage.proxy.refuse = False
    await stage.link.wait_up(60)


async def test_a_cut_in_which_nothing_happens_is_no_news(stage: Stage) -> None:
    await stage.phone("1001", STAYS)
    caller = await stage.customer("stay")
    await stage.until_told("StationConnected 1001")
    before = stage.story
    await cut(stage)
    await mend(stage)
    assert stage.story == before
    await stage.far_end.hang_up(caller)
    await stage.until_gone()


async def test_what_happens_in_a_cut_is_reported_after_it(stage: Stage) -> None:
    """A caller leaves meanwhile, and another one comes and talks."""
    await stage.phone("1001", STAYS)
    await stage.phone("1002", STAYS)
    cel = stage.instance.cel

    def sides() -> int:
        """How many sides of talks there have been."""
        return cel.read_text().count('"BRIDGE_ENTER"') if cel.exists() else 0

    before = sides()
    caller = await stage.customer("stay")
    await stage.until_told("StationConnected 1001")
    await cut(stage)
    await stage.far_end.hang_up(caller)
    assert await stage.far_end.ended(caller) == 16
    stage.ring = ["1002"]
    number = stage.instance.centre.hotlines[0].number
    second = await stage.far_end.customer(number, "stay", line=LINE)
    await stage.far_end.event("FarendAnswered", Station="1002")
    await until(
        lambda: sides() >= before + 4,
        what="both talks to have both sides",
        seen=cel.read_text,
    )
    stage.events.clear()
    await mend(stage)
    assert stage.story == [
        "StationDisconnected 1001 unknown 0",
        "CallerGone unknown 0",
        "CallSeen",
        "StationConnected 1002",
    ]
    stage.events.clear()
    await stage.far_end.hang_up(second)
    await stage.until_told("CallerGone caller 16")


async def test_ten_cuts_at_any_byte_leave_nothing_wrong(stage: Stage) -> None:
    await stage.phone("1002", "answer-0,wait-0.2,hangup")
    stage.ring = ["1002"]
    number = stage.instance.centre.hotlines[0].number
    calls = []
    for cut, number_of_bytes in enumerate(range(1000, 11_000, 1000), start=1):
        stage.proxy.cut_after(number_of_bytes)
        async with asyncio.timeout(60):
            while stage.proxy.cuts < cut:
                calls.append(await stage.far_end.customer(number, "wait-0.5,hangup", line=LINE))
                await asyncio.sleep(0.3)
    for call in calls:
        await stage.far_end.ended(call)
    await stage.link.wait_up(60)

    def evened() -> bool:
        words = [line.split()[0] for line in stage.story]
        return words.count("CallSeen") == words.count("CallerGone") and words.count(
            "StationConnected"
        ) == words.count("StationDisconnected")

    await stage.until(lambda: evened() and not stage.calls.channels_in_use(LINE))
    assert stage.calls.open_calls() == []
    assert stage.calls.channels_in_use(LINE) == 0


async def test_a_local_pair_that_is_taken_out_ends_no_talk(stage: Stage) -> None:
    talk = ["CallSeen", "StationRinging 1001", "StationConnected 1001"]
    end = ["StationDisconnected 1001 caller 16", "CallerGone caller 16"]
    await stage.phone("1001", "answer-0.2,speak-60")
    stage.ring = ["Local/1001@from-station"]
    caller = await stage.customer("speak-60")
    await stage.until(lambda: stage.heard("LocalOptimizationEnd"))
    await stage.until(lambda: stage.entered_after("LocalOptimizationBegin"))
    assert stage.story == talk
    await stage.far_end.hang_up(caller)
    await stage.until_gone()
    assert stage.story == [*talk, *end]
