"""What a phone offers in the middle of a talk may be refused; the talk goes on."""

import re

import pytest

from bench.planned_phone import PhoneLeg
from tests.phones.bent import answer
from tests.phones.house import PhoneHouse

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

NO_COMMON_CODEC = ["18 G729/8000", "96 opus/48000/2"]


def _only(house: PhoneHouse, leg: PhoneLeg, codec: str) -> str:
    sdp = house.phone.sdp(leg).replace("8 PCMA/8000", codec)
    return sdp.replace("AVP 8", f"AVP {codec.split()[0]}")


@pytest.mark.parametrize("who", ["agent", "customer"])
async def test_an_offer_without_a_common_codec_costs_no_talk(house: PhoneHouse, who: str) -> None:
    house.phone.habits["1001"] = answer
    await house.ready("1001")
    caller, customer = house.call()
    await house.until_stage(caller, "talking")
    (call,) = house.phone.rung
    leg = call.leg if who == "agent" else customer
    answers = []
    for codec in NO_COMMON_CODEC:
        status, _ = await house.phone.request(leg, "INVITE", body=_only(house, leg, codec))
        answers.append(status)
    assert answers == [488] * len(NO_COMMON_CODEC)
    status, _ = await house.phone.request(leg, "INVITE", body=_only(house, leg, "0 PCMU/8000"))
    assert status == 200
    house.phone.ack(leg)
    await house.assert_talk_went_on(caller, customer, call.leg)


async def test_a_phone_is_offered_all_that_it_may_speak(house: PhoneHouse) -> None:
    house.phone.habits["1001"] = house.phone.habits["1002"] = answer
    await house.ready("1001")
    caller, customer = house.call()  # who speaks A-law only
    await house.until_stage(caller, "talking")
    own = await house.phone.call("1003", "1002")
    assert await house.phone.refer(house.phone.rung_at("1001")[0].leg, "1003") == 202
    await house.until_agent("1003", "talking")
    offers = {
        call.station: found[1].split()
        for call in house.phone.rung
        if (found := re.search(r"^m=audio \d+ RTP/AVP (.*?)\r$", call.invite, re.M))
    }
    assert offers == {name: ["8", "0", "9", "101"] for name in ("1001", "1002", "1003")}
    await house.phone.hang_up(own)
    await house.phone.hang_up(customer)
