"""Transfers that go wrong: the customer comes back to the old place, or the talk goes on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bench.planned_phone import PhoneLeg
from tests.faults.scene import HOTLINE, LINE, kinds, story
from tests.phones.bent import Habit, Ringing, answer, answer_and_go, refuse, ring
from tests.phones.house import PhoneHouse
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.long, pytest.mark.asyncio(loop_scope="module")]


async def _talk(house: PhoneHouse) -> tuple[str, PhoneLeg, PhoneLeg]:
    """A customer who talks to 1001: the number, their leg, and the agent's."""
    await house.ready("1001")
    caller, leg = house.call()
    await house.until_stage(caller, "talking")
    await house.until_agent("1001", "talking")
    await house.command("1001", "away", reason="break")  # when this talk is over
    return caller, leg, house.phone.rung[-1].leg


async def _transfer_while_it_rings(house: PhoneHouse, agent: PhoneLeg) -> Ringing:
    """1001 asks 1002 and passes the customer on before 1002 has answered."""
    house.phone.habits["1002"] = ring
    asked = house.phone.dial("1001", "1002")
    async with asyncio.timeout(60):
        await asked.ringing.wait()
    assert await house.phone.refer(agent, "1002", asked) == 202
    (call,) = house.phone.rung_at("1002")
    return call


def _moved(house: PhoneHouse) -> asyncio.Future[dict[str, str]]:
    """Asterisk has begun to put the customer in another place."""
    return house.watch.watch(
        lambda e: e.get("Event") == "BridgeLeave" and e["Channel"].startswith(f"PJSIP/{LINE}-")
    )


async def _back_at_the_head(house: PhoneHouse, caller: str, leg: PhoneLeg) -> None:
    """The customer waits again, before one who came in the meantime, and is served."""
    later, other = house.call()
    await house.until_stage(later, "queue")
    board = await house.until_stage(caller, "queue", 30)
    places = {call["caller"]: call["position"] for call in board["calls"]}
    assert places == {caller: 1, later: 2}
    assert not leg.over.is_set()
    await house.phone.hang_up(other)
    house.phone.habits["1003"] = answer
    await house.ready("1003")
    await house.until_stage(caller, "talking")
    await house.phone.hang_up(leg)
    stored = await house.stored(caller)
    assert stored.record.agents[-1] == "1003", story(stored)
    assert kinds(stored).count("queued") == 1, story(stored)


@pytest.mark.parametrize("refused", [486, 302])
async def test_a_customer_passed_to_a_phone_that_rings_and_then_refuses_is_back(
    house: PhoneHouse, refused: int
) -> None:
    caller, leg, agent = await _talk(house)
    call = await _transfer_while_it_rings(house, agent)
    await house.until_agent("1001", "paused")
    assert not leg.over.is_set()
    call.refuse(refused, "sip:*10@127.0.0.1")
    await _back_at_the_head(house, caller, leg)
    assert {one.station for one in house.phone.rung} == {"1001", "1002", "1003"}


async def _gone_at_once(call: Ringing) -> None:
    call.accept()
    await call.bye()


async def _without_description(call: Ringing) -> None:
    call.accept("")


@pytest.mark.parametrize("at_once", [False, True], ids=["later", "at once"])
@pytest.mark.parametrize("habit", [_gone_at_once, _without_description])
async def test_a_customer_passed_to_a_phone_that_rings_and_answers_in_vain_is_back(
    house: PhoneHouse, habit: Habit, at_once: bool
) -> None:
    """``at_once``: it answers when Asterisk has begun to move the customer, and may not be done."""
    caller, leg, agent = await _talk(house)
    moved = _moved(house)
    call = await _transfer_while_it_rings(house, agent)
    async with asyncio.timeout(30):
        await moved
    if not at_once:
        await house.until_agent("1001", "paused")
    await habit(call)
    await house.until_agent("1001", "paused")
    await _back_at_the_head(house, caller, leg)


