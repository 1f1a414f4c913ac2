"""An agent in a room asks a colleague, talks to both, and leaves the customer with them."""

import array
import asyncio
import time
import wave
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from bench.planned_phone import PhoneLeg, SoundPlan, Tone, header
from bench.tones import sounds
from centre.endpoint_settings import OutsideNumberSettings
from domain.floor_facts import ConsultEnded
from tests.faults.scene import LINE, Board, kinds, story
from tests.phones.bent import Ringing, answer, answer_and_go, refuse
from tests.phones.called import with_digits
from tests.phones.house import PhoneHouse
from tests.phones.test_rooms import loud, until_heard
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.long, pytest.mark.asyncio(loop_scope="module")]
SPARE = True

AGENT_HZ, CUSTOMER_HZ, COLLEAGUE_HZ = 1000, 600, 1400

Sound = Callable[[bytes], bool]


def tone(hertz: int) -> Sound:
    return lambda packet: sounds(packet, hertz)


AGENT, CUSTOMER, COLLEAGUE = tone(AGENT_HZ), tone(CUSTOMER_HZ), tone(COLLEAGUE_HZ)


def music(packet: bytes) -> bool:
    return loud(packet) and not AGENT(packet) and not COLLEAGUE(packet)


def silence(packet: bytes) -> bool:
    return not loud(packet)


def speak(leg: PhoneLeg, hertz: int) -> None:
    leg.play(SoundPlan([Tone(0, 600, hertz)]), time.time())


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def _nobody_is_left(house: PhoneHouse) -> AsyncIterator[None]:
    yield
    for leg in list(house.phone.legs.values()):
        if leg.up.is_set() and not leg.over.is_set():
            await house.phone.hang_up(leg)


async def _talk(house: PhoneHouse) -> tuple[str, PhoneLeg, Ringing]:
    """A customer who talks to 1001, in their room."""
    call = await house.nail_up("1001")
    caller, leg = house.call()
    await house.until_stage(caller, "talking")
    await house.until_agent("1001", "talking")
    speak(call.leg, AGENT_HZ)
    speak(leg, CUSTOMER_HZ)
    return caller, leg, call


async def _until_consult(house: PhoneHouse, agent: str, stage: str | None) -> Board:
    def so(board: Board) -> bool:
        (row,) = (row for row in board["agents"] if row["code"] == agent)
        return (row["consult"] or {}).get("stage") == stage

    return await house.until(so, what=f"{agent} is at {stage}")


async def _ends(house: PhoneHouse, caller: str) -> list[str]:
    """How the consultations of this call ended."""
    stored = await house.stored(caller)
    return [str(fact.what.how) for fact in stored.timeline if isinstance(fact.what, ConsultEnded)]


async def test_an_agent_asks_swaps_confers_and_leaves_the_customer_with_the_colleague(
    house: PhoneHouse,
) -> None:
    colleague = await house.nail_up("1002")
    await house.command("1002", "away", reason="break")
    caller, leg, agent = await _talk(house)
    speak(colleague.leg, COLLEAGUE_HZ)
    await house.at_desk("1001", "consult", to="agent:1002")
    board = await _until_consult(house, "1002", "private")
    (asked,) = (row["consult"] for row in board["agents"] if row["code"] == "1002")
    assert (asked["other"], asked["asks"], asked["caller"]) == ("1001", False, caller)
    await until_heard(leg, music)
    await until_heard(agent.leg, COLLEAGUE)
    await until_heard(colleague.leg, AGENT)
    await house.at_desk("1001", "hold", refused="consultation")
    await house.at_desk("1001", "swap")
    await until_heard(leg, AGENT)
    await until_heard(agent.leg, CUSTOMER)
    await until_heard(colleague.leg, silence)
    await house.at_desk("1001", "conference")
    await until_heard(colleague.leg, lambda packet: CUSTOMER(packet) or AGENT(packet))
    await until_heard(leg, lambda packet: COLLEAGUE(packet) or AGENT(packet))
    await house.until_agent("1002", "talking")
    await house.at_desk("1001", "complete")
    await until_heard(leg, COLLEAGUE)
    await until_heard(colleague.leg, CUSTOMER)
    await until_heard(agent.leg, silence)
    await house.until_agent("1001", "ready")
    board = await house.until_stage(caller, "talking")
    assert [call["agent"] for call in board["calls"]] == ["1002"]
    await house.phone.hang_up(leg)
    stored = await house.stored(caller)
    assert stored.record.agents == ("1001", "1002"), story(stored)
    first, second = stored.record.legs
    assert str(first.outcome) == "transferred" and first.hold_s > 0.5, story(stored)
    assert kinds(stored).count("connected") == 2 == kinds(stored).count("disconnected")
    assert second.talk_s > 0.5 and stored.record.ended_by == "caller", story(stored)
    assert await _ends(house, caller) == ["passed_on"]
    await house.until_agent("1002", "paused")
    assert not colleague.leg.over.is_set() and not agent.leg.over.is_set()
    await house.until_recorded([caller])


