"""A caller who is held hears music, and the agent again as soon as the phone resumes."""

import asyncio
import time
from collections.abc import Callable

import pytest

from bench.planned_phone import PhoneLeg, SoundPlan, Tone
from bench.tones import LINEAR, sounds
from tests.phones.bent import answer
from tests.phones.house import PhoneHouse
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

AGENT_HZ = 1000


def _is_music(packet: bytes) -> bool:
    """Far louder than the silence that a mixing bridge sends, and not the agent's tone."""
    return max(abs(LINEAR[code]) for code in packet) > 100 and not sounds(packet, AGENT_HZ)


def _is_agent(packet: bytes) -> bool:
    return sounds(packet, AGENT_HZ)


async def _until_heard(leg: PhoneLeg, right: Callable[[bytes], bool]) -> None:
    """Until most packets of half a second are right."""

    def mostly() -> bool:
        now = time.time()
        lately = [packet for at, packet in leg.heard if at > now - 0.5]
        return len(lately) > 15 and sum(map(right, lately)) > 0.8 * len(lately)

    await until(mostly, what="the right sound", every_s=0.1)


async def test_music_while_held_and_the_agent_afterwards(house: PhoneHouse) -> None:
    caller, leg = house.call()
    house.phone.habits["1001"] = answer
    await house.ready("1001")
    await house.until_stage(caller, "talking")
    agent = house.phone.rung[-1].leg
    agent.play(SoundPlan([Tone(0, 600, AGENT_HZ)]), time.time())
    leg.play(SoundPlan(), time.time())
    await _until_heard(leg, _is_agent)
    for _ in range(2):
        await house.phone.hold(agent, True)
        await _until_heard(leg, _is_music)
        await house.phone.hold(agent, False)
        await _until_heard(leg, _is_agent)
    await house.phone.hold(agent, True)
    await _until_heard(leg, _is_music)
    await house.phone.hang_up(agent)  # and the caller goes on: thanks, and goodbye
    async with asyncio.timeout(60):
        await leg.over.wait()