@asynccontextmanager
async def _slow_answers(house: PhoneHouse, before: str) -> AsyncIterator[None]:
    """A colleague's phone needs a second from its answer to the talk, ``before`` this step of
    [asked]: otherwise it is a moment that one transfer in hundreds falls into."""
    asterisk = house.stack.instance
    file = asterisk.conf / "extensions.conf"
    ours = file.read_text("utf-8")
    head, asked, steps = ours.partition("\n[asked]\nexten => s,1,")
    assert asked and before in steps
    file.write_text(
        head
        + asked
        + "NoOp()\n same => n,"
        + steps.replace(before, f"Wait(1)\n same => n,{before}", 1),
        "utf-8",
    )
    await asterisk.process.console("dialplan reload")
    try:
        yield
    finally:
        file.write_text(ours, "utf-8")
        await asterisk.process.console("dialplan reload")


@pytest.mark.parametrize("before", ["ExecIf", "Return"])
async def test_a_customer_passed_on_as_the_colleague_answers_and_is_gone_is_back(
    house: PhoneHouse, before: str
) -> None:
    """Whether the time of the answer had been noted or not."""
    caller, leg, agent = await _talk(house)
    async with _slow_answers(house, before):
        colleague = await _transfer_as_they_answer(house, agent)
        await colleague.bye()
        await _back_at_the_head(house, caller, leg)


@pytest.mark.parametrize("before", ["ExecIf", "Return"])
async def test_a_customer_passed_on_as_the_colleague_answers_talks_there(
    house: PhoneHouse, before: str
) -> None:
    caller, leg, agent = await _talk(house)
    async with _slow_answers(house, before):
        colleague = await _transfer_as_they_answer(house, agent)
        await house.until_agent("1002", "talking")
        await asyncio.sleep(1.2)  # what is to be a talk lasts for a second
        await colleague.bye()
        stored = await house.stored(caller)
    record, text = stored.record, story(stored)
    assert (record.talk_ended_by, record.ended_by, record.why) == ("agent", "flow", "done"), text
    assert leg.over.is_set()


async def _transfer_as_they_answer(house: PhoneHouse, agent: PhoneLeg) -> Ringing:
    """1002 answers, and 1001 passes the customer on before the two can talk."""
    house.phone.habits["1002"] = ring
    moved = _moved(house)
    asked = house.phone.dial("1001", "1002")
    async with asyncio.timeout(60):
        await asked.ringing.wait()
        (call,) = house.phone.rung_at("1002")
        call.accept()
        await call.leg.acked.wait()
        assert await house.phone.refer(agent, "1002", asked) == 202
        await moved
    await house.until_agent("1001", "paused")
    return call


@pytest.mark.parametrize("at_once", [False, True], ids=["later", "at once"])
async def test_a_customer_passed_to_a_phone_that_rings_and_answers_talks_there(
    house: PhoneHouse, at_once: bool
) -> None:
    """``at_once``: it answers when Asterisk has begun to move the customer, and may not be done."""
    caller, leg, agent = await _talk(house)
    moved = _moved(house)
    call = await _transfer_while_it_rings(house, agent)
    async with asyncio.timeout(30):
        await moved
    if not at_once:
        await house.until_agent("1001", "paused")
    call.accept()
    await house.until_agent("1002", "talking")
    await house.until_stage(caller, "talking")
    await asyncio.sleep(1.2)  # what is to be a talk lasts for a second
    await call.bye()
    stored = await house.stored(caller)
    record, text = stored.record, story(stored)
    assert [one.outcome for one in record.legs] == ["transferred", "talked"], text
    assert (record.talk_ended_by, record.ended_by, record.why) == ("agent", "flow", "done"), text
    assert leg.over.is_set()


async def test_a_customer_passed_to_a_colleague_who_hangs_up_in_that_moment_is_back(
    house: PhoneHouse,
) -> None:
    caller, leg, agent = await _talk(house)
    asked = await house.phone.call("1001", "1002")
    colleague = await _rung(house, "1002")
    await asyncio.sleep(1.2)  # long enough for a talk, but the customer had no part in it
    assert await house.phone.refer(agent, "1002", asked) == 202
    await house.phone.hang_up(colleague)
    await house.until_agent("1001", "paused")
    await _back_at_the_head(house, caller, leg)


