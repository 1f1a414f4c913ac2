"""Why a campaign isn't dialling, and when its list runs out."""

from datetime import datetime, timedelta

import pytest

from campaigns.attempt_pages import AttemptPages
from campaigns.campaign_refusals import CampaignRefused
from campaigns.funnel import CampaignFunnel, FunnelStep
from campaigns.lead_lists import ListRefused
from campaigns.pacing_log import PacingLog
from domain.roles import Actor, Role
from storage.database import close_pool, make_pool
from tests.campaigns.attempt_facts import missed
from tests.campaigns.campaigns_scene import (
    BANK,
    NOON,
    OPS,
    SETTINGS,
    SPRING,
    TEA,
    ZONE,
    CampaignScene,
    after,
)

pytestmark = pytest.mark.live
OTHER = Actor("otto", Role.OPS, frozenset({BANK}))
AGENT = Actor("1001", Role.AGENT, frozenset({TEA}))


@pytest.fixture
def funnel(scene: CampaignScene) -> CampaignFunnel:
    return CampaignFunnel(scene.database.pool, lambda: ZONE)


async def counts(funnel: CampaignFunnel, now: datetime = NOON) -> dict[str, int]:
    found = await funnel.funnel(OPS, SPRING, now)
    return {step: one.leads for step, one in found.items()}


async def test_each_lead_is_counted_once_by_what_holds_it(
    scene: CampaignScene, funnel: CampaignFunnel
) -> None:
    into, paused = await scene.new_list(), await scene.new_list()
    numbers = iter(f"+86138000000{n:02}" for n in range(99))
    states = ("removed", "paused", "do_not_call", "invalid")
    for state in states:
        await scene.lead(into, next(numbers), state=state)
    await scene.lead(into, next(numbers), state="finished", why="attempts", attempts=3)
    await scene.lead(into, next(numbers), state="finished", why="spoken")
    await scene.lead(into, next(numbers), callback_at=after(minutes=5))
    await scene.lead(into, next(numbers), callback_at=after(minutes=-5), callback_agent="1001")
    await scene.lead(into, next(numbers), attempts=1, last_attempt_at=after(hours=-1))
    calling = await scene.lead(into, next(numbers), overdue_at=after(hours=-9))
    claimed = await scene.lead(into, next(numbers), overdue_at=after(hours=-8))
    await scene.lead(into, next(numbers))
    await scene.lead(paused, next(numbers))
    await scene.start(lists=[into, paused])
    await scene.database.pool.execute("update lists set state = 'paused' where list = $1", paused)
    first, second = await scene.claim(2)
    assert [first.lead.lead, second.lead.lead] == [calling, claimed]
    await scene.reserve(first)
    assert await funnel.look_over(SPRING, NOON) == 1
    assert await counts(funnel) == {
        **dict.fromkeys(states, 1),
        "attempts": 1,
        "done": 1,
        "callback": 1,
        "callback_agent": 1,
        "gap": 1,
        "in_attempt": 1,
        "claimed": 1,
        "due": 1,
        "list_paused": 1,
    }
    (held,) = await funnel.leads_held_by(OPS, SPRING, "gap", NOON)
    assert (held.held_by, held.until) == ("gap", after(hours=1))
    steps = await funnel.funnel(OPS, SPRING, NOON)
    assert steps["gap"].until == after(hours=1)
    assert await counts(funnel, after(days=1)) != await counts(funnel)


async def test_a_campaign_that_isn_t_running_says_what_will_hold_it(
    scene: CampaignScene, funnel: CampaignFunnel
) -> None:
    into = await scene.new_list()
    await scene.leads(into, 620)
    made = await scene.campaigns.make(OPS, SPRING, TEA, SETTINGS)
    await scene.campaigns.change(OPS, SPRING, made.change, lists=[into])
    night = after(hours=11)
    assert await counts(funnel, night) == {"due": 620}
    assert await funnel.look_over(SPRING, night) == 620
    assert await counts(funnel, night) == {"window": 620}
    first = await funnel.leads_held_by(OPS, SPRING, "window", night, limit=400)
    rest = await funnel.leads_held_by(OPS, SPRING, "window", night, after=first[-1].lead, limit=400)
    assert (len(first), len(rest)) == (400, 220)
    assert await counts(funnel, after(hours=20)) == {"due": 620}


async def test_the_forecast_goes_by_the_last_hour(
    scene: CampaignScene, funnel: CampaignFunnel
) -> None:
    into = await scene.new_list()
    await scene.leads(into, 50)
    await scene.start(lists=[into])
    assert (await funnel.forecast(OPS, SPRING, NOON)).out_at is None
    for claimed in await scene.claim(10):
        await scene.happened(*missed(await scene.reserve(claimed)))
    assert (await funnel.forecast(OPS, SPRING, after(minutes=1))).attempts_an_hour is None
    forecast = await funnel.forecast(OPS, SPRING, after(minutes=30))
    assert (forecast.due, forecast.attempts_an_hour) == (40, 20)
    assert forecast.out_at == after(minutes=150)


