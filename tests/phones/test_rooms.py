"""Nailed-up phones: each is called once, and customers come to it without ringing."""

import array
import asyncio
import cmath
import time
import wave
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest
import pytest_asyncio

from bench.planned_phone import PhoneLeg, SoundPlan, Tone
from bench.tones import LINEAR, sounds
from tests.faults.scene import HOTLINE, LINE, Board, kinds, story
from tests.phones.bent import Ringing, answer, refuse
from tests.phones.house import PhoneHouse
from tests.waiting import until

AGENT_HZ, CUSTOMER_HZ = 1000, 600


def loud(packet: bytes) -> bool:
    return max(abs(LINEAR[code]) for code in packet) > 100


def is_agent(packet: bytes) -> bool:
    return sounds(packet, AGENT_HZ)


def is_customer(packet: bytes) -> bool:
    return sounds(packet, CUSTOMER_HZ)


def is_music(packet: bytes) -> bool:
    return loud(packet) and not is_agent(packet)


def sides(file: Path) -> tuple[list[int], list[int]]:
    """What a recording has of the caller's side, and of the other."""
    with wave.open(str(file)) as sound:
        assert (sound.getnchannels(), sound.getframerate()) == (2, 8000)
        samples = array.array("h", sound.readframes(sound.getnframes()))
    return samples[0::2].tolist(), samples[1::2].tolist()


def clearest(samples: Sequence[int], hertz: int) -> Sequence[int]:
    """The fifth of a second in which this tone is strongest. Who talks for how long before they
    are on hold depends on how soon the desk presses the button."""
    parts = [samples[at : at + 1600] for at in range(0, len(samples) - 1600, 800)]
    return max(parts, key=lambda part: strength(part, hertz))


def strength(samples: Sequence[int], hertz: int) -> float:
    """How strong a tone is among samples."""
    turned = (n * cmath.exp(-2j * cmath.pi * hertz * i / 8000) for i, n in enumerate(samples))
    return 2 * abs(sum(turned)) / len(samples)


async def until_heard(leg: PhoneLeg, right: Callable[[bytes], bool]) -> None:
    """Until most packets of half a second are right."""

    def mostly() -> bool:
        now = time.time()
        lately = [packet for at, packet in leg.heard if at > now - 0.5]
        return len(lately) > 15 and sum(map(right, lately)) > 0.8 * len(lately)

    await until(mostly, what="the right sound", every_s=0.1)


pytestmark = [pytest.mark.live, pytest.mark.long, pytest.mark.asyncio(loop_scope="module")]


async def _until_leg(house: PhoneHouse, agent: str, leg: str) -> Board:
    return await house.until(
        lambda board: [row["leg"] for row in board["agents"] if row["code"] == agent] == [leg],
        what=f"the leg of {agent} is {leg}",
    )


async def _nail_up(house: PhoneHouse, agent: str) -> Ringing:
    """The agent is connected, and ready; the call that did it."""
    house.phone.habits[agent] = answer
    await house.command(agent, "connect")
    await _until_leg(house, agent, "up")
    await house.ready(agent)
    await house.until_agent(agent, "ready")
    return house.phone.rung_at(agent)[-1]


async def _press(house: PhoneHouse, leg: PhoneLeg, keys: str) -> None:
    """Press keys at a phone that sends them by INFO."""
    for key in keys:
        status, _ = await house.phone.request(
            leg,
            "INFO",
            body=f"Signal={key}\r\nDuration=100\r\n",
            kind="application/dtmf-relay",
        )
        assert status == 200
        await asyncio.sleep(0.2)


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def _nobody_is_left(house: PhoneHouse) -> AsyncIterator[None]:
    yield
    for leg in list(house.phone.legs.values()):
        if leg.up.is_set() and not leg.over.is_set():
            await house.phone.hang_up(leg)