async def test_a_customer_passed_to_a_colleague_who_holds_is_on_hold(house: PhoneHouse) -> None:
    caller, leg, agent = await _talk(house)
    asked = await house.phone.call("1001", "1002")
    colleague = await _rung(house, "1002")
    await house.phone.hold(colleague, True)
    assert await house.phone.refer(agent, "1002", asked) == 202
    await house.until_agent("1002", "talking")
    await house.until_stage(caller, "held")
    await house.phone.hold(colleague, False)
    await house.until_stage(caller, "talking")
    await house.phone.hang_up(leg)
    stored = await house.stored(caller)
    assert [one.hold_s > 0 for one in stored.record.legs] == [False, True], story(stored)


@pytest.mark.parametrize("code", ["*11", "*13"])
async def test_a_customer_passed_into_a_feature_code_is_back_in_the_queue(
    house: PhoneHouse, code: str
) -> None:
    caller, leg, agent = await _talk(house)
    asked = await house.phone.call("1001", code)
    assert asked.up.is_set()
    assert await house.phone.refer(agent, code, asked) == 202
    await house.until_agent("1001", "paused")
    await _back_at_the_head(house, caller, leg)


async def test_a_transfer_to_nowhere_is_refused_and_the_talk_goes_on(house: PhoneHouse) -> None:
    caller, leg, agent = await _talk(house)
    for to in ("9999", HOTLINE, "*11", "tel:1002", "sip:+8613800138000@203.0.113.9"):
        await house.phone.refer(agent, to)
    assert await house.phone.refer(leg, "1002") >= 400, "the line's side"
    assert await house.phone.refer_alone("1001", "1002") >= 400
    assert not leg.over.is_set() and not agent.over.is_set()
    await asyncio.sleep(0.5)  # nothing happens
    await house.until_agent("1001", "talking")
    await house.until_stage(caller, "talking")
    assert [call.station for call in house.phone.rung] == ["1001"]


@pytest.mark.parametrize(
    "habit",
    [refuse(302, "sip:*10@127.0.0.1"), refuse(480), refuse(486), answer_and_go()],
    ids=["forwards", "unavailable", "busy", "in vain"],
)
async def test_a_blind_transfer_to_such_a_phone_brings_the_customer_back(
    house: PhoneHouse, habit: Habit
) -> None:
    caller, leg, agent = await _talk(house)
    house.phone.habits["1004"] = habit
    assert await house.phone.refer(agent, "1004") == 202
    await house.until_agent("1001", "paused")
    await _back_at_the_head(house, caller, leg)


async def test_a_customer_passed_on_is_shown_with_the_colleague_who_rings(
    house: PhoneHouse,
) -> None:
    caller, _, agent = await _talk(house)
    house.phone.habits["1002"] = ring
    assert await house.phone.refer(agent, "1002") == 202
    board = await house.until_stage(caller, "ringing")
    assert [call["agent"] for call in board["calls"]] == ["1002"]
    (call,) = house.phone.rung_at("1002")
    call.accept()
    board = await house.until_stage(caller, "talking")
    assert [call["agent"] for call in board["calls"]] == ["1002"]


async def test_two_transfers_at_once_lead_to_one_phone(house: PhoneHouse) -> None:
    caller, leg, agent = await _talk(house)
    await asyncio.gather(house.phone.refer(agent, "1002"), house.phone.refer(agent, "1003"))
    await house.until(
        lambda board: [row["state"] for row in board["agents"][1:3]].count("talking") == 1
    )
    await house.until_stage(caller, "talking")
    assert not leg.over.is_set()


async def test_a_talk_at_a_phone_without_an_agent_is_seen_and_offered_to_nobody(
    house: PhoneHouse,
) -> None:
    caller, leg, agent = await _talk(house)
    house.phone.habits["1004"] = answer
    assert await house.phone.refer(agent, "1004") == 202
    board = await house.until(
        lambda b: any(call.get("station") == "1004" for call in b["calls"]), what="phone 1004"
    )
    (call,) = board["calls"]
    assert (call["stage"], call["agent"]) == ("talking", None)
    await house.ready("1002")
    await asyncio.sleep(0.5)
    assert house.phone.rung_at("1002") == []
    await house.phone.hang_up(leg)
    stored = await house.stored(caller)
    assert [one.station for one in stored.record.legs] == ["1001", "1004"], story(stored)


