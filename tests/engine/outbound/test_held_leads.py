"""Leads that are held by what was set for the whole centre, when that is set otherwise."""

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from campaigns.callback_claims import CallbackClaims
from campaigns.claims import LeadClaims
from centre.calendars import days_off
from centre.public_holidays import holiday_year
from domain.centre import Calendar, Centre
from engine.outbound.held_leads import HeldLeads
from storage.database import Database
from tests.campaigns.campaigns_scene import NOON, SETTINGS, ZONE, CampaignScene, after
from tests.engine.outbound.desk_scene import running
from tests.waiting import until

pytestmark = pytest.mark.live

HOLIDAY = Calendar("office", (((540, 1020),),) * 7, exceptions={date(2026, 3, 2): ()})


class SetCentre:
    """What is set for the centre, and the leads of a campaign that goes by it."""

    def __init__(self, database: Database, centre: Centre) -> None:
        self.now = replace(centre, timezone="UTC", calendars={"office": HOLIDAY})
        self.scene = CampaignScene(database)
        self.scene.claims = LeadClaims(database.pool, self.zone, days_off=self._days_off)
        self.scene.callback_claims = CallbackClaims(database.pool, self.zone)
        self.held = HeldLeads(
            self.scene.claims, lambda: self.now, self.zone, clock=lambda: NOON, look_every_s=0.01
        )

    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.now.timezone or "UTC")

    def _days_off(self, calendar: str | None) -> frozenset[date]:
        found = self.now.calendars.get(calendar or "")
        return frozenset() if found is None else days_off(found, (), holiday_year)

    async def held_by(self, lead: int) -> object:
        return await self.scene.column(lead, "held_by")


@pytest.fixture
def here(database: Database, centre: Centre) -> SetCentre:
    return SetCentre(database, centre)


async def test_leads_held_in_another_zones_night_are_called_once_the_zone_is_right(
    here: SetCentre,
) -> None:
    """A new centre is in UTC: at noon in Shanghai it seems to be 4 o'clock."""
    scene = here.scene
    into = await scene.new_list()
    lead = await scene.lead(into, "+8613800000001")
    skipped = await scene.lead(into, "+8613800000002")
    theirs = await scene.lead(into, "+12125550101", timezone="America/New_York")
    callback = await scene.lead(into, "+8613800000003", callback_at=NOON)
    await scene.start(lists=[into])
    await scene.database.pool.execute(
        "update leads set held_by = 'put_off', next_at = $2, put_off_until = $2 where lead = $1",
        skipped, after(hours=1),
    )  # fmt: skip
    (due,) = await scene.callback_claims.due(NOON)
    assert await scene.callback_claims.claim(due, by="us", now=NOON, lease_s=9) is None
    assert await scene.claim() == []
    assert [await here.held_by(one) for one in (lead, theirs, callback)] == ["window"] * 3
    async with running(here.held.keep()):
        here.now = replace(here.now, timezone="Asia/Shanghai")

        async def free() -> bool:
            return await here.held_by(lead) is None

        await until(free, what="they are judged anew")
    assert [one.lead.lead for one in await scene.claim()] == [lead]
    assert await here.held_by(theirs) == "window", "it is night there, whatever is set here"
    assert await here.held_by(skipped) == "put_off"
    (due,) = await scene.callback_claims.due(NOON)
    assert due.lead == callback


async def test_a_day_off_that_is_taken_back_holds_nobody(here: SetCentre) -> None:
    here.now = replace(here.now, timezone=ZONE.key)
    scene = here.scene
    into = await scene.new_list()
    lead = await scene.lead(into, "+8613800000001")
    await scene.start(settings=SETTINGS.model_copy(update={"calendar": "office"}), lists=[into])
    assert await scene.claim() == []
    assert await here.held_by(lead) == "holiday"
    async with running(here.held.keep()):
        here.now = replace(here.now, calendars={"office": replace(HOLIDAY, exceptions={})})

        async def free() -> bool:
            return await here.held_by(lead) is None

        await until(free, what="it is judged anew")
    assert [one.lead.lead for one in await scene.claim()] == [lead]
