"""Callbacks that are due: which, for whom, when, and exactly once."""

from datetime import timedelta
from typing import Any

import pytest

from campaigns.attempts import ReserveRefusal
from campaigns.callback_claims import DueCallback
from campaigns.campaign import CallingHours, CampaignState
from domain.reasons import Cause
from tests.campaigns.attempt_facts import missed, spoken
from tests.campaigns.campaigns_scene import (
    NOON,
    OPS,
    SETTINGS,
    SPRING,
    CampaignScene,
    after,
    together,
)

pytestmark = pytest.mark.live
NUMBER = "+8613800000001"


async def promised(scene: CampaignScene, **columns: Any) -> int:
    """A callback that is due at noon, in a running campaign."""
    into = await scene.new_list()
    lead = await scene.lead(into, NUMBER, **{"callback_at": NOON, **columns})
    await scene.start(lists=[into])
    return lead


async def due(scene: CampaignScene, **later: float) -> list[DueCallback]:
    return await scene.callback_claims.due(after(**later))


async def test_a_callback_is_due_at_its_time_and_not_before(scene: CampaignScene) -> None:
    lead = await promised(scene)
    assert await due(scene, seconds=-1) == []
    (one,) = await due(scene)
    assert (one.lead, one.terms.campaign, one.due_at, one.agent) == (lead, SPRING, NOON, None)


async def test_the_longest_due_comes_first(scene: CampaignScene) -> None:
    second = await promised(scene)
    into = await scene.database.pool.fetchval("select list from leads")
    first = await scene.lead(into, "+8613800000002", callback_at=after(minutes=-1))
    assert [one.lead for one in await due(scene, minutes=1)] == [first, second]


async def test_an_agents_callback_is_the_teams_after_the_campaigns_time(
    scene: CampaignScene,
) -> None:
    await promised(scene, callback_agent="1001")
    (one,) = await due(scene)
    assert (one.agent, one.team_at) == ("1001", after(seconds=SETTINGS.callback_to_team_s))


async def test_the_time_for_its_agent_begins_when_it_may_be_called(scene: CampaignScene) -> None:
    """A callback promised for the night isn't the team's before the agent could have called."""
    await promised(scene, callback_agent="1001")
    await scene.database.pool.execute("update leads set next_at = $1", after(hours=8))
    (one,) = await due(scene, hours=8)
    assert one.team_at == after(hours=8, seconds=SETTINGS.callback_to_team_s)


@pytest.mark.parametrize(
    ("state", "called"),
    [
        (CampaignState.RUNNING, True),
        (CampaignState.PAUSED, True),
        (CampaignState.DRAINING, True),
        (CampaignState.STOPPED, False),
    ],
)
async def test_a_pause_keeps_promises_and_a_stop_does_not(
    scene: CampaignScene, state: CampaignState, called: bool
) -> None:
    await promised(scene)
    before = await due(scene)
    if state is not CampaignState.RUNNING:
        await scene.campaigns.move(OPS, SPRING, state)
    assert bool(await due(scene)) is called
    claimed = await scene.callback_claims.claim(before[0], by="x", now=NOON, lease_s=60)
    assert claimed is not None
    refused = await scene.attempts.reserve(scene.wish(claimed), by="x", now=NOON)
    if called:
        assert refused is None
    else:
        assert refused is not None and refused.why is ReserveRefusal.CAMPAIGN_NOT_RUNNING


async def test_callbacks_of_a_paused_list_wait(scene: CampaignScene) -> None:
    await promised(scene)
    await scene.database.pool.execute("update lists set state = 'paused'")
    assert await due(scene) == []


async def test_many_who_want_it_at_once_call_it_once(scene: CampaignScene) -> None:
    await promised(scene)
    (one,) = await due(scene)

    async def call(by: str) -> bool:
        claimed = await scene.callback_claims.claim(one, by=by, now=NOON, lease_s=60)
        if claimed is None:
            return False
        return await scene.attempts.reserve(scene.wish(claimed), by=by, now=NOON) is None

    assert sum(await together(*(call(f"controller-{n}") for n in range(8)))) == 1
    assert await scene.database.pool.fetchval("select count(*) from attempts") == 1
    assert await due(scene, days=1) == [], "it is under way"


