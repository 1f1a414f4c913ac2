"""The civil clock is set back an hour while a campaign runs: nobody is called too early or twice,
and nobody is forgotten."""

from datetime import timedelta

import pytest

from campaigns.do_not_call import DoNotCall
from campaigns.unsettled import close_never_placed, free_leases
from dialer.lead_rules import CallingRule
from tests.campaigns.attempt_facts import missed, spoken
from tests.campaigns.campaigns_scene import OPS, SETTINGS, TEA, US, CampaignScene, after

pytestmark = pytest.mark.live

BACK = after(minutes=-60)
"""What the clock shows in the moment after noon."""


async def test_the_gap_and_the_caps_count_from_the_later_time(scene: CampaignScene) -> None:
    into = await scene.new_list()
    (lead,) = await scene.leads(into, 1)
    await scene.start(lists=[into])
    (claimed,) = await scene.claim()
    await scene.happened(*missed(await scene.reserve(claimed)))
    assert not await scene.claim(now=BACK)
    assert not await scene.claim(now=after(minutes=119)), "2 h between two attempts"
    # Settings that make a lead due at once don't get around it either.
    await scene.database.pool.execute("update leads set next_at = '-infinity'")
    assert not await scene.claim(now=BACK)
    assert await scene.column(lead, "held_by") == CallingRule.GAP
    (again,) = await scene.claim(now=after(hours=2))
    assert again.lead.lead == lead


async def test_an_attempt_after_the_clock_was_set_back_is_the_last_one(
    scene: CampaignScene,
) -> None:
    into = await scene.new_list()
    (lead,) = await scene.leads(into, 1)
    await scene.start(lists=[into])
    (claimed,) = await scene.claim()
    await scene.happened(*missed(await scene.reserve(claimed)))
    # The customer had asked for a call at this time, which comes a second time.
    await scene.database.pool.execute(
        "update leads set callback_at = $2, next_at = $2 where lead = $1", lead, BACK
    )
    (promised,) = await scene.callbacks(now=BACK)
    await scene.happened(*spoken(await scene.reserve(promised, now=BACK), -3599))
    assert await scene.column(lead, "state") == "finished"
    assert await scene.column(lead, "last_outcome") == "spoken"
    assert not await scene.claim(now=after(days=3))


async def test_who_asked_for_no_more_calls_is_not_called_in_the_second_hour(
    scene: CampaignScene,
) -> None:
    into = await scene.new_list()
    number = "+8613800000009"
    await DoNotCall(scene.database.pool, clock=lambda: after()).add(OPS, TEA, [number])
    later = "+8613800000010"
    await DoNotCall(scene.database.pool, clock=lambda: after()).add(
        OPS, TEA, [later], since=after(days=1)
    )
    lead, other = await scene.lead(into, number), await scene.lead(into, later)
    await scene.start(settings=SETTINGS.model_copy(update={"gap_s": 60}), lists=[into])
    claimed = await scene.claim(now=BACK)
    assert [one.lead.lead for one in claimed] == [other], "held from a later day on only"
    assert await scene.column(lead, "state") == "do_not_call"


async def test_a_killed_controllers_leads_do_not_wait_for_the_hour(scene: CampaignScene) -> None:
    into = await scene.new_list()
    await scene.leads(into, 3)
    await scene.start(lists=[into])
    first, second, third = await scene.claim(by="killed")
    unsent = await scene.reserve(first, by="killed")
    # It is killed between the row and the call, and the clock is set back.
    now = BACK + timedelta(seconds=5)
    assert not await scene.claim(now=now)
    assert await free_leases(scene.database.pool, US) == 2
    assert await close_never_placed(scene.database.pool, BACK, now) == 1
    row = await scene.attempts.get(unsent)
    assert row is not None and row.ended_at == now
    claimed = await scene.claim(now=now)
    assert {one.lead.lead for one in claimed} == {
        first.lead.lead, second.lead.lead, third.lead.lead,
    }  # fmt: skip
    assert await free_leases(scene.database.pool, US) == 0, "our own are ours"
