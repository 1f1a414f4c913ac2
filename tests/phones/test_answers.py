"""Phones that answer as they should not: the caller keeps the place, the agent is away."""

import asyncio
import time

import pytest

from bench.planned_phone import PhoneLeg
from tests.faults.scene import HOTLINE, kinds, story
from tests.phones.bent import (
    Habit,
    Ringing,
    answer,
    answer_and_go,
    answer_with,
    refuse,
    ring,
)
from tests.phones.house import PhoneHouse
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.long, pytest.mark.asyncio(loop_scope="module")]
SPARE = True

_SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
NO_PORT = f"{_SDP}m=audio 0 RTP/AVP 8\r\n"
NO_COMMON_CODEC = f"{_SDP}m=audio 9000 RTP/AVP 96\r\na=rtpmap:96 opus/48000/2\r\n"


async def twice_and_go(call: Ringing) -> None:
    """Answers, says so again as if nobody had acknowledged it, and is gone."""
    call.accept()
    call.accept()
    await call.bye()


async def another_fork(call: Ringing) -> None:
    """Rings as one device and answers as another."""
    call.ring(183, tag="one")
    call.accept(tag="other")


async def rings_and_forwards(call: Ringing) -> None:
    """Nobody answers it, and it forwards the call at last."""
    call.ring()
    await asyncio.sleep(0.3)
    call.refuse(302, "sip:*10@127.0.0.1")


async def says_so_and_forwards(call: Ringing) -> None:
    """Says beforehand that it will."""
    call.ring(183)
    call.ring(181)
    await asyncio.sleep(0.1)
    call.refuse(302, "sip:1002@127.0.0.1")


FORWARDS: dict[str, Habit] = {
    "to a colleague": refuse(302, "sip:1002@127.0.0.1"),
    "to the code that logs out": refuse(302, "sip:*10@127.0.0.1"),
    "to the code that logs in": refuse(301, "sip:*11@127.0.0.1"),
    "to a mobile number": refuse(302, "tel:+8613800138000"),
    "elsewhere": refuse(302, "sip:1002@203.0.113.9"),
    "to one of several": refuse(300, "sip:1002@127.0.0.1", "sip:1003@127.0.0.1"),
    "by a proxy": refuse(305, "sip:1002@127.0.0.1"),
    "to another service": refuse(380, "sip:1002@127.0.0.1"),
    "nowhere": refuse(302),
    "after ringing": rings_and_forwards,
    "with warning": says_so_and_forwards,
}
IN_VAIN: dict[str, Habit] = {
    "gone at once": answer_and_go(),
    "gone at once, unannounced": answer_and_go(ring_first=False),
    "gone after 0.2 s": answer_and_go(0.2),
    "answers twice and goes": twice_and_go,
    "no session description": answer_with(""),
    "port 0": answer_with(NO_PORT),
    "no codec in common": answer_with(NO_COMMON_CODEC),
}


async def _fails_with_all(house: PhoneHouse, habits: dict[str, Habit], reason: str) -> None:
    """One caller is offered to one phone again and again; at last the phone is sound."""
    caller, leg = house.call()
    await house.until_stage(caller, "queue")
    for what, habit in habits.items():
        house.phone.habits["1001"] = habit
        await house.ready("1001")
        await house.until_agent("1001", "paused", reason)
        board = await house.until_stage(caller, "queue")
        (call,) = board["calls"]
        assert call["position"] == 1, what
        assert not leg.over.is_set(), what
    assert [call.station for call in house.phone.rung] == ["1001"] * len(habits), "once each"
    later, other = house.call()  # who came later stands behind
    await house.until_stage(later, "queue")
    house.phone.habits["1001"] = answer
    await house.ready("1001")
    await house.until_stage(caller, "talking")
    await house.phone.hang_up(other)
    await asyncio.sleep(1.2)  # what is to be a talk lasts for a second
    await house.phone.hang_up(house.phone.rung[-1].leg)
    stored = await house.stored(caller)
    record, text = stored.record, story(stored)
    assert [leg.outcome for leg in record.legs] == [*[reason] * len(habits), "talked"], text
    assert (record.outcome, record.talk_ended_by) == ("answered", "agent"), text
    assert record.agents == ("1001",), text
    await house.until_recorded([caller])


async def test_a_phone_that_forwards_its_calls_sends_the_caller_nowhere(house: PhoneHouse) -> None:
    await _fails_with_all(house, FORWARDS, "forwarded")


async def test_a_phone_that_answers_in_vain_has_not_served_the_caller(house: PhoneHouse) -> None:
    await _fails_with_all(house, IN_VAIN, "dropped")


async def test_a_phone_that_asks_for_a_password_is_unreachable(house: PhoneHouse) -> None:
    habits = {"to itself": refuse(401), "to its proxy": refuse(407)}
    await _fails_with_all(house, habits, "unreachable")


