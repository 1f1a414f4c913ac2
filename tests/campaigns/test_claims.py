"""Leads claimed in a real database: in which order, by whom, for how long."""

from datetime import time

import pytest

from campaigns.campaign import CallingHours, CampaignState
from campaigns.claims import LeadClaims
from domain.identity import CampaignName
from storage.database import connection
from tests.campaigns.campaigns_scene import (
    NOON,
    OPS,
    SETTINGS,
    SPRING,
    US,
    ZONE,
    CampaignScene,
    after,
    together,
)

pytestmark = pytest.mark.live


def ids(claimed: list) -> list[int]:  # type: ignore[type-arg]
    return [one.lead.lead for one in claimed]


async def test_only_due_open_leads_of_active_lists_are_claimed(scene: CampaignScene) -> None:
    mine, paused, foreign = await scene.new_list(), await scene.new_list(), await scene.new_list()
    lead = await scene.lead(mine, "+8613800000001")
    await scene.lead(mine, "+8613800000002", state="finished")
    later = await scene.lead(mine, "+8613800000003")
    await scene.lead(mine, "+8613800000004", state="removed")
    await scene.lead(paused, "+8613800000005")
    await scene.lead(foreign, "+8613800000006")
    await scene.start(lists=[mine, paused])
    await scene.database.pool.execute("update lists set state = 'paused' where list = $1", paused)
    await scene.database.pool.execute(
        "update leads set next_at = $2 where lead = $1", later, after(seconds=1)
    )
    (claimed,) = await scene.claim()
    assert (claimed.lead.lead, claimed.number.number) == (lead, "+8613800000001")
    assert await scene.claim() == []


async def test_overdue_leads_come_first_and_callbacks_are_claimed_apart(
    scene: CampaignScene,
) -> None:
    into = await scene.new_list()
    first = await scene.lead(into, "+8613800000001")
    overdue = await scene.lead(into, "+8613800000002", overdue_at=after(hours=-1))
    callback = await scene.lead(into, "+8613800000003", callback_at=after(minutes=-1))
    second = await scene.lead(into, "+8613800000004")
    put_off = await scene.lead(into, "+8613800000005", overdue_at=after(hours=-2))
    await scene.start(lists=[into])
    # Whom an agent has put off isn't called before that, however overdue.
    await scene.database.pool.execute(
        "update leads set next_at = $2 where lead = $1", put_off, after(hours=1)
    )
    claimed = await scene.claim()
    assert ids(claimed) == [overdue, first, second]
    assert [one.overdue for one in claimed] == [True, False, False]
    assert [one.lead.lead for one in await scene.callbacks()] == [callback]


async def test_the_lists_of_a_campaign_go_in_their_order(scene: CampaignScene) -> None:
    one, two = await scene.new_list(), await scene.new_list()
    later, sooner = await scene.lead(one, "+8613800000001"), await scene.lead(two, "+8613800000002")
    await scene.start(lists=[two, one])
    assert ids(await scene.claim()) == [sooner, later]


async def test_a_held_lead_says_which_rule_holds_it_and_until_when(scene: CampaignScene) -> None:
    into = await scene.new_list()
    gap = await scene.lead(
        into, "+8613800000001", attempts=1, last_attempt_at=after(hours=-1), last_outcome="nobody"
    )
    used = await scene.lead(into, "+8613800000002", attempts=3, last_attempt_at=after(days=-1))
    listed = await scene.lead(into, "+8613800000003")
    await scene.database.pool.execute(
        "insert into do_not_call (number, since, source) values ('+8613800000003', $1, 'page')",
        after(days=-1),
    )
    free = await scene.lead(into, "+8613800000004")
    await scene.start(lists=[into])
    assert ids(await scene.claim()) == [free]
    assert await scene.column(gap, "held_by") == "gap"
    assert await scene.column(gap, "next_at") == after(hours=1)
    assert (await scene.column(used, "state"), await scene.column(used, "why")) == (
        "finished",
        "attempts",
    )
    assert await scene.column(listed, "state") == "do_not_call"


async def test_at_night_everything_is_held_until_the_morning(scene: CampaignScene) -> None:
    into = await scene.new_list()
    leads = await scene.leads(into, 40)
    await scene.start(lists=[into])
    night = after(hours=11)  # 23:00
    while await scene.column(leads[-1], "held_by") is None:
        assert await scene.claim(5, now=night) == []
    assert await scene.column(leads[-1], "held_by") == "window"
    assert await scene.column(leads[-1], "next_at") == after(hours=20)


async def test_outside_the_campaign_s_hours_everything_is_held(scene: CampaignScene) -> None:
    into = await scene.new_list()
    lead = await scene.lead(into, "+8613800000001")
    hours = CallingHours(days=(0, 1), start=time(13), end=time(17))
    await scene.start(settings=SETTINGS.model_copy(update={"hours": (hours,)}), lists=[into])
    assert await scene.claim() == []
    assert await scene.column(lead, "held_by") == "hours"
    assert ids(await scene.claim(now=after(hours=1))) == [lead]


async def test_days_off_of_the_campaign_s_calendar_hold_everything(scene: CampaignScene) -> None:
    into = await scene.new_list()
    lead = await scene.lead(into, "+8613800000001")
    settings = SETTINGS.model_copy(update={"calendar": "bank"})
    await scene.start(settings=settings, lists=[into])
    today = NOON.astimezone(ZONE).date()
    off = {"bank": frozenset({today})}
    scene.claims = LeadClaims(
        scene.database.pool, lambda: ZONE, days_off=lambda name: off.get(name or "", frozenset())
    )
    assert await scene.claim() == []
    assert await scene.column(lead, "held_by") == "holiday"
    assert ids(await scene.claim(now=after(days=1))) == [lead]


