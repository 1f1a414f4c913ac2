"""Agents' phones that are called once and stay: they hear, press keys, transfer, hang up."""

import pytest

from domain.identity import LineName, StationName
from farend.called_customers import TONES, key_of
from farend.compared_books import to_ear
from farend.seen_calls import SeenCall
from telephony.ami.originate import Application
from tests.farend.calling_out import CallingOut
from tests.pair import Pair
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

CARRIER = LineName("carrier")
AMY, BEN = StationName("1001"), StationName("1002")


async def nailed(pair: Pair, out: CallingOut, station: StationName) -> tuple[str, SeenCall]:
    """Put a phone in its room: the centre's channel, and the call as the phone sees it."""
    await pair.far.nail_up([station])
    call = await out.ring(station, Application("ConfBridge", f"agent-{station},,agent"))
    await out.up(call)
    await pair.far.event("FarendEar", Station=station)
    there = pair.far.at_phone(station)
    assert there is not None
    return call, there


async def test_customers_are_heard_in_the_room_one_after_the_other(pair: Pair) -> None:
    out = CallingOut(pair.pbx)
    await out.connect()
    call, there = await nailed(pair, out, AMY)
    numbers = {"+8613700000081": 600, "+8613700000082": 850}
    for number, tone in numbers.items():
        await pair.far.plan(number, "answer-0.3,ears-1,hangup", tone=tone)
        room = Application("ConfBridge", f"agent-{AMY},,customer")
        customer = await out.place(number, CARRIER, room)
        assert (await out.over(customer)).cause == 16
    heard = [each for each in pair.far.hears(there.call) if each.hz]
    assert [each.hz for each in heard] == list(numbers.values())
    for number in numbers:

        def closed(number: str = number) -> SeenCall | None:
            (seen,) = pair.far.seen.to(key_of(number))
            return seen if seen.heard else None

        seen = await until(closed, what="the customer's ears to close")
        assert seen is not None
        assert {each.hz for each in seen.heard} == {TONES[0]}  # the agent's voice
    await out.hang_up(call)
    await until(lambda: pair.far.at_phone(AMY) is None, what="the phone to be free")
    (phone,) = pair.far.seen.at(AMY)
    assert not phone.ended_by_us and phone.cause == 16
    for number in numbers:
        (seen,) = pair.far.seen.to(key_of(number))
        found = to_ear(seen, [phone])
        print(found)
        assert found is not None and found.station == AMY
    await out.watch.close()


async def test_keys_and_the_hang_up_come_from_the_phone(pair: Pair) -> None:
    out = CallingOut(pair.pbx)
    await out.connect()
    call, there = await nailed(pair, out, AMY)
    await pair.far.press(there.call, "*12")

    def pressed() -> str:
        return "".join(
            e["Digit"]
            for e in out.watch.events
            if e.get("Event") == "DTMFEnd" and e["Uniqueid"] == call
        )

    await until(lambda: pressed() == "*12", what="the keys", seen=pressed)
    assert [each.hz for each in pair.far.hears(there.call)] == []  # alone, and still there
    await pair.far.put_down(AMY)
    assert (await out.over(call)).cause == 16
    await until(lambda: pair.far.at_phone(AMY) is None, what="the phone to be free")
    assert pair.far.seen.at(AMY)[-1].ended_by_us
    await out.watch.close()


async def test_a_phone_asks_for_a_transfer(pair: Pair) -> None:
    out = CallingOut(pair.pbx)
    await out.connect()
    call, there = await nailed(pair, out, BEN)
    await pair.far.do(there.call, f"transfer-blind-{AMY},ears")
    asked = await pair.far.event("FarendTransfer", Station=BEN)
    assert asked["Status"] in ("SUCCESS", "FAILURE")
    await out.hang_up(call)
    await out.watch.close()