async def test_two_customers_come_one_after_the_other_and_nothing_rings(house: PhoneHouse) -> None:
    call = await _nail_up(house, "1001")
    assert "answer-after=0" in call.invite
    for _ in range(2):
        caller, leg = house.call()
        await house.until_stage(caller, "talking")
        await house.until_agent("1001", "talking")
        await house.talk_on()
        await house.phone.hang_up(leg)
        stored = await house.stored(caller)
        assert kinds(stored)[:5] == ["entered", "queued", "offered", "connected", "disconnected"], (
            story(stored)
        )
        assert stored.record.ended_by == "caller", story(stored)
        await house.until_agent("1001", "ready")
    assert len(house.phone.rung_at("1001")) == 1
    assert not call.leg.over.is_set()
    await house.until_recorded([caller])


async def test_the_agent_ends_the_talk_at_the_desk_and_the_customer_goes_on(
    house: PhoneHouse,
) -> None:
    call = await _nail_up(house, "1001")
    caller, leg = house.call()
    await house.until_stage(caller, "talking")
    await house.talk_on()
    await house.at_desk("1001", "end_talk")
    async with asyncio.timeout(20):
        await leg.over.wait()  # thanks, and goodbye
    stored = await house.stored(caller)
    assert (stored.record.talk_ended_by, stored.record.ended_by) == ("agent", "flow"), story(stored)
    await house.until_agent("1001", "ready")
    assert not call.leg.over.is_set()


async def test_keys_end_the_talk_and_say_what_the_agent_wants(house: PhoneHouse) -> None:
    call = await _nail_up(house, "1001")
    caller, leg = house.call()
    await house.until_stage(caller, "talking")
    await house.talk_on()
    # Who begins to speak between two keys is heard, and the other keys are taken.
    call.leg.play(SoundPlan([Tone(0.1, 600, AGENT_HZ)]), time.time())
    await _press(house, call.leg, "*131")
    await until_heard(leg, is_agent)
    await _press(house, call.leg, "*16")
    await house.until_agent("1001", "paused")
    async with asyncio.timeout(20):
        await leg.over.wait()
    await _press(house, call.leg, "*12")
    await house.until_agent("1001", "ready")
    await _press(house, call.leg, "*10")
    await house.until_agent("1001", "logged_out")
    async with asyncio.timeout(20):
        await call.leg.over.wait()
    await house.command("1001", "log_in", station="1001")


async def test_music_while_the_desk_holds_and_the_agent_afterwards(house: PhoneHouse) -> None:
    call = await _nail_up(house, "1001")
    caller, leg = house.call()
    call.leg.play(SoundPlan([Tone(0, 600, AGENT_HZ)]), time.time())
    leg.play(SoundPlan([Tone(0, 600, CUSTOMER_HZ)]), time.time())
    await house.until_stage(caller, "talking")
    await until_heard(leg, is_agent)
    await until_heard(call.leg, is_customer)
    await house.at_desk("1001", "hold")
    await house.until_stage(caller, "held")
    await until_heard(leg, is_music)
    await until_heard(call.leg, lambda packet: not is_customer(packet))
    await house.at_desk("1001", "resume")
    await until_heard(leg, is_agent)
    await until_heard(call.leg, is_customer)
    await house.at_desk("1001", "hold")
    await until_heard(leg, is_music)
    (name,) = [c for c in await house.channels() if c.startswith(f"PJSIP/{LINE}-")]
    place = await house.watch.action("Getvar", {"Channel": name, "Variable": "CONTEXT"})
    assert place["Value"] == "session"  # where the dialplan goes on without the controller
    await house.at_desk("1001", "end_talk")
    async with asyncio.timeout(20):
        await leg.over.wait()
    stored = await house.stored(caller)
    assert kinds(stored).count("held") == 2, story(stored)
    await house.until_recorded([caller])
    stored = await house.stored(caller)
    assert stored.record.recording is not None
    customer, ours = sides(house.stack.state / "recordings" / stored.record.recording.file)
    theirs, agents = clearest(customer, CUSTOMER_HZ), clearest(ours, AGENT_HZ)
    assert strength(theirs, CUSTOMER_HZ) > 1000 > 100 > strength(theirs, AGENT_HZ)
    assert strength(agents, AGENT_HZ) > 1000 > 100 > strength(agents, CUSTOMER_HZ)