async def test_a_lead_with_its_own_zone_is_judged_by_its_clock(scene: CampaignScene) -> None:
    into = await scene.new_list()
    await scene.lead(into, "+12125550101", timezone="America/New_York")  # 23:00 on Sunday
    unknown = await scene.lead(into, "+8613800000001", timezone="Mars/Olympus")
    await scene.start(lists=[into])
    assert ids(await scene.claim()) == [unknown]


async def test_nothing_is_claimed_of_a_campaign_that_is_not_running(scene: CampaignScene) -> None:
    into = await scene.new_list()
    await scene.leads(into, 3)
    await scene.start(lists=[into])
    await scene.campaigns.move(OPS, SPRING, CampaignState.PAUSED)
    assert await scene.claim() == []
    assert await scene.claims.claim(CampaignName("none"), 5, by=US, now=NOON, lease_s=9) == []


async def test_many_claimers_at_once_never_share_a_lead(scene: CampaignScene) -> None:
    into = await scene.new_list()
    leads = await scene.leads(into, 300)
    await scene.start(lists=[into])
    found = await together(*[scene.claim(23, by=f"c{n}") for n in range(12)])
    claimed = [lead for each in found for lead in ids(each)]
    assert len(claimed) == len(set(claimed))
    while more := ids(await scene.claim(50)):
        claimed += more
    assert sorted(claimed) == leads


async def test_two_campaigns_that_share_a_list_never_share_a_lead(scene: CampaignScene) -> None:
    into = await scene.new_list()
    leads = await scene.leads(into, 60)
    await scene.start(lists=[into])
    await scene.start("autumn", SETTINGS, [into])
    found = await together(
        *[scene.claim(7, campaign=name, by=name) for name in (SPRING, "autumn") * 4]
    )
    claimed = [lead for each in found for lead in ids(each)]
    assert len(claimed) == len(set(claimed)) and set(claimed) <= set(leads)


async def test_the_leads_of_a_killed_claimer_return_after_the_lease(scene: CampaignScene) -> None:
    into = await scene.new_list()
    leads = await scene.leads(into, 3)
    await scene.start(lists=[into])
    assert ids(await scene.claim(by="killed", lease_s=60)) == leads
    assert await scene.claim(now=after(seconds=59)) == []
    assert ids(await scene.claim(now=after(seconds=60))) == leads


async def test_a_lease_can_be_renewed_and_released(scene: CampaignScene) -> None:
    into = await scene.new_list()
    one, two, three = await scene.leads(into, 3)
    await scene.start(lists=[into])
    await scene.claim(lease_s=60)
    kept = await scene.claims.renew([one, two], by=US, now=after(seconds=50), lease_s=60)
    assert kept == {one, two}
    assert await scene.claims.renew([one], by="another", now=after(seconds=50), lease_s=60) == set()
    assert ids(await scene.claim(now=after(seconds=61), by="another")) == [three]
    await scene.claims.release([one, three], by=US)
    assert ids(await scene.claim(now=after(seconds=61))) == [one]


async def test_an_ended_lease_is_not_renewed(scene: CampaignScene) -> None:
    into = await scene.new_list()
    (lead,) = await scene.leads(into, 1)
    await scene.start(lists=[into])
    await scene.claim(lease_s=60)
    assert await scene.claims.renew([lead], by=US, now=after(seconds=60), lease_s=60) == set()


async def test_a_claim_of_a_paused_list_is_not_renewed(scene: CampaignScene) -> None:
    into = await scene.new_list()
    (lead,) = await scene.leads(into, 1)
    await scene.start(lists=[into])
    await scene.claim(lease_s=60)
    await scene.database.pool.execute("update lists set state = 'paused'")
    assert await scene.claims.renew([lead], by=US, now=after(seconds=5), lease_s=60) == set()


async def test_a_lead_goes_on_with_its_next_number(scene: CampaignScene) -> None:
    into = await scene.new_list()
    lead = await scene.lead(into, "+8613800000001", "+8613800000002", "+8613800000003")
    await scene.database.pool.execute(
        "update lead_numbers set state = 'invalid' where number = '+8613800000001'"
    )
    await scene.database.pool.execute(
        "insert into do_not_call (project, number, since, source)"
        " values ('tea', '+8613800000002', $1, 'page')",
        after(days=-1),
    )
    await scene.start(lists=[into])
    (claimed,) = await scene.claim()
    assert (claimed.lead.lead, claimed.number.number) == (lead, "+8613800000003")


async def test_however_many_are_held_they_are_judged_anew_some_at_a_time(
    scene: CampaignScene,
) -> None:
    into = await scene.new_list()
    leads = [await scene.lead(into, f"+861380000000{n}") for n in range(5)]
    await scene.database.pool.execute(
        "update leads set held_by = 'window', next_at = $1", after(hours=9)
    )
    busy = leads[1]
    async with connection(scene.database.pool) as db, db.transaction():
        await db.execute("select from leads where lead = $1 for update", busy)
        assert await scene.claims.judge_anew(NOON, at_once=2) == 4
    held = [one for one in leads if await scene.column(one, "held_by") is not None]
    assert held == [busy], "it is being judged at this moment"
    assert await scene.claims.judge_anew(NOON, at_once=2) == 1
    assert await scene.claims.judge_anew(NOON) == 0
