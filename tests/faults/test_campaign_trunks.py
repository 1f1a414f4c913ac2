"""Trunks that misbehave, and a list that is paused and removed, while a campaign dials."""

import asyncio
from collections import Counter

import pytest

from campaigns.campaign import CampaignState, Mode
from campaigns.campaign_service import Campaigns
from campaigns.lead_lists import LeadLists
from campaigns.stored_leads import ListState
from farend.compared_books import differences
from tests.faults.conftest import SceneFactory
from tests.faults.dialled import assert_nobody_was_called_twice, books_of, customers, ringing
from tests.faults.scene import LINE, Scene
from tests.phones.called import OPS, SPRING, run_campaign
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.long]

AGENTS = 3


def _numbers(first: int, count: int) -> list[str]:
    return [f"+86137000{first + n:05}" for n in range(count)]


async def _come_to(one: Scene, numbers: list[str]) -> dict[str, tuple[str, str | None]]:
    """What became of those among these who were called, once none of them is being called."""

    async def settled() -> bool:
        left = await one.pool.fetchval("select count(*) from attempts where ended_at is null")
        return not left and not ringing(one)

    await until(settled, 60, "all calls are over", every_s=0.5)
    rows = await one.pool.fetch(
        "select number, stage, outcome from attempts where number = any($1::text[])"
        " and applied is distinct from 'never_placed'",
        numbers,
    )
    return {row["number"]: (row["stage"], row["outcome"]) for row in rows}


async def test_no_trunk_makes_a_campaign_burn_its_list(scene: SceneFactory) -> None:
    one = await scene(agents=AGENTS, wrap_up_s=0)
    await one.phones("answer-0.1,speak-3,hangup")
    await _all_answer_at_once(one)
    await one.phones("answer-0.1,speak-1,hangup")
    await _it_flaps(one)
    await _it_rings_for_ever_and_the_list_goes(one)
    assert_nobody_was_called_twice(one, {call.number for call in customers(one)})
    assert not differences(await books_of(one), customers(one), tolerance_s=2.0)


async def _all_answer_at_once(one: Scene) -> None:
    """Without ringing and without a sound. Until enough were served, the limit of 3 % allows nobody
    to be abandoned: one call goes out for each free agent, whatever the ratio."""
    numbers = _numbers(0, 60)
    await one.far.line(LINE, "pick,silent-9,hangup")
    power = SPRING.model_copy(
        update={"mode": Mode.POWER, "ratio": 10.0, "lines": 20, "calls_per_second": 50.0}
    )
    await run_campaign(one, "at-once", power, *numbers)

    async def served() -> bool:
        spoken = "select count(*) from attempts where outcome = 'spoken'"
        return int(await one.pool.fetchval(spoken)) >= 2 * AGENTS

    await until(served, 60, "the agents talk on", every_s=0.5)
    await Campaigns(one.pool).move(OPS, "at-once", CampaignState.STOPPED)
    outcomes = Counter((await _come_to(one, numbers)).values())
    message = outcomes.pop(("message_played", "abandoned"), 0)
    assert set(outcomes) == {("ended", "spoken")}, outcomes
    assert message <= 1, "the ratio beat the limit"


async def _it_flaps(one: Scene) -> None:
    """Four seconds well, two seconds refusing everything.

    The second call that tries a trunk that is held goes out three seconds after it was, so it meets
    a good moment, on a slow machine too. Were both times the same, tries could fall on bad moments
    alone: a wait of twenty seconds is five times four.
    """
    numbers = _numbers(100, 40)
    await asyncio.gather(*(one.far.plan(each, "answer-0.2,speak-2,hangup") for each in numbers))
    await one.far.line(LINE, "flap-4-2,pass")
    await run_campaign(one, "flaps", SPRING, *numbers)

    async def served() -> bool:
        spoken = (
            "select count(*) from attempts where campaign = 'flaps' and outcome = 'spoken'"
            " and reserved_at > (select min(ended_at) from attempts"
            " where campaign = 'flaps' and stage = 'not_reached')"
        )
        return int(await one.pool.fetchval(spoken)) >= 2 * AGENTS

    await until(served, 60, "the agents talk again after refusals", every_s=0.5)
    await Campaigns(one.pool).move(OPS, "flaps", CampaignState.STOPPED)
    outcomes = set((await _come_to(one, numbers)).values())
    assert outcomes <= {("ended", "spoken"), ("not_reached", None)}, outcomes
    counted = await one.pool.fetch(
        "select l.key from leads l where l.attempts > 0 and l.key = any($1::text[])"
        " and not exists (select from attempts a where a.lead = l.lead and a.outcome = 'spoken')",
        numbers,
    )
    assert not counted, "a refusal of the trunk counts as an attempt"


async def _it_rings_for_ever_and_the_list_goes(one: Scene) -> None:
    numbers = _numbers(200, 40)
    await one.far.line(LINE, "ring")
    power = SPRING.model_copy(update={"mode": Mode.POWER, "ratio": 3.0, "ring_s": 15.0})
    await run_campaign(one, "rings", power, *numbers)
    await until(lambda: len(ringing(one)) >= AGENTS, what="they ring")
    into = await one.pool.fetchval("select list from campaign_lists where campaign = 'rings'")
    lists = LeadLists(one.pool)
    await lists.change(OPS, into, state=ListState.PAUSED)
    rang = {call.number for call in ringing(one)}
    await lists.change(OPS, into, state=ListState.REMOVED)
    came = await _come_to(one, numbers)
    assert set(came.values()) == {("not_reached", "nobody")}, Counter(came.values())
    # One more may have been on its way when the list was paused.
    assert rang <= {call.number for call in customers(one)}
    assert len(came) <= len(rang) + AGENTS, "somebody on a list that was removed was called"