async def test_a_claim_whose_controller_died_ends_by_itself(scene: CampaignScene) -> None:
    await promised(scene)
    await scene.callbacks(by="dead", lease_s=15)
    assert await due(scene, seconds=14) == []
    assert len(await scene.callbacks(now=after(seconds=15))) == 1


async def test_an_attempt_that_was_never_placed_leaves_the_promise(scene: CampaignScene) -> None:
    await promised(scene)
    (claimed,) = await scene.callbacks()
    call = await scene.reserve(claimed)
    assert await due(scene, minutes=5) == []
    assert await scene.attempts.withdraw(call, after(minutes=5))
    assert len(await due(scene, minutes=5)) == 1


async def test_nobody_answers_and_it_is_tried_again_then_given_up(scene: CampaignScene) -> None:
    lead = await promised(scene, callback_agent="1001", attempts=3)
    at = 0.0
    for _ in range(SETTINGS.callback_tries):
        (claimed,) = await scene.callbacks(now=after(seconds=at))
        call = await scene.reserve(claimed, now=after(seconds=at))
        await scene.happened(*missed(call, Cause.NO_ANSWER, at_s=at))
        assert await due(scene, seconds=at + 60) == []
        at += 30 + SETTINGS.callback_again_s + 30
    assert await scene.column(lead, "callback_at") is None
    assert await due(scene, days=2) == []


async def test_who_was_reached_is_not_called_again(scene: CampaignScene) -> None:
    lead = await promised(scene)
    (claimed,) = await scene.callbacks()
    await scene.happened(*spoken(await scene.reserve(claimed)))
    assert await scene.column(lead, "state") == "finished"
    assert await due(scene, days=2) == []


async def test_outside_the_hours_it_waits_for_the_next_window_and_says_so(
    scene: CampaignScene,
) -> None:
    settings = SETTINGS.model_copy(
        update={"hours": (CallingHours(days=(0, 1, 2, 3, 4), start="13:00", end="18:00"),)}
    )
    into = await scene.new_list()
    lead = await scene.lead(into, NUMBER, callback_at=NOON)
    await scene.start(lists=[into], settings=settings)
    assert await scene.callbacks() == []
    assert await scene.column(lead, "held_by") == "hours"
    assert await scene.column(lead, "next_at") == after(hours=1)
    assert len(await scene.callbacks(now=after(hours=1))) == 1


async def test_who_asked_for_no_calls_is_dropped_and_the_reason_kept(scene: CampaignScene) -> None:
    lead = await promised(scene, callback_agent="1001")
    await scene.database.pool.execute(
        "insert into do_not_call (number, since, source) values ($1, $2, 'page')", NUMBER, NOON
    )
    assert await scene.callbacks() == []
    assert await scene.column(lead, "state") == "do_not_call"
    row = await scene.database.pool.fetchrow("select what, detail from lead_changes")
    assert row["what"] == "callback_dropped"
    assert row["detail"] == {"why": "do_not_call", "at": NOON.isoformat(), "agent": "1001"}


async def test_a_cap_holds_a_callback_too(scene: CampaignScene) -> None:
    settings = SETTINGS.model_copy(update={"rules": "cn"})
    into = await scene.new_list()
    lead = await scene.lead(into, NUMBER, callback_at=NOON)
    await scene.start(lists=[into], settings=settings)
    await scene.database.pool.execute(
        "insert into attempts"
        " (attempt, project, number, mode, stage, reserved_at, ended_at, outcome)"
        " select 'x' || n, 'tea', $1, 'manual', 'not_reached',"
        " $2::timestamptz - n * interval '4 hours', $2::timestamptz - n * interval '4 hours',"
        " 'nobody' from generate_series(1, 5) n",
        NUMBER,
        NOON,
    )
    assert await scene.callbacks() == []
    assert await scene.column(lead, "held_by") == "cap"


async def test_what_was_moved_or_cancelled_after_the_claim_is_not_called(
    scene: CampaignScene,
) -> None:
    lead = await promised(scene)
    for later in (NOON + timedelta(hours=1), None):
        await scene.database.pool.execute("update leads set callback_at = $1", NOON)
        (claimed,) = await scene.callbacks()
        await scene.database.pool.execute("update leads set callback_at = $1", later)
        refused = await scene.refusal(claimed)
        assert refused.why is ReserveRefusal.NOT_CLAIMED, lead
        await scene.callback_claims.release(lead, by="controller-1")
