"""Attempts reserved in a real database: nobody is called twice, whatever comes in between."""

from dataclasses import replace

import asyncpg
import pytest

from campaigns.attempts import ReserveRefusal
from campaigns.campaign import CampaignState, Mode
from tests.campaigns.campaigns_scene import (
    NOON,
    OPS,
    SETTINGS,
    SPRING,
    US,
    CampaignScene,
    after,
    together,
)

pytestmark = pytest.mark.live


async def test_an_attempt_is_written_before_it_is_a_call(scene: CampaignScene) -> None:
    into = await scene.new_list()
    lead = await scene.lead(into, "+8613800000001")
    await scene.start(lists=[into])
    (claimed,) = await scene.claim()
    attempt = await scene.reserve(claimed, now=after(seconds=2))
    (found,) = await scene.attempts.open()
    assert (found.attempt, found.lead, found.number) == (attempt, lead, "+8613800000001")
    assert (found.stage, found.reserved_at) == ("reserved", after(seconds=2))
    await scene.attempts.requested(attempt, after(seconds=3))
    now = await scene.attempts.get(attempt)
    assert now is not None
    assert (now.stage, now.requested_at) == ("requested", after(seconds=3))


async def test_a_lead_whose_attempt_is_open_is_not_claimed_whatever_its_lease(
    scene: CampaignScene,
) -> None:
    into = await scene.new_list()
    await scene.leads(into, 1)
    await scene.start(lists=[into])
    (claimed,) = await scene.claim()
    await scene.reserve(claimed)
    assert await scene.claim(now=after(days=2)) == []


async def test_a_lead_is_reserved_once_by_however_many(scene: CampaignScene) -> None:
    into = await scene.new_list()
    await scene.leads(into, 1)
    await scene.start(lists=[into])
    (claimed,) = await scene.claim()
    wishes = [scene.wish(claimed) for _ in range(8)]
    refused = await together(
        *[scene.attempts.reserve(wish, by=US, now=after(seconds=1)) for wish in wishes]
    )
    assert refused.count(None) == 1
    assert {one.why for one in refused if one} == {ReserveRefusal.LEAD_IN_ATTEMPT}
    assert len(await scene.attempts.open()) == 1


async def test_a_number_is_in_one_call_though_two_campaigns_have_it(scene: CampaignScene) -> None:
    one, two = await scene.new_list(), await scene.new_list()
    await scene.lead(one, "+8613800000001")
    await scene.lead(two, "+8613800000001")
    await scene.start(lists=[one])
    await scene.start("autumn", SETTINGS, [two])
    (mine,), (theirs,) = await together(scene.claim(), scene.claim(campaign="autumn"))
    refused = await together(
        scene.attempts.reserve(scene.wish(mine), by=US, now=after(seconds=1)),
        scene.attempts.reserve(scene.wish(theirs, "autumn"), by=US, now=after(seconds=1)),
    )
    assert refused.count(None) == 1
    (why,) = [one for one in refused if one]
    assert (why.why, why.rule) == (ReserveRefusal.HELD, "in_call")


async def test_the_database_itself_forbids_two_open_attempts(scene: CampaignScene) -> None:
    into = await scene.new_list()
    lead = await scene.lead(into, "+8613800000001")
    insert = (
        "insert into attempts (attempt, project, lead, number, mode, stage)"
        " values ($1, 'tea', $2, $3, 'predictive', 'reserved')"
    )
    await scene.database.pool.execute(insert, "a", lead, "+8613800000001")
    with pytest.raises(asyncpg.UniqueViolationError):
        await scene.database.pool.execute(insert, "b", lead, "+8613800000002")
    with pytest.raises(asyncpg.UniqueViolationError):
        await scene.database.pool.execute(insert, "c", None, "+8613800000001")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("update lists set state = 'paused'", ReserveRefusal.LIST_NOT_ACTIVE),
        ("update lists set state = 'removed'", ReserveRefusal.LIST_NOT_ACTIVE),
        ("delete from campaign_lists", ReserveRefusal.LIST_NOT_ACTIVE),
        ("update leads set state = 'removed'", ReserveRefusal.LEAD_CLOSED),
        ("update leads set state = 'paused'", ReserveRefusal.LEAD_CLOSED),
        ("update leads set leased_until = null, leased_by = null", ReserveRefusal.NOT_CLAIMED),
        ("update leads set leased_by = 'another'", ReserveRefusal.NOT_CLAIMED),
        ("delete from lead_numbers", ReserveRefusal.NUMBER_CHANGED),
        ("update lead_numbers set number = '+8613800000009'", ReserveRefusal.NUMBER_CHANGED),
        ("update lead_numbers set state = 'invalid'", ReserveRefusal.NUMBER_CHANGED),
        (
            "insert into do_not_call (number, since, source)"
            " select number, '2026-01-01', 'page' from lead_numbers",
            ReserveRefusal.DO_NOT_CALL,
        ),
        ("update leads set attempts = 3", ReserveRefusal.HELD),
    ],
)
async def test_what_changed_since_the_claim_is_not_dialled(
    scene: CampaignScene, change: str, why: ReserveRefusal
) -> None:
    into = await scene.new_list()
    await scene.lead(into, "+8613800000001")
    await scene.start(lists=[into])
    (claimed,) = await scene.claim()
    await scene.database.pool.execute(change)
    assert (await scene.refusal(claimed)).why is why
    assert await scene.attempts.open() == ()