async def test_a_colleague_who_is_rung_refuses_leaves_and_at_last_takes_the_customer(
    house: PhoneHouse,
) -> None:
    caller, leg, agent = await _talk(house)
    await house.command("1001", "away", reason="break")
    house.phone.habits["1002"] = refuse(486)
    await house.at_desk("1001", "consult", to="agent:1002")
    await until_heard(leg, AGENT)
    await _until_consult(house, "1001", None)
    house.phone.habits["1002"] = answer_and_go(1.0)
    await house.at_desk("1001", "consult", to="agent:1002")
    await _until_consult(house, "1001", "private")
    await _until_consult(house, "1001", None)
    await until_heard(leg, AGENT)
    house.phone.habits["1002"] = answer
    await house.at_desk("1001", "consult", to="agent:1002")
    await _until_consult(house, "1001", "private")
    await house.phone.hang_up(agent.leg)  # leaves the customer with them
    await house.until_agent("1002", "talking")
    await house.talk_on()
    asked = house.phone.rung_at("1002")[-1].leg
    assert not leg.over.is_set() and not asked.over.is_set()
    await house.phone.hang_up(leg)
    async with asyncio.timeout(20):
        await asked.over.wait()  # a borrowed phone is let go
    stored = await house.stored(caller)
    assert stored.record.agents == ("1001", "1002"), story(stored)
    assert await _ends(house, caller) == ["not_reached", "left", "passed_on"]
    await house.until_agent("1002", "paused")
    await house.until_recorded([caller])


async def test_who_is_passed_on_unasked_is_rung_for_and_waits_again_in_vain_or_elsewhere(
    house: PhoneHouse,
) -> None:
    caller, leg, agent = await _talk(house)
    await house.command("1001", "away", reason="break")
    house.phone.habits["1002"] = refuse(486)
    await house.at_desk("1001", "pass_on", to="agent:1002")
    await house.until_agent("1001", "paused")
    await house.until_stage(caller, "queue")  # at the head again
    await house.ready("1001")
    await house.until_agent("1001", "talking")
    await house.talk_on()
    await house.command("1001", "away", reason="break")
    await house.at_desk("1001", "pass_on", to="queue:sales")
    board = await house.until_stage(caller, "queue")
    assert [call["queue"] for call in board["calls"]] == ["sales"]
    await house.ready("1001")
    await house.until_agent("1001", "talking")
    await house.command("1001", "away", reason="break")
    house.phone.habits["1002"] = answer
    await house.at_desk("1001", "pass_on", to="agent:1002")
    await house.until_agent("1002", "talking")
    await house.talk_on()
    await house.phone.hang_up(leg)
    stored = await house.stored(caller)
    assert stored.record.agents == ("1001", "1002"), story(stored)
    assert stored.record.queues == ("tea", "sales"), story(stored)
    assert not agent.leg.over.is_set()


async def test_a_killed_controller_leaves_the_customer_with_the_agent(house: PhoneHouse) -> None:
    caller, leg, agent = await _talk(house)
    await house.command("1001", "away", reason="break")
    house.phone.habits["1002"] = answer
    await house.at_desk("1001", "consult", to="agent:1002")
    await _until_consult(house, "1001", "private")
    asked = house.phone.rung_at("1002")[-1].leg
    await until_heard(leg, music)
    await house.stack.controller.kill()
    await house.stack.controller.start()
    await until_heard(leg, AGENT)
    await until_heard(agent.leg, CUSTOMER)
    async with asyncio.timeout(20):
        await asked.over.wait()  # it was borrowed by the one before
    await house.until_stage(caller, "talking")
    await house.at_desk("1001", "consult", to="agent:1002", refused="restarted")
    await house.phone.hang_up(leg)
    stored = await house.stored(caller)
    assert stored.record.agents == ("1001",), story(stored)
    assert stored.record.ended_by == "caller", story(stored)
    assert not agent.leg.over.is_set()
    await house.until_recorded([caller])


NOTARY = "+8613700000001"


async def _keep_outside_number(house: PhoneHouse, **more: object) -> None:
    """The centre's list has the notary."""
    kept = OutsideNumberSettings.model_validate(
        {"number": NOTARY, "title": "Notary", "line": LINE, "caller_id": "4008001000", **more}
    )
    await house.change(lambda _: [kept])


async def takes_keys(call: Ringing) -> None:
    """Somebody answers whose phone understands keys."""
    call.ring()
    call.accept(with_digits(call))