async def _rung(house: PhoneHouse, station: str) -> PhoneLeg:
    """The agent's leg, when it is up."""
    rung = await until(lambda: house.phone.rung_at(station), what=f"{station} to ring")
    leg = rung[-1].leg
    async with asyncio.timeout(60):
        await leg.acked.wait()
    return leg


async def test_a_customer_joined_to_an_older_talk_and_passed_on_is_served(
    house: PhoneHouse,
) -> None:
    older = await house.phone.call("1001", "1002")
    await house.ready("1003")
    caller, leg = house.call()
    await house.until_agent("1003", "talking")
    await house.command("1003", "away", reason="break")
    assert await house.phone.refer(await _rung(house, "1003"), "1001") == 202
    second = await _rung(house, "1001")
    await house.until_agent("1001", "talking")
    assert await house.phone.refer(second, "1002", older) == 202
    await house.until_agent("1002", "talking")
    assert await house.phone.refer(await _rung(house, "1002"), "1004") == 202
    last = await _rung(house, "1004")
    await asyncio.sleep(1.2)  # what is to be a talk lasts for a second
    await house.phone.hang_up(last)
    stored = await house.stored(caller)
    record, text = stored.record, story(stored)
    assert record.legs[-1].station == "1004", text
    assert (record.ended_by, record.why) == ("flow", "done"), text
    assert leg.over.is_set()


async def test_a_customer_whose_talk_is_to_take_its_own_place_is_back_in_the_queue(
    house: PhoneHouse,
) -> None:
    caller, leg, agent = await _talk(house)
    assert await house.phone.refer(agent, "1001", agent) == 202
    await house.until_agent("1001", "paused")
    await _back_at_the_head(house, caller, leg)


async def test_two_customers_joined_by_an_agent_are_both_back_in_the_queue(
    house: PhoneHouse,
) -> None:
    first, leg, agent = await _talk(house)
    house.phone.habits["1002"] = answer
    await house.ready("1002")
    second, other = house.call()
    await house.until_agent("1002", "talking")
    await house.command("1002", "away", reason="break")
    assert await house.phone.refer(house.phone.rung_at("1002")[-1].leg, "1001") == 202
    await house.until(
        lambda b: [c["stage"] for c in b["calls"] if c["agent"] == "1001"] == ["talking"] * 2
    )
    assert await house.phone.refer(agent, "1001", house.phone.rung_at("1001")[-1].leg) == 202
    board = await house.until(lambda b: [c["stage"] for c in b["calls"]] == ["queue"] * 2)
    assert {call["caller"]: call["position"] for call in board["calls"]} == {first: 1, second: 2}
    assert not leg.over.is_set() and not other.over.is_set()
    for one in (leg, other):
        await house.phone.hang_up(one)
    for caller in (first, second):
        stored = await house.stored(caller)
        assert kinds(stored).count("queued") == 1, story(stored)


async def test_a_customer_passed_into_a_colleagues_call_to_our_number_is_back_in_the_queue(
    house: PhoneHouse,
) -> None:
    """1002 tries a number out, is asked by 1001, and connects them with what it hears."""
    caller, leg, agent = await _talk(house)
    own = await house.phone.call("1002", HOTLINE)
    house.phone.habits["1002"] = answer
    asked = await house.phone.call("1001", "1002")
    colleague = await _rung(house, "1002")

    async def in_bridges() -> bool:
        console = house.stack.instance.process.console
        channels = (await console("core show channels concise")).splitlines()
        bridge_of = {line.split("!")[0]: line.split("!")[12] for line in channels if "!" in line}
        phones = [bridge for name, bridge in bridge_of.items() if name.startswith("PJSIP/100")]
        return len(phones) == 4 and all(len(bridge) > 10 for bridge in phones)

    await until(in_bridges, what="both calls of both phones to be connected", every_s=0.1)
    assert await house.phone.refer(own, "1001", colleague) == 202
    async with asyncio.timeout(60):
        await colleague.over.wait()
    assert await house.phone.refer(agent, "1002", asked) == 202
    board = await house.until(lambda b: len(b["calls"]) == 1, what="the call to our number to end")
    assert board["calls"][0]["caller"] == caller
    await _back_at_the_head(house, caller, leg)