async def test_a_caller_who_was_only_answered_in_vain_has_abandoned(house: PhoneHouse) -> None:
    house.phone.habits["1001"] = answer_and_go()
    await house.ready("1001")
    caller, leg = house.call()
    await house.until_agent("1001", "paused", "dropped")
    await house.until_stage(caller, "queue")
    await house.phone.hang_up(leg)
    stored = await house.stored(caller)
    assert (stored.record.outcome, stored.record.ended_by) == ("abandoned", "caller"), story(stored)
    spool = house.stack.instance.spool / "monitor"
    await until(
        lambda: not list(spool.glob("*.raw")),
        30,
        "all raw recordings to be taken",
        seen=lambda: list(spool.iterdir()),
    )
    stored = await house.stored(caller)
    assert "recording_lost" not in kinds(stored), story(stored)
    assert "a call has no recording" not in (house.stack.state / "controller.log").read_text()


async def test_a_phone_that_rings_as_one_and_answers_as_another_talks(house: PhoneHouse) -> None:
    house.phone.habits["1001"] = another_fork
    await house.ready("1001")
    caller, _ = house.call()
    await house.until_agent("1001", "talking")
    await house.until_stage(caller, "talking")


async def test_an_answer_that_crosses_the_callers_hang_up_binds_nobody(house: PhoneHouse) -> None:
    house.phone.habits["1001"] = ring
    await house.ready("1001")
    caller, leg = house.call()
    await house.until_stage(caller, "ringing")
    await until(lambda: house.phone.rung, what="a phone to ring")
    gone = asyncio.ensure_future(house.phone.hang_up(leg))
    await asyncio.sleep(0)
    house.phone.rung[0].accept()
    await gone
    stored = await house.stored(caller)
    assert stored.record.ended_by == "caller", story(stored)
    await house.until(lambda board: not board["calls"])
    await house.until_agent("1001", "ready")
    await house.until_quiet()


async def _to_asterisks_queue(house: PhoneHouse, habit: Habit) -> tuple[str, PhoneLeg]:
    """A caller whom Asterisk's own queue takes; all phones have this habit."""
    for station in house.stack.centre.stations:
        house.phone.habits[station.name] = habit
    caller, leg = house.call()
    await house.until_stage(caller, "queue")
    channel = next(name for name in await house.channels() if name.startswith("PJSIP/carrier"))
    place = {"Channel": channel, "Context": "fallback", "Exten": HOTLINE, "Priority": "1"}
    await house.watch.action("Redirect", place)
    return caller, leg


async def test_asterisks_own_queue_passes_over_a_phone_that_forwards(house: PhoneHouse) -> None:
    caller, leg = await _to_asterisks_queue(house, refuse(302, "sip:*10@127.0.0.1"))
    stations = {station.name for station in house.stack.centre.stations}
    await until(
        lambda: {call.station for call in house.phone.rung} >= stations,
        30,
        "every phone to ring",
        seen=lambda: [call.station for call in house.phone.rung],
    )
    house.phone.habits["1002"] = answer
    await house.until_stage(caller, "talking", 60)
    assert not leg.over.is_set()


async def test_asterisks_own_queue_keeps_a_caller_who_was_answered_in_vain(
    house: PhoneHouse,
) -> None:
    caller, leg = await _to_asterisks_queue(house, answer_and_go(0.1))
    await until(lambda: house.phone.rung, 30, "a phone to ring")
    await house.phone.rung[0].until_over()
    await house.until_stage(caller, "queue")  # the controller is there, and has them back
    assert not leg.over.is_set()


async def _set_the_clock_back(house: PhoneHouse) -> None:
    """In effect: by an hour, since the phone answered. This machine's clock is not ours to set."""
    name = next(name for name in await house.channels() if name.startswith("PJSIP/carrier"))
    later = str(time.time_ns() // 1_000_000 + 3_600_000)
    variable = {"Variable": "SHARED(OFFHOOK_ANSWERED_AT)", "Value": later}
    await house.watch.action("Setvar", {"Channel": name, **variable})


async def test_a_clock_set_back_makes_no_short_talk_of_a_long_one(house: PhoneHouse) -> None:
    await house.ready("1001")
    caller, _ = house.call()
    await house.until_stage(caller, "talking")
    await _set_the_clock_back(house)
    await house.phone.hang_up(house.phone.rung[-1].leg)
    stored = await house.stored(caller)
    assert [leg.outcome for leg in stored.record.legs] == ["talked"], story(stored)
    assert stored.record.outcome == "answered", story(stored)


async def test_a_clock_set_back_in_asterisks_own_queue_keeps_nobody(house: PhoneHouse) -> None:
    caller, leg = await _to_asterisks_queue(house, answer)
    await house.until_stage(caller, "talking")
    await _set_the_clock_back(house)
    await house.phone.hang_up(house.phone.rung[-1].leg)
    async with asyncio.timeout(60):
        await leg.over.wait()
    assert len(house.phone.rung) == 1, "nobody else was rung"
