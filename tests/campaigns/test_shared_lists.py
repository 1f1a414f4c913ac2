"""Several campaigns that have the same list: what holds a lead for one is no concern of another."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta

import pytest

from campaigns.campaign import CallingHours, CampaignSettings
from campaigns.funnel import CampaignFunnel
from domain.identity import CampaignName
from tests.campaigns.attempt_facts import missed
from tests.campaigns.campaigns_scene import NOON, OPS, SETTINGS, TEA, ZONE, CampaignScene, after

pytestmark = pytest.mark.live

ALL_DAYS = tuple(range(7))
MORNING, DAY, WINTER = "morning", "day", "winter"
NUMBER = "+8613800000001"


def hours(start: int, end: int) -> CampaignSettings:
    """Customers are called between these hours."""
    own = CallingHours(days=ALL_DAYS, start=time(start), end=time(end))
    return SETTINGS.model_copy(update={"hours": (own,)})


async def shared(scene: CampaignScene, count: int = 1) -> tuple[int, list[int]]:
    """At noon, by a list of two campaigns: one calls until eleven, the other all day."""
    into = await scene.new_list()
    leads = await scene.leads(into, count)
    await scene.start(MORNING, hours(9, 11), lists=[into])
    await scene.start(DAY, SETTINGS, lists=[into])
    return into, leads


async def claimed(
    scene: CampaignScene, campaign: str, now: datetime = NOON, most: int = 10
) -> Sequence[int]:
    found = await scene.claim(most, campaign=campaign, now=now)
    return [one.lead.lead for one in found]


async def until_when(scene: CampaignScene, lead: int) -> tuple[str | None, str | None, datetime]:
    row = await scene.database.pool.fetchrow(
        "select held_by, held_for, next_at from leads where lead = $1", lead
    )
    return row["held_by"], row["held_for"], row["next_at"]


async def test_the_narrower_hours_of_one_campaign_do_not_hold_a_lead_back_for_another(
    scene: CampaignScene,
) -> None:
    _, leads = await shared(scene, 3)
    assert await claimed(scene, MORNING) == []
    assert await until_when(scene, leads[0]) == ("hours", MORNING, after(hours=21))
    assert await claimed(scene, DAY, most=2) == leads[:2]
    assert await claimed(scene, DAY, now=after(seconds=1)) == leads[2:]
    assert await claimed(scene, MORNING, now=after(seconds=2)) == []


async def test_the_longer_gap_of_one_campaign_does_not_hold_a_lead_back_for_another(
    scene: CampaignScene,
) -> None:
    into = await scene.new_list()
    lead = await scene.lead(into, NUMBER)
    patient = SETTINGS.model_copy(update={"gap_s": 86_400.0})
    await scene.start(DAY, patient, lists=[into])
    await scene.start(WINTER, SETTINGS, lists=[into])
    (first,) = await scene.claim(campaign=DAY)
    attempt = await scene.reserve(first, campaign=DAY)
    await scene.happened(*missed(attempt))
    assert (await until_when(scene, lead))[:2] == ("gap", DAY)
    assert await claimed(scene, WINTER, now=after(hours=1)) == [], "its own gap is two hours"
    assert await until_when(scene, lead) == ("gap", f"{DAY},{WINTER}", after(hours=2))
    assert await claimed(scene, DAY, now=after(hours=3)) == []
    assert await claimed(scene, WINTER, now=after(hours=3)) == [lead]


async def test_who_is_held_for_all_is_looked_at_when_the_first_may_dial(
    scene: CampaignScene,
) -> None:
    into = await scene.new_list()
    (lead,) = await scene.leads(into, 1)
    await scene.start(MORNING, hours(9, 11), lists=[into])
    await scene.start(WINTER, hours(15, 17), lists=[into])
    assert await claimed(scene, MORNING) == await claimed(scene, WINTER) == []
    assert await until_when(scene, lead) == ("hours", f"{MORNING},{WINTER}", after(hours=3))
    assert await claimed(scene, MORNING, now=after(hours=1)) == []
    assert await until_when(scene, lead) == ("hours", f"{MORNING},{WINTER}", after(hours=3))
    assert await claimed(scene, MORNING, now=after(hours=3)) == []
    assert await claimed(scene, WINTER, now=after(hours=3)) == [lead]


async def test_of_three_campaigns_the_one_that_may_dials(scene: CampaignScene) -> None:
    into, leads = await shared(scene, 2)
    await scene.start(WINTER, hours(15, 17), lists=[into])
    assert await claimed(scene, MORNING) == await claimed(scene, WINTER) == []
    assert (await until_when(scene, leads[0]))[1] == f"{MORNING},{WINTER}"
    assert await claimed(scene, DAY) == leads


async def test_who_is_claimed_and_given_back_is_due_for_all(scene: CampaignScene) -> None:
    _, (lead,) = await shared(scene)
    assert await claimed(scene, MORNING) == []
    assert await claimed(scene, DAY) == [lead]
    await scene.claims.release([lead], by="controller-1")
    assert (await until_when(scene, lead))[:2] == (None, None)
    assert await claimed(scene, MORNING, now=after(seconds=1)) == []
    assert await claimed(scene, DAY, now=after(seconds=1)) == [lead]


async def test_what_a_campaign_that_is_gone_held_is_free_for_the_others(
    scene: CampaignScene,
) -> None:
    _, (lead,) = await shared(scene)
    assert await claimed(scene, MORNING) == []
    gone = await scene.campaigns.get(OPS, MORNING)
    await scene.campaigns.change(OPS, MORNING, gone.change, lists=[])
    assert await claimed(scene, DAY) == [lead]


async def test_a_list_of_one_campaign_keeps_what_holds_its_leads_for_all(
    scene: CampaignScene,
) -> None:
    into = await scene.new_list()
    (lead,) = await scene.leads(into, 1)
    await scene.start(MORNING, hours(9, 11), lists=[into])
    assert await claimed(scene, MORNING) == []
    assert await until_when(scene, lead) == ("hours", None, after(hours=21))
    await scene.start(DAY, SETTINGS, lists=[into])
    assert await claimed(scene, DAY) == [lead], "another campaign's list has them judged anew"


async def test_each_campaigns_funnel_says_what_holds_the_lead_for_it(scene: CampaignScene) -> None:
    await shared(scene, 2)
    assert await claimed(scene, MORNING) == []
    funnel = CampaignFunnel(scene.database.pool, lambda: ZONE)
    own = await funnel.funnel(OPS, CampaignName(MORNING), NOON)
    others = await funnel.funnel(OPS, CampaignName(DAY), NOON)
    assert {step: (one.leads, one.until) for step, one in own.items()} == {
        "hours": (2, after(hours=21))
    }
    assert {step: (one.leads, one.until) for step, one in others.items()} == {"due": (2, None)}
    held = await funnel.leads_held_by(OPS, CampaignName(DAY), "due", NOON)
    assert len(held) == 2 and held[0].until is None


async def test_a_look_at_a_campaign_that_does_not_run_takes_nobody_from_one_that_does(
    scene: CampaignScene,
) -> None:
    into, (lead,) = await shared(scene)
    made = await scene.campaigns.make(OPS, WINTER, TEA, hours(15, 17))
    await scene.campaigns.change(OPS, WINTER, made.change, lists=[into])
    funnel = CampaignFunnel(scene.database.pool, lambda: ZONE)
    assert await funnel.look_over(CampaignName(WINTER), NOON) == 1
    assert await claimed(scene, DAY) == [lead]


async def test_who_was_put_off_waits_for_all(scene: CampaignScene) -> None:
    _, (lead,) = await shared(scene)
    await scene.database.pool.execute(
        "update leads set put_off_until = $2, next_at = $2, held_by = 'put_off' where lead = $1",
        lead,
        after(hours=2),
    )
    for campaign in (MORNING, DAY):
        assert await claimed(scene, campaign, now=after(hours=1)) == []
    assert await claimed(scene, DAY, now=NOON + timedelta(hours=2)) == [lead]
