"""A restarted controller goes on with customers whom the one before it was calling for an agent."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from acd.events import LogOut
from campaigns.attempts import WishedAttempt
from campaigns.campaign import Mode
from domain.identity import CampaignName, LineName
from engine.desk_ports import DialStep
from engine.engine import Engine
from engine.outbound.running_attempt import KEPT_GRACE_S, RunningAttempt
from storage.database import Database
from tests.campaigns.campaigns_scene import OPS, SPRING, CampaignScene
from tests.engine.outbound_floor import SETTINGS, OutboundFloor, campaign
from tests.engine.test_board import AMY
from tests.engine.test_kept_agents import (
    CHANNEL,
    CUSTOMER,
    FOR_AGENTS,
    NUMBER,
    PHONE,
    began,
    caller,
    engine,
    is_offered,
    links,
    there_now,
)  # fmt: skip
from tests.phones.called import zone_at_noon
from tests.telephony.calls.events import NODE, hang_up
from tests.waiting import until

__all__ = ["engine", "links"]  # fixtures

pytestmark = pytest.mark.live

GRACE_S = SETTINGS.limit.grace_s


@pytest.fixture
def floor(engine: Engine, database: Database) -> OutboundFloor:
    return OutboundFloor(engine, database.pool)


async def taken_up(floor: OutboundFloor, database: Database, mode: Mode) -> RunningAttempt:
    """What was stored of the call that the controller before has placed, taken up."""
    if mode is Mode.CALLBACK:
        scene, now = CampaignScene(database), datetime.now(UTC)
        into = await scene.new_list()
        lead = await scene.lead(
            into, NUMBER, callback_at=now - timedelta(minutes=1), timezone=zone_at_noon()
        )
        await scene.start(settings=SETTINGS, lists=[into])
        (due,) = await floor.claims.due(now)
        assert await floor.claims.claim(due, by="before", now=now, lease_s=60)
        row = WishedAttempt(
            CHANNEL.call, SPRING, lead, NUMBER, LineName("carrier"), None, mode, AMY, True
        )
        assert await scene.attempts.reserve(row, by="before", now=now) is None
        looking = asyncio.create_task(floor.callbacks.run())
        await floor.callbacks.begun()
        looking.cancel()
    else:
        floor.runs.by_name[CampaignName("spring")] = await floor.maker.make(campaign())
    attempt = floor.hosts.host_of(floor.calls.by_id[CHANNEL.call])
    assert attempt is not None
    return attempt


@pytest.mark.parametrize("mode", FOR_AGENTS)
async def test_the_desk_shows_the_customer_again_until_the_call_is_over(
    engine: Engine, floor: OutboundFloor, database: Database, mode: Mode
) -> None:
    began(engine, mode)
    attempt = await taken_up(floor, database, mode)
    assert (attempt.only, attempt.grace_left_s()) == (AMY, KEPT_GRACE_S)
    shown = floor.desks.view(AMY).dial
    assert shown is not None
    assert (shown.number, shown.step) == (NUMBER, DialStep.RINGING)
    assert (shown.by_hand, shown.callback) == (mode is Mode.MANUAL, mode is Mode.CALLBACK)
    caller(engine)
    assert not is_offered(engine)
    engine.switches.on_snapshot(NODE, there_now())
    assert engine.nailed_up.is_borrowed(PHONE), "the next snapshot let the phone go"
    engine.switches.on_message(NODE, hang_up(*CUSTOMER, 5))
    await until(lambda: is_offered(engine), what="the agent gets the caller")
    assert floor.desks.view(AMY).dial is None
    assert not engine.nailed_up.is_borrowed(PHONE)


@pytest.mark.parametrize("mode", FOR_AGENTS)
async def test_a_customer_whose_agent_has_left_waits_as_short_as_others(
    engine: Engine, floor: OutboundFloor, database: Database, mode: Mode
) -> None:
    began(engine, mode)
    attempt = await taken_up(floor, database, mode)
    attempt.answered()
    engine.floor.feed(LogOut(AMY))
    assert attempt.grace_left_s() <= GRACE_S < KEPT_GRACE_S


async def test_a_campaign_that_becomes_another_keeps_the_agent_until_the_call_is_over(
    engine: Engine, floor: OutboundFloor, database: Database
) -> None:
    """The campaign's own loop takes the call up; then ops change its mode."""
    began(engine, Mode.PREVIEW)
    scene = CampaignScene(database)
    await scene.start(settings=SETTINGS)
    following = asyncio.create_task(floor.runs.run())
    await until(lambda: floor.desks.at(AMY), what="the call is taken up")
    before = floor.runs.by_name[SPRING]
    made = await scene.campaigns.get(OPS, SPRING)
    power = SETTINGS.model_copy(update={"mode": Mode.POWER, "message": {"en": "Hello"}})
    await scene.campaigns.change(OPS, SPRING, made.change, settings=power)
    floor.runs.changed(SPRING)
    await until(lambda: floor.runs.by_name[SPRING] is not before, what="it is of another mode")
    caller(engine)
    assert floor.desks.at(AMY) and not is_offered(engine)
    engine.switches.on_message(NODE, hang_up(*CUSTOMER, 5))
    await until(lambda: is_offered(engine), what="the agent gets the caller")
    assert floor.desks.at(AMY) is None
    following.cancel()