async def test_somebody_outside_is_asked_refuses_and_at_last_has_the_customer(
    house: PhoneHouse,
) -> None:
    await house.phone.register(LINE)
    await _keep_outside_number(house)
    caller, leg, agent = await _talk(house)
    await house.command("1001", "away", reason="break")
    await house.at_desk("1001", "consult", to="outside:+8613700000002", refused="Nobody")
    house.phone.habits[NOTARY] = refuse(486)
    await house.at_desk("1001", "consult", to=f"outside:{NOTARY}")
    await _until_consult(house, "1001", None)
    await until_heard(leg, AGENT)
    house.phone.habits[NOTARY] = takes_keys
    await house.at_desk("1001", "consult", to=f"outside:{NOTARY}")
    board = await _until_consult(house, "1001", "private")
    (asks,) = (row["consult"] for row in board["agents"] if row["code"] == "1001")
    assert (asks["other"], asks["title"], asks["asks"]) == (NOTARY, "Notary", True)
    notary = house.phone.rung_at(NOTARY)[-1]
    assert "4008001000" in header(notary.invite, "From")
    speak(notary.leg, COLLEAGUE_HZ)
    await until_heard(leg, music)
    await until_heard(agent.leg, COLLEAGUE)
    await until_heard(notary.leg, AGENT)
    await house.phone.refer(agent.leg, "1002")  # the phone's own key: refused
    keys = {"body": "Signal=5\r\nDuration=100\r\n", "kind": "application/dtmf-relay"}
    await house.phone.request(agent.leg, "INFO", **keys)
    await until(
        lambda: any(len(event) == 4 and event[0] == 5 for _, event in notary.leg.heard),
        what="the key is pressed outside (RFC 4733)",
    )
    await house.at_desk("1001", "swap")
    await until_heard(agent.leg, CUSTOMER)
    await until_heard(notary.leg, music)
    await house.at_desk("1001", "conference")
    await until_heard(leg, lambda packet: COLLEAGUE(packet) or AGENT(packet))
    await house.at_desk("1001", "complete")
    await until_heard(leg, COLLEAGUE)
    await until_heard(notary.leg, CUSTOMER)
    await until_heard(agent.leg, silence)
    await house.until_agent("1001", "paused")
    board = await house.until_stage(caller, "talking")
    assert [(call["agent"], call["station"]) for call in board["calls"]] == [(None, NOTARY)]
    await house.talk_on()
    await house.phone.hang_up(notary.leg)
    await until(leg.over.is_set, what="the flow has ended the call")
    stored = await house.stored(caller)
    assert stored.record.agents == ("1001",), story(stored)
    first, second = stored.record.legs
    assert str(first.outcome) == "transferred", story(stored)
    assert second.agent is None and second.talk_s > 0.5, story(stored)
    assert await _ends(house, caller) == ["not_reached", "passed_on"]
    await house.until_recorded([caller])


async def test_nobody_outside_is_left_alone_by_a_killed_controller(house: PhoneHouse) -> None:
    await house.phone.register(LINE)
    await _keep_outside_number(house, recorded=False)
    caller, leg, agent = await _talk(house)
    await house.command("1001", "away", reason="break")
    await house.at_desk("1001", "consult", to=f"outside:{NOTARY}")
    await _until_consult(house, "1001", "private")
    asked = house.phone.rung_at(NOTARY)[-1].leg
    await house.stack.controller.kill()
    await house.stack.controller.start()
    await until_heard(leg, AGENT)
    await until(asked.over.is_set, what="whom an earlier controller called outside is let go")
    await house.phone.hang_up(leg)
    await house.ready("1001")
    # Now the customer is there: passed on unasked, and with them when the controller dies.
    caller, leg = house.call()
    await house.until_agent("1001", "talking")
    speak(leg, CUSTOMER_HZ)
    await house.talk_on()
    await house.command("1001", "away", reason="break")
    await house.at_desk("1001", "pass_on", to=f"outside:{NOTARY}")
    await house.until_agent("1001", "paused")
    await house.until(
        lambda board: [call["station"] for call in board["calls"]] == [NOTARY],
        what="the customer is with the notary",
    )
    await house.talk_on()
    notary = house.phone.rung_at(NOTARY)[-1].leg
    await house.stack.controller.kill()
    assert not leg.over.is_set() and not notary.over.is_set()
    await house.phone.hang_up(leg)
    await until(notary.over.is_set, what="the call outside ends without a controller")
    await house.stack.controller.start()
    stored = await house.stored(caller)
    assert stored.record.ended_by == "caller", story(stored)
    first, second = stored.record.legs
    assert str(first.outcome) == "transferred" and first.agent == "1001", story(stored)
    assert second.agent is None and second.talk_s > 0.5, story(stored)
    await house.until_recorded([caller])
    recording = (await house.stored(caller)).record.recording
    assert recording is not None
    with wave.open(str(house.stack.state / "recordings" / recording.file)) as sound:
        samples = array.array("h", sound.readframes(sound.getnframes()))[0::2]
    assert max(samples[:8000]) > 1000 > 100 > max(samples[-4000:])  # from there on, silence
    assert not agent.leg.over.is_set()
