"""A campaign on a real Asterisk: customers are called on the line, and talk to agents."""

import asyncio
from datetime import UTC, datetime

import pytest

from campaigns.campaign import CampaignSettings, CampaignState, Mode
from campaigns.campaign_service import Campaigns
from domain.identity import ProjectName
from domain.roles import Actor, Role
from tests.faults.scene import LINE, kinds, story
from tests.phones.bent import Ringing
from tests.phones.house import PhoneHouse

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

OPS = Actor("olga", Role.OPS, None)
TEA = ProjectName("tea")
SPRING = CampaignSettings(
    title="Spring",
    queue="tea",
    line=LINE,
    mode=Mode.PROGRESSIVE,
    rules="us",
    caller_id="4008001000",
    message={"en": "This is Offhook Tea, 400 800 1000. Press 9 for no more calls."},
)


def zone_at_noon() -> str:
    """A time zone in which it is about noon, so that calls are allowed."""
    ahead = 12 - datetime.now(UTC).hour
    return f"Etc/GMT{-ahead:+d}"


async def _leads(house: PhoneHouse, *numbers: str) -> int:
    made: int = await house.pool.fetchval(
        "insert into lists (project, title, made_by) values ('tea', 'May', 'olga') returning list"
    )
    for number in numbers:
        lead = await house.pool.fetchval(
            "insert into leads (list, project, key, timezone) values ($1, 'tea', $2, $3)"
            " returning lead",
            made,
            number,
            zone_at_noon(),
        )
        await house.pool.execute(
            "insert into lead_numbers (lead, place, number) values ($1, 1, $2)", lead, number
        )
    return made


async def _running(house: PhoneHouse, name: str, settings: CampaignSettings, *numbers: str) -> None:
    campaigns = Campaigns(house.pool)
    made = await campaigns.make(OPS, name, TEA, settings)
    await campaigns.change(OPS, name, made.change, lists=[await _leads(house, *numbers)])
    await campaigns.move(OPS, name, CampaignState.RUNNING)


async def test_a_customer_who_answers_talks_to_an_agent(house: PhoneHouse) -> None:
    await house.phone.register(LINE)
    await house.ready("1001")
    number = "+8613800000001"

    async def customer(call: Ringing) -> None:
        call.ring()
        await asyncio.sleep(0.2)
        call.accept()

    house.phone.habits[number] = customer
    await _running(house, "spring", SPRING, number)
    await house.until_agent("1001", "talking")
    (called,) = house.phone.rung_at(number)
    await asyncio.sleep(1)
    await house.phone.hang_up(called.leg)
    stored = await house.stored(number)
    assert kinds(stored) == [
        "placed", "rang", "answered", "queued", "offered", "connected", "disconnected", "ended",
    ], story(stored)  # fmt: skip
    row = await house.pool.fetchrow("select * from attempts")
    print(dict(row))
    print(story(stored))
    await Campaigns(house.pool).move(OPS, "spring", CampaignState.STOPPED)
