"""Callbacks on a real Asterisk: called at their time, with the right agent, and once."""

from datetime import UTC, datetime

import pytest

from campaigns.campaign import CampaignState
from campaigns.campaign_service import Campaigns
from domain.identity import CampaignName
from tests.faults.scene import LINE, kinds, story
from tests.phones.bent import Ringing, answer, ring
from tests.phones.called import OPS, SPRING, attempt_of, nothing_runs_on, run_campaign, zone_at_noon
from tests.phones.house import PhoneHouse
from tests.waiting import until

__all__ = ["nothing_runs_on"]  # a fixture

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]


async def picks_up(call: Ringing) -> None:
    call.ring()
    call.accept()


async def promise(house: PhoneHouse, campaign: str, number: str, agent: str | None) -> None:
    """Have a campaign call this number back now."""
    into = await house.pool.fetchval(
        "select list from campaign_lists where campaign = $1", campaign
    )
    lead = await house.pool.fetchval(
        "insert into leads (list, project, key, timezone, callback_at, callback_agent)"
        " values ($1, 'tea', $2, $3, $4, $5) returning lead",
        into, number, zone_at_noon(), datetime.now(UTC), agent,
    )  # fmt: skip
    await house.pool.execute(
        "insert into lead_numbers (lead, place, number) values ($1, 1, $2)", lead, number
    )


async def test_a_paused_campaign_calls_back_with_the_agent_who_promised(house: PhoneHouse) -> None:
    await house.phone.register(LINE)
    number = "+8613800000801"
    house.phone.habits |= {"1001": answer, "1002": answer, number: picks_up}
    await run_campaign(house, "paused", SPRING)
    await Campaigns(house.pool).move(OPS, CampaignName("paused"), CampaignState.PAUSED)
    await promise(house, "paused", number, "1002")
    await house.ready("1001", "1002")
    await house.until_stage(number, "talking")
    assert not house.phone.rung_at("1001")
    (called,) = house.phone.rung_at(number)
    await house.phone.hang_up(called.leg)
    row = await attempt_of(house, number)
    assert (row["mode"], row["stage"], row["agent"], row["campaign"]) == (
        "callback", "ended", "1002", "paused",
    )  # fmt: skip
    stored = await house.stored(number)
    assert kinds(stored) == [
        "placed", "rang", "answered", "queued", "offered", "connected", "disconnected", "ended",
    ], story(stored)  # fmt: skip
    lead = await house.pool.fetchrow("select state, callback_at from leads where key = $1", number)
    assert (lead["state"], lead["callback_at"]) == ("finished", None)


async def test_a_controller_that_dies_at_the_due_moment_calls_back_once(house: PhoneHouse) -> None:
    await house.phone.register(LINE)
    (await house.nail_up("1001")).leg  # noqa: B018 - the customer is called at once
    number = "+8613800000802"
    house.phone.habits[number] = ring
    await run_campaign(house, "killed", SPRING)
    await promise(house, "killed", number, None)
    await until(lambda: house.phone.rung_at(number), what="the customer is called")
    await house.stack.controller.kill()
    await house.stack.controller.start()
    (called,) = house.phone.rung_at(number)
    called.refuse(486)
    row = await attempt_of(house, number)
    assert (row["mode"], row["stage"], row["outcome"]) == ("callback", "not_reached", "nobody")
    lead = await house.pool.fetchrow("select * from leads where key = $1", number)
    assert lead["callback_tries"] == 1
    assert lead["callback_at"] > datetime.now(UTC), "it is tried again later"
    assert len(house.phone.rung_at(number)) == 1