@pytest.mark.parametrize("state", [CampaignState.PAUSED, CampaignState.STOPPED])
async def test_nothing_is_dialled_for_a_campaign_that_was_paused(
    scene: CampaignScene, state: CampaignState
) -> None:
    into = await scene.new_list()
    await scene.leads(into, 1)
    await scene.start(lists=[into])
    (claimed,) = await scene.claim()
    await scene.campaigns.move(OPS, SPRING, state)
    assert (await scene.refusal(claimed)).why is ReserveRefusal.CAMPAIGN_NOT_RUNNING


async def test_nothing_is_dialled_once_the_lease_has_ended(scene: CampaignScene) -> None:
    into = await scene.new_list()
    await scene.leads(into, 1)
    await scene.start(lists=[into])
    (claimed,) = await scene.claim(lease_s=60)
    refused = await scene.refusal(claimed, now=after(seconds=60))
    assert refused.why is ReserveRefusal.NOT_CLAIMED


async def test_an_attempt_of_the_same_id_is_not_reserved_again(scene: CampaignScene) -> None:
    into = await scene.new_list()
    await scene.leads(into, 2)
    await scene.start(lists=[into])
    one, two = await scene.claim()
    wish = scene.wish(one)
    assert await scene.attempts.reserve(wish, by=US, now=after(seconds=1)) is None
    await scene.database.pool.execute("update attempts set ended_at = now()")
    again = scene.wish(two)
    object.__setattr__(again, "attempt", wish.attempt)
    refused = await scene.attempts.reserve(again, by=US, now=after(seconds=1))
    assert refused is not None and refused.why is ReserveRefusal.KNOWN


async def test_a_notice_lets_go_of_who_may_be_called_with_an_agent_only(
    scene: CampaignScene,
) -> None:
    """No agent will ever be there, so it isn't asked again and again."""
    into = await scene.new_list()
    lead = await scene.lead(into, "+8613800000001")
    await scene.start(lists=[into], settings=SETTINGS.model_copy(update={"rules": "uk"}))
    await scene.database.pool.execute(
        "insert into attempts"
        " (attempt, project, number, mode, stage, reserved_at, ended_at, outcome)"
        " values ('other', 'tea', '+8613800000001', 'power', 'abandoned', $1, $1, 'abandoned')",
        after(hours=-3),
    )
    (claimed,) = await scene.claim()
    wish = replace(scene.wish(claimed), mode=Mode.AGENTLESS)
    refused = await scene.attempts.reserve(wish, by=US, now=NOON)
    assert refused is not None and refused.why is ReserveRefusal.NEEDS_AGENT
    assert await scene.column(lead, "held_by") == "agent"
    assert await scene.column(lead, "next_at") == after(hours=69)


async def test_a_call_by_another_campaign_between_claim_and_dialling_holds_the_lead(
    scene: CampaignScene,
) -> None:
    """10:00 by one campaign and 10:02 by another is one complaint."""
    into = await scene.new_list()
    lead = await scene.lead(into, "+8613800000001")
    await scene.start(lists=[into])
    (claimed,) = await scene.claim()
    await scene.database.pool.execute(
        "insert into attempts"
        " (attempt, project, number, mode, stage, reserved_at, ended_at, outcome)"
        " values ('other', 'bank', '+8613800000001', 'manual', 'ended', $1, $1, 'spoken')",
        after(seconds=1),
    )
    refused = await scene.refusal(claimed, now=after(seconds=5))
    assert (refused.why, refused.rule) == (ReserveRefusal.HELD, "number_gap")
    assert refused.until == after(hours=2, seconds=1)
    assert await scene.column(lead, "next_at") == after(hours=2, seconds=1)
