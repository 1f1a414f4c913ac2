"""Customers who are called for one agent: previews and calls by hand, on a real Asterisk."""

import asyncio

import pytest

from campaigns.campaign import Mode
from tests.faults.scene import LINE, kinds, story
from tests.phones.at_desk import open_desk
from tests.phones.bent import Ringing, answer, refuse
from tests.phones.called import SPRING, attempt_of, nothing_runs_on, run_campaign
from tests.phones.house import PhoneHouse
from tests.waiting import until

__all__ = ["nothing_runs_on"]  # a fixture

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

PREVIEW = SPRING.model_copy(update={"mode": Mode.PREVIEW, "by_hand": True})


async def picks_up(call: Ringing) -> None:
    call.ring()
    call.accept()


async def test_an_agent_skips_calls_in_vain_and_talks(house: PhoneHouse) -> None:
    """Three leads at one desk: the first is skipped, the second is busy, the third talks. The
    agent's phone isn't nailed up: it is called before each customer, and let go afterwards."""
    await house.phone.register(LINE)
    first, second, third = (f"+861380000070{n}" for n in range(3))
    house.phone.habits |= {"1001": answer, second: refuse(486), third: picks_up}
    await run_campaign(house, "preview", PREVIEW, first, second, third)
    async with open_desk(house, "1001") as desk:
        await house.ready("1001")
        await desk.shows(rf'id="dial-number">\{first}<')
        status, said = await desk.press("skip-lead", lead=await desk.lead(), reason="")
        assert status == 400, said
        lead = await desk.lead()
        status, said = await desk.press("skip-lead", lead=lead, reason="later", note="asleep")
        assert status == 200, said
        await desk.shows(rf'id="dial-number">\{second}<')
        assert not house.phone.rung_at(first) and not house.phone.rung_at("1001")
        lead = await desk.lead()
        pressed = [desk.press("dial-lead", lead=lead) for _ in range(2)]
        assert [status for status, _ in await asyncio.gather(*pressed)] == [200, 200]
        assert (await attempt_of(house, second))["cause"] == "busy"
        assert len(house.phone.rung_at(second)) == 1, "dialled twice by a double click"
        await desk.shows(rf'id="dial-number">\{third}<')
        (leg,) = (call.leg for call in house.phone.rung_at("1001"))
        await until(leg.over.is_set, what="the agent's phone is let go")
        status, said = await desk.press("dial-lead", lead=await desk.lead())
        assert status == 200, said
        await house.until_stage(third, "talking")
        assert len(house.phone.rung_at("1001")) == 2
        (called,) = house.phone.rung_at(third)
        await house.phone.hang_up(called.leg)
        row = await attempt_of(house, third)
        assert (row["stage"], row["outcome"], row["agent"]) == ("ended", "spoken", "1001")
        await until(house.phone.rung_at("1001")[1].leg.over.is_set, what="the phone is let go")
    stored = await house.stored(third)
    assert kinds(stored) == [
        "placed", "rang", "answered", "queued", "offered", "connected", "disconnected", "ended",
    ], story(stored)  # fmt: skip
    skipped = await house.pool.fetchrow(
        "select l.attempts, l.next_at > now() as later, c.by, c.detail from leads l"
        " join lead_changes c using (lead) where l.key = $1 and c.what = 'skipped'",
        first,
    )
    assert (skipped["attempts"], skipped["later"], skipped["by"]) == (0, True, "1001")
    assert skipped["detail"]["reason"] == "later" and skipped["detail"]["note"] == "asleep"
