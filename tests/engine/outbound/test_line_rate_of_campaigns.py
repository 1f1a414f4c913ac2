"""Campaigns on a line that takes so many calls a second, without an Asterisk."""

import asyncio

import pytest

from campaigns.campaign import CampaignSettings, Mode
from campaigns.stored_campaign import Campaign
from domain.identity import LineName
from engine.outbound.running_attempt import Decision
from tests.campaigns.campaigns_scene import SPRING
from tests.engine.outbound.desk_scene import AMY, DeskScene, limit_line
from tests.engine.outbound_floor import SETTINGS
from tests.waiting import until

pytestmark = pytest.mark.live

NOTICE = CampaignSettings(
    title="Spring", line="carrier", rules="us", mode=Mode.AGENTLESS, message={"en": "Hello"}
)
PROGRESSIVE = SETTINGS.model_copy(update={"mode": Mode.PROGRESSIVE, "message": {"en": "Sorry"}})
ONE = "+8613800000001"


@pytest.mark.parametrize("settings", [NOTICE, PROGRESSIVE], ids=["notice", "progressive"])
async def test_a_lead_whose_turn_somebody_takes_is_given_back_and_called_later(
    desk: DeskScene, settings: CampaignSettings
) -> None:
    """An agent's call by hand takes the turn between the decision and the call."""
    lines, taken, let_go = desk.engine.lines_out, asyncio.Event(), asyncio.Event()
    limit_line(desk.engine, 1.0)
    lines.turn_within_s = 0.02

    async def take_the_turn() -> None:
        async with lines.turn(LineName("carrier"), ahead=True) as turn:
            assert turn is not None
            taken.set()
            await let_go.wait()

    begun: list[asyncio.Task[None]] = []

    def decided(_: Campaign, decision: Decision, _settings: CampaignSettings) -> None:
        if decision.count and not begun:
            begun.append(asyncio.create_task(take_the_turn()))

    desk.floor.decided = decided
    if settings.queue:
        await desk.sit(AMY)
    (lead,) = await desk.start(ONE, settings=settings)
    await taken.wait()
    await desk.given_back(lead)
    assert not desk.link.placed
    assert not await desk.database.pool.fetchval("select count(*) from attempts")
    assert (await desk.lead(lead))["attempts"] == 0
    run = desk.floor.runs.by_name[SPRING]
    assert run.view().trouble is None, "it is no trouble"
    let_go.set()
    await asyncio.gather(*begun)
    run.look_again()
    await until(lambda: desk.link.placed, what="it is called")