async def test_strangers_see_nothing(scene: CampaignScene, funnel: CampaignFunnel) -> None:
    await scene.start()
    for actor in (OTHER, AGENT):
        with pytest.raises(CampaignRefused):
            await funnel.funnel(actor, SPRING, NOON)
        with pytest.raises(CampaignRefused):
            await PacingLog(scene.database.pool).at(actor, SPRING, NOON)
    assert await counts(funnel) == {}


async def test_any_minute_can_be_explained(scene: CampaignScene) -> None:
    await scene.start()
    log = PacingLog(scene.database.pool)
    log.note(SPRING, after(seconds=0), "agents_busy", 0, {"agents": 3})
    log.note(SPRING, after(seconds=0.2), "foreseen", 2, {"agents": 4})
    log.note(SPRING, after(seconds=0.9), "foreseen", 1, {"agents": 4})
    for second in range(1, 90):
        log.note(SPRING, after(seconds=second), "foreseen", 0, {"agents": 4})
    log.note(SPRING, after(seconds=95), "limit", 0, {"share": 0.03})
    await log.write(after(seconds=95.5))
    first, *rest = await log.at(OPS, SPRING, after(seconds=60))
    assert (first.at, first.reason, first.dialled, rest) == (NOON, "foreseen", 3, [])
    await log.write(after(seconds=96))
    assert [one.reason for one in await log.at(OPS, SPRING, after(seconds=60))] == [
        "foreseen",
        "limit",
    ]
    (only,) = await log.at(OPS, SPRING, after(minutes=30))
    assert (only.reason, only.figures) == ("limit", {"share": 0.03})
    assert await log.at(OPS, SPRING, after(minutes=-1), span=timedelta(seconds=30)) == ()


async def test_figures_that_json_can_t_have_are_left_out(scene: CampaignScene) -> None:
    await scene.start()
    log = PacingLog(scene.database.pool)
    log.note(SPRING, NOON, "foreseen", 1, {"room": float("inf"), "day": NOON, "n": 1})
    await log.write(after(seconds=1))
    (only,) = await log.at(OPS, SPRING, NOON)
    assert only.figures == {"room": None, "day": str(NOON), "n": 1}


async def test_decisions_wait_for_a_database_that_is_away(scene: CampaignScene, dsn: str) -> None:
    await scene.start()
    pool = await make_pool(dsn)
    log = PacingLog(pool)
    log.note(SPRING, NOON, "foreseen", 1, {})
    await close_pool(pool)
    with pytest.raises(Exception, match="clos"):
        await log.write(after(seconds=5))
    assert log.pending == 1


async def test_one_lead_says_what_holds_it(scene: CampaignScene, funnel: CampaignFunnel) -> None:
    into = await scene.new_list()
    lead = await scene.lead(into, "+8613800000001")
    assert await funnel.hold_of(OPS, lead, NOON) == FunnelStep("due", 1, None)
    await scene.database.pool.execute(
        "update leads set held_by = 'gap', next_at = $1", after(hours=1)
    )
    assert await funnel.hold_of(OPS, lead, NOON) == FunnelStep("gap", 1, after(hours=1))
    for actor, number in ((OTHER, lead), (AGENT, lead), (OPS, lead + 1)):
        with pytest.raises(ListRefused):
            await funnel.hold_of(actor, number, NOON)


async def test_a_forecast_goes_by_a_funnel_that_was_counted(
    scene: CampaignScene, funnel: CampaignFunnel
) -> None:
    into = await scene.new_list()
    await scene.leads(into, 3)
    await scene.start(lists=[into])
    steps = await funnel.funnel(OPS, SPRING, NOON)
    assert (await funnel.forecast(OPS, SPRING, NOON, steps=steps)).due == 3
    with pytest.raises(CampaignRefused):
        await funnel.forecast(OTHER, SPRING, NOON, steps=steps)


async def test_attempts_come_a_page_at_a_time(scene: CampaignScene) -> None:
    into, pages = await scene.new_list(), AttemptPages(scene.database.pool)
    await scene.leads(into, 3)
    await scene.start(lists=[into])
    made = [await scene.reserve(claimed) for claimed in await scene.claim(3)]
    first = await pages.page(OPS, SPRING, limit=2)
    rest = await pages.page(OPS, SPRING, before=first[-1].place, limit=2)
    assert [one.attempt.attempt for one in (*first, *rest)] == sorted(made, reverse=True)
    for actor in (OTHER, AGENT):
        with pytest.raises(CampaignRefused):
            await pages.page(actor, SPRING)
