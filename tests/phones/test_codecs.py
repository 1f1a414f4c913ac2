"""What a phone offers in the middle of a talk may be refused; the talk goes on."""

import asyncio
import re

import pytest

from bench.planned_phone import PhoneLeg
from tests.faults.scene import kinds, story
from tests.phones.bent import answer
from tests.phones.house import PhoneHouse, at_stage

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

NO_COMMON_CODEC = ["18 G729/8000", "96 opus/48000/2"]

CHANGES = 200
"""Of the codec in one talk. About six in 1,000 meet the fault below (measured, 22.10.1)."""

CANT_SEND = "Don't know how to send format"
"""Asterisk before 22.11 logs this and silently gives up a channel, if it has a packet for it while
it changes the channel's codec (https://github.com/asterisk/asterisk/issues/2059)."""


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
    # Together with the codec in use: see the next test.
    both = house.phone.sdp(leg).replace("AVP 8", "AVP 0 8")
    status, _ = await house.phone.request(leg, "INVITE", body=both)
    assert status == 200
    house.phone.ack(leg)
    await house.assert_talk_went_on(caller, customer, call.leg)


@pytest.mark.parametrize("who", ["agent", "customer"])
async def test_a_change_to_another_codec_costs_a_talk_by_a_known_fault_only(
    house: PhoneHouse, who: str
) -> None:
    """Where two codecs are allowed, nothing keeps Asterisk from it before 22.11. Whether a change
    meets the fault is chance, and then what is recorded must be true."""
    log = house.stack.instance.log / "messages"
    before = log.read_text().count(CANT_SEND)

    def met() -> bool:
        return log.read_text().count(CANT_SEND) > before

    house.phone.habits["1001"] = answer
    await house.ready("1001")
    caller, customer = house.call()
    await house.until_stage(caller, "talking")
    (call,) = house.phone.rung
    leg = call.leg if who == "agent" else customer

    answers = []

    async def change() -> None:
        for codec in ["0 PCMU/8000", "8 PCMA/8000"] * (CHANGES // 2):
            status, _ = await house.phone.request(leg, "INVITE", body=_only(house, leg, codec))
            answers.append(status)
            if status != 200:
                return
            house.phone.ack(leg)
        await house.phone.hold(call.leg, True)

    ends = [asyncio.ensure_future(each) for each in (change(), leg.over.wait())]
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    for each in ends:
        each.cancel()  # a request of a call that is over isn't answered
    await house.until(
        lambda board: met() or at_stage(board, caller, "held"),
        what=f"a held caller, or Asterisk's fault, after {answers}",
    )
    if not met():
        assert answers == [200] * CHANGES
        await house.assert_talk_went_on(caller, customer, call.leg)
        return
    if who == "agent":
        await house.phone.hang_up(customer)  # who waits for another agent, or is being thanked
    stored = await house.stored(caller)
    assert kinds(stored).count("connected") == 1, story(stored)
    honest = ["system"] if who == "customer" else ["caller", "flow"]
    assert stored.record.ended_by in honest, story(stored)


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
