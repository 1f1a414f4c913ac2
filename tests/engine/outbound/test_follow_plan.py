"""Campaigns that start, pause and end by their weekly plan, without an Asterisk."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

import pytest

from campaigns.campaign import CallingHours, CampaignSettings, CampaignState, Mode
from campaigns.campaign_refusals import CampaignRefused
from campaigns.plan import PlanState, plan_state
from campaigns.stored_campaign import Campaign
from engine.outbound.campaign_runs import CampaignRuns
from engine.outbound.live_run import LiveRun
from tests.campaigns.campaigns_scene import OPS, SPRING, ZONE
from tests.engine.outbound.desk_scene import DeskScene, running
from tests.phones.called import zone_at_noon
from tests.waiting import until

pytestmark = pytest.mark.live

NINE_TO_FIVE = CallingHours(days=(0, 1, 2, 3, 4), start=time(9), end=time(17))
MONDAY = datetime(2026, 3, 2, tzinfo=ZONE)
NOTICE = CampaignSettings(
    title="Spring", line="carrier", rules="us", mode=Mode.AGENTLESS, message={"en": "Hello"},
    runs=(NINE_TO_FIVE,),
    lines_for_inbound=30,
)  # fmt: skip
"""It needs nobody, so its plan alone decides whether it dials. All channels of its line are kept
free for callers: whoever is claimed stays claimed."""


@dataclass
class Planned:
    """A desk scene whose campaigns live at another time."""

    desk: DeskScene
    at: datetime = MONDAY + timedelta(hours=12)
    off: set[date] = field(default_factory=set)

    def __post_init__(self) -> None:
        floor, engine = self.desk.floor, self.desk.engine
        self.runs = CampaignRuns(
            self.desk.scene.campaigns, replace(floor.maker, plan=self.plan), floor.door,
            engine.in_force, engine.floor, engine.calls, engine.news,
        )  # fmt: skip

    def plan(self, settings: CampaignSettings) -> PlanState:
        return plan_state(settings, self._days_off, self.at, ZONE)

    def _days_off(self, calendar: str | None) -> frozenset[date]:
        return frozenset(self.off if calendar == "cn" else ())

    async def start(self, settings: CampaignSettings = NOTICE) -> LiveRun:
        into = await self.desk.scene.new_list()
        self.leads = [
            await self.desk.scene.lead(into, f"+861380000000{number}", timezone=zone_at_noon())
            for number in range(3)
        ]
        await self.desk.scene.start(settings=settings, lists=[into])
        await self.desk.running.enter_async_context(running(self.runs.run()))
        await self.runs.begun()
        return self.runs.by_name[SPRING]

    async def move(self, at: datetime) -> None:
        """It is this time now, and the campaigns are looked at."""
        self.at = at
        self.runs.changed(SPRING)

    async def edit(self, **settings: object) -> None:
        now = await self.campaign()
        await self.desk.scene.campaigns.change(
            OPS, SPRING, now.change, settings=now.settings.model_copy(update=settings)
        )
        self.runs.changed(SPRING)

    async def campaign(self) -> Campaign:
        return await self.desk.scene.campaigns.get(OPS, SPRING)

    async def until_state(self, state: CampaignState) -> None:
        async def reached() -> bool:
            return (await self.campaign()).state is state

        await until(reached, what=f"the campaign is {state}")

    async def claims(self) -> None:
        """Until it has claimed leads."""
        await until(lambda: self.runs.by_name[SPRING].claimed, what="leads are claimed")


@pytest.fixture
def planned(desk: DeskScene) -> Planned:
    return Planned(desk)


async def test_it_dials_in_the_hours_of_its_plan_and_gives_its_leads_back_after_them(
    planned: Planned,
) -> None:
    planned.at = MONDAY + timedelta(hours=8)
    run = await planned.start()
    assert not run.dials and run.claimed == 0
    await planned.move(MONDAY + timedelta(hours=9))
    await planned.claims()
    assert run.dials
    await planned.move(MONDAY + timedelta(hours=17))
    await until(lambda: run.claimed == 0, what="they are given back")
    await planned.desk.given_back(*planned.leads)
    assert not run.dials and (await planned.campaign()).state is CampaignState.RUNNING
    await planned.move(MONDAY + timedelta(days=1, hours=10))
    await planned.claims()


async def test_a_holiday_of_the_centres_calendar_stops_it_for_that_day(planned: Planned) -> None:
    planned.off = {date(2026, 3, 2)}
    run = await planned.start(NOTICE.model_copy(update={"calendar": "cn"}))
    assert not run.dials
    await planned.move(MONDAY + timedelta(days=1, hours=10))
    await planned.claims()
    planned.off |= {date(2026, 3, 3)}  # somebody closes the day while it dials
    planned.runs.changed(SPRING)
    await planned.desk.given_back(*planned.leads)
    assert not run.dials


async def test_an_edited_plan_is_in_force_at_once(planned: Planned) -> None:
    run = await planned.start()
    await planned.claims()
    late = NINE_TO_FIVE.model_copy(update={"start": time(14)})
    await planned.edit(runs=(late,))
    await planned.desk.given_back(*planned.leads)
    assert not run.dials and run.claimed == 0
    await planned.edit(runs=())
    await planned.claims()


@pytest.mark.parametrize("paused", [False, True])
async def test_after_its_last_day_it_is_stopped(planned: Planned, paused: bool) -> None:
    await planned.start(NOTICE.model_copy(update={"last_day": date(2026, 3, 2)}))
    if paused:
        await planned.desk.scene.campaigns.move(OPS, SPRING, CampaignState.PAUSED)
    await planned.move(MONDAY + timedelta(days=1))
    await planned.until_state(CampaignState.STOPPED)
    await until(lambda: SPRING not in planned.runs.by_name, what="its run is over")
    await planned.desk.given_back(*planned.leads)


async def test_a_last_day_that_is_put_off_keeps_it_running(planned: Planned) -> None:
    run = await planned.start(NOTICE.model_copy(update={"last_day": date(2026, 3, 2)}))
    await planned.edit(last_day=date(2026, 3, 9))
    await until(lambda: run.settings.last_day == date(2026, 3, 9), what="it is known")
    await planned.move(MONDAY + timedelta(days=1, hours=10))
    await planned.claims()
    assert (await planned.campaign()).state is CampaignState.RUNNING


async def test_before_its_first_day_it_waits(planned: Planned) -> None:
    run = await planned.start(NOTICE.model_copy(update={"first_day": date(2026, 3, 3)}))
    assert not run.dials
    await planned.move(MONDAY + timedelta(days=1, hours=9))
    await planned.claims()


async def test_who_acts_on_what_they_saw_does_not_undo_what_somebody_did_meanwhile(
    planned: Planned,
) -> None:
    """The plan ends a campaign as it was seen; if somebody has just given it another last day, or
    started it again, that holds."""
    await planned.start(NOTICE.model_copy(update={"last_day": date(2026, 3, 2)}))
    seen = (await planned.campaign()).change
    await planned.edit(last_day=date(2026, 3, 9))
    with pytest.raises(CampaignRefused):
        await planned.desk.scene.campaigns.move(OPS, SPRING, CampaignState.DRAINING, seen=seen)
    assert (await planned.campaign()).state is CampaignState.RUNNING
