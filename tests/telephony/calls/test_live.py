"""The fold against a real Asterisk with the product's own configuration."""

import asyncio

import pytest

from domain.identity import StationName
from domain.stations import StationState
from telephony.centre_calls import CallSeen
from tests.conftest import FarEndFactory, InstanceFactory
from tests.telephony.calls.stage import LINE, staged
from tests.waiting import until

pytestmark = pytest.mark.live

STAYS = "answer-0.2,stay"


async def test_calls_as_they_go(instance: InstanceFactory, far_end: FarEndFactory) -> None:
    one = await instance()
    async with staged(one, await far_end(one)) as stage:
        assert {stage.calls.station_state(s.name) for s in one.centre.stations} == {
            StationState.IDLE
        }

        # answer, and the caller hangs up
        await stage.phone("1001", STAYS)
        caller = await stage.customer("stay")
        await stage.until_told("StationConnected 1001")
        (view,) = stage.calls.open_calls()
        assert (view.line, view.connected) == (LINE, ("1001",))
        assert stage.calls.station_state(StationName("1001")) is StationState.BUSY
        seen = stage.events[0]
        assert isinstance(seen, CallSeen)
        assert seen.caller_number == "13800138000"
        assert seen.dialled == one.centre.hotlines[0].number
        await stage.far_end.hang_up(caller)
        await stage.until_gone()
        assert stage.story == [
            "CallSeen",
            "StationRinging 1001",
            "StationConnected 1001",
            "StationDisconnected 1001 caller 16",
            "CallerGone caller 16",
        ]

        # answer, and the agent hangs up after holding and resuming
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

        # busy, no answer, then one who answers
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

        # the caller gives up while it rings
        await stage.phone("1001", "ring")
        stage.ring = ["1001"]
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
        assert stage.calls.open_calls() == []
        await stage.until(
            lambda: (
                {stage.calls.station_state(s.name) for s in one.centre.stations}
                == {StationState.IDLE}
            )
        )


async def test_transfers(instance: InstanceFactory, far_end: FarEndFactory) -> None:
    one = await instance()
    async with staged(one, await far_end(one)) as stage:
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


async def test_the_connection_is_cut_in_a_call(
    instance: InstanceFactory, far_end: FarEndFactory
) -> None:
    one = await instance()
    async with staged(one, await far_end(one)) as stage:

        async def cut() -> None:
            stage.proxy.refuse = True
            stage.proxy.cut_now()
            await until(lambda: not stage.link.up, what="the link to be down")

        async def mend() -> None:
            stage.proxy.refuse = False
            await stage.link.wait_up(60)

        # nothing happens meanwhile, so nothing is reported
        await stage.phone("1001", STAYS)
        await stage.phone("1002", STAYS)
        caller = await stage.customer("stay")
        await stage.until_told("StationConnected 1001")
        before = stage.story
        await cut()
        await mend()
        assert stage.story == before

        # the caller leaves meanwhile, and another one comes and talks
        await cut()
        await stage.far_end.hang_up(caller)
        assert await stage.far_end.ended(caller) == 16
        stage.ring = ["1002"]
        number = one.centre.hotlines[0].number
        second = await stage.far_end.customer(number, "stay", line=LINE)
        await stage.far_end.event("FarendAnswered", Station="1002")
        await until(
            lambda: one.cel.read_text().count('"BRIDGE_ENTER"') >= 4,
            what="both talks to have both sides",
            seen=one.cel.read_text,
        )
        stage.events.clear()
        await mend()
        assert stage.story == [
            "StationDisconnected 1001 unknown 0",
            "CallerGone unknown 0",
            "CallSeen",
            "StationConnected 1002",
        ]
        stage.events.clear()
        await stage.far_end.hang_up(second)
        await stage.until_told("CallerGone caller 16")
        assert stage.calls.open_calls() == []

        # cut ten times at any byte while calls come and go: in the end nothing is wrong
        await stage.phone("1002", "answer-0,wait-0.2,hangup")
        stage.events.clear()
        calls = []
        for number_of_bytes in range(1000, 11_000, 1000):
            stage.proxy.cut_after(number_of_bytes)
            calls.append(await stage.far_end.customer(number, "wait-0.5,hangup", line=LINE))
            await asyncio.sleep(0.3)
        for call in calls:
            await stage.far_end.ended(call)
        await stage.link.wait_up(60)
        assert stage.proxy.cuts >= 5

        def evened() -> bool:
            words = [line.split()[0] for line in stage.story]
            return words.count("CallSeen") == words.count("CallerGone") and words.count(
                "StationConnected"
            ) == words.count("StationDisconnected")

        await stage.until(lambda: evened() and not stage.calls.channels_in_use(LINE))
        assert stage.calls.open_calls() == []
        assert stage.calls.channels_in_use(LINE) == 0


async def test_a_local_pair_that_is_taken_out_ends_no_talk(
    instance: InstanceFactory, far_end: FarEndFactory
) -> None:
    one = await instance()
    async with staged(one, await far_end(one)) as stage:
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
