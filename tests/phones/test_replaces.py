"""An INVITE that would take a place in somebody's talk (Replaces) is refused; the talk goes on."""

import pytest

from bench.planned_phone import PhoneLeg
from tests.faults.scene import HOTLINE, LINE
from tests.phones.bent import answer
from tests.phones.house import PhoneHouse

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]


async def _take_place(house: PhoneHouse, who: str, number: str, other: PhoneLeg) -> int:
    """``who`` calls and asks for the place of ``other``; the answer's status."""
    leg = house.phone.outgoing(who, number)
    house.phone.accounts[leg.call_id] = who
    place = (
        f"Replaces: {other.call_id};to-tag={other.remote_tag};from-tag={other.local_tag}\r\n"
        "Require: replaces\r\n"
    )
    status, _ = await house.phone.request(leg, "INVITE", body=house.phone.sdp(leg), extra=place)
    leg.over.set()
    return status


@pytest.mark.parametrize("whose", ["customer", "agent"])
@pytest.mark.parametrize(("who", "number"), [(LINE, HOTLINE), ("1003", "1001")])
async def test_nobody_takes_a_place_in_a_talk(
    house: PhoneHouse, who: str, number: str, whose: str
) -> None:
    house.phone.habits["1001"] = answer
    await house.ready("1001")
    caller, customer = house.call()
    await house.until_stage(caller, "talking")
    (call,) = house.phone.rung
    other = customer if whose == "customer" else call.leg
    assert await _take_place(house, who, number, other) == 401
    await house.assert_talk_went_on(caller, customer, call.leg)
