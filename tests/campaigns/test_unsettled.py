"""Attempts that a killed controller has left open."""

import pytest

from campaigns.unsettled import close_never_placed, give_up_unknown
from domain.call_facts import CallEnded
from domain.outbound_facts import CustomerAnswered, FateUnknown
from domain.reasons import Party
from tests.campaigns.attempt_facts import at, placed
from tests.campaigns.campaigns_scene import CampaignScene, after

pytestmark = pytest.mark.live


async def test_what_was_never_placed_is_free_again(scene: CampaignScene) -> None:
    into = await scene.new_list()
    await scene.leads(into, 3)
    await scene.start(lists=[into])
    never, sent, later = await scene.claim(lease_s=3600)
    unsent = await scene.reserve(never)
    await scene.happened(placed(await scene.reserve(sent)))
    await scene.reserve(later, now=after(minutes=2))
    pool = scene.database.pool
    assert await close_never_placed(pool, after(minutes=1), after(minutes=3)) == 1
    assert await close_never_placed(pool, after(minutes=1), after(minutes=3)) == 0
    row = await scene.attempts.get(unsent)
    assert row is not None
    assert (row.ended_at, row.outcome) == (after(minutes=3), None)
    (again,) = await scene.claim(now=after(minutes=3))
    assert (again.lead.lead, again.lead.attempts) == (never.lead.lead, 0)
    assert len(await scene.attempts.open()) == 2


async def test_an_unknown_fate_is_given_up_after_a_day(scene: CampaignScene) -> None:
    into = await scene.new_list()
    await scene.leads(into, 2)
    await scene.start(lists=[into])
    unknown, talking = await scene.claim()
    call, other = await scene.reserve(unknown), await scene.reserve(talking)
    gone = CallEnded(Party.UNKNOWN, None, None)
    await scene.happened(placed(call), at(call, 9, FateUnknown()), at(call, 9, gone))
    await scene.happened(placed(other), at(other, 9, CustomerAnswered()))
    pool = scene.database.pool
    assert await give_up_unknown(pool, after(hours=23)) == 0
    assert await give_up_unknown(pool, after(hours=25)) == 1
    row = await scene.attempts.get(call)
    assert row is not None
    assert (row.stage, row.outcome) == ("unknown", "nobody")
    assert [one.attempt for one in await scene.attempts.open()] == [other]
    (again,) = await scene.claim(now=after(hours=26))
    assert (again.lead.lead, again.lead.attempts) == (unknown.lead.lead, 1)


async def test_a_call_that_is_not_wanted_any_more_frees_its_lead(scene: CampaignScene) -> None:
    into = await scene.new_list()
    await scene.leads(into, 2)
    await scene.start(lists=[into])
    late, sent = await scene.claim()
    call, other = await scene.reserve(late), await scene.reserve(sent)
    await scene.happened(placed(other))
    assert await scene.attempts.withdraw(call, after(minutes=1))
    assert not await scene.attempts.withdraw(call, after(minutes=1))
    assert not await scene.attempts.withdraw(other, after(minutes=1)), "it was placed"
    (again,) = await scene.claim(now=after(minutes=1))
    assert (again.lead.lead, again.lead.attempts) == (late.lead.lead, 0)