async def test_hanging_up_the_phone_ends_the_leg_and_the_agent_is_away(house: PhoneHouse) -> None:
    call = await _nail_up(house, "1001")
    await house.phone.hang_up(call.leg)
    await house.until_agent("1001", "paused", "disconnected")
    await _until_leg(house, "1001", "lost")
    again = await _nail_up(house, "1001")
    caller, leg = house.call()
    await house.until_stage(caller, "talking")
    await house.talk_on()
    await house.phone.hang_up(again.leg)
    async with asyncio.timeout(20):
        await leg.over.wait()  # served: thanks, and goodbye
    stored = await house.stored(caller)
    assert stored.record.talk_ended_by == "agent", story(stored)
    await house.until_agent("1001", "paused", "disconnected")


async def test_the_phone_can_pass_nobody_on_call_nobody_and_be_called_by_nobody(
    house: PhoneHouse,
) -> None:
    call = await _nail_up(house, "1001")
    caller, leg = house.call()
    await house.until_stage(caller, "talking")
    await house.phone.refer(call.leg, "1002")
    for number in ("1002", HOTLINE, "*12"):
        asked = await house.phone.call("1001", number)
        assert not asked.up.is_set(), number
    await house.phone.refer(call.leg, "1002", asked)
    colleague = await house.phone.call("1002", "1001")
    assert not colleague.up.is_set()
    await house.talk_on()
    assert not house.phone.rung_at("1002")
    assert len(house.phone.rung_at("1001")) == 1
    assert not leg.over.is_set() and not call.leg.over.is_set()
    await house.phone.hang_up(leg)
    stored = await house.stored(caller)
    assert kinds(stored).count("connected") == 1, story(stored)
    assert stored.record.ended_by == "caller", story(stored)


async def test_a_phone_that_is_called_in_vain_and_disconnecting(house: PhoneHouse) -> None:
    house.phone.habits["1001"] = refuse(486)
    await house.command("1001", "connect")
    await _until_leg(house, "1001", "failed")
    call = await _nail_up(house, "1001")
    await house.command("1001", "disconnect")
    async with asyncio.timeout(20):
        await call.leg.over.wait()
    await _until_leg(house, "1001", "off")
    await house.until_agent("1001", "ready")  # and rung like others
    caller, leg = house.call()
    await house.until_stage(caller, "talking")
    assert len(house.phone.rung_at("1001")) == 3
    await house.phone.hang_up(leg)
    await house.stored(caller)


async def test_the_agent_alone_hears_a_beep(house: PhoneHouse) -> None:
    call = await _nail_up(house, "1001")
    caller, leg = house.call()
    await house.until_stage(caller, "talking")
    begun = time.time()
    await until(
        lambda: any(at > begun - 2 and loud(packet) for at, packet in call.leg.heard), 15, "a beep"
    )
    await house.talk_on()
    assert not [at for at, packet in leg.heard if at > begun and loud(packet)]
    await house.phone.hang_up(leg)
    await house.stored(caller)


async def test_whom_a_colleague_passes_to_a_nailed_up_phone_waits_again(house: PhoneHouse) -> None:
    call = await _nail_up(house, "1001")
    await house.command("1001", "away", reason="break")
    house.phone.habits["1002"] = answer
    await house.ready("1002")
    caller, leg = house.call()
    await house.until_stage(caller, "talking")
    await house.talk_on()
    await house.command("1002", "away", reason="break")  # after the talk, or they'd get them back
    assert await house.phone.refer(house.phone.rung_at("1002")[-1].leg, "1001") == 202
    await house.until_stage(caller, "queue")
    await house.ready("1001")
    await house.until_agent("1001", "talking")
    await house.phone.hang_up(leg)
    stored = await house.stored(caller)
    assert stored.record.agents == ("1002", "1001"), story(stored)
    assert len(house.phone.rung_at("1001")) == 1 and not call.leg.over.is_set()
