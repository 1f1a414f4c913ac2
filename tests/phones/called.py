"""Campaigns in a house of bent phones: customers are phones of the line, by their numbers."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import pytest_asyncio

from bench.planned_phone import PhoneLeg
from campaigns.campaign import CampaignSettings, CampaignState, Mode
from campaigns.campaign_service import Campaigns
from domain.identity import ProjectName
from domain.roles import Actor, Role
from tests.faults.scene import LINE, Scene
from tests.phones.bent import Ringing
from tests.phones.house import PhoneHouse
from tests.waiting import until

_presses = itertools.count(1)
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
    return zone_at(12)


def zone_at(hour: int) -> str:
    """A time zone in which the clock says so; ``hour`` is at most 13."""
    ahead = hour - datetime.now(UTC).hour
    # Named as POSIX does: minus is east of Greenwich, and at most 14 hours.
    return f"Etc/GMT{-(ahead if ahead >= -12 else ahead + 24):+d}"


async def new_leads(house: Scene, *numbers: str) -> int:
    """A list of customers for whom it is about noon."""
    return await _leads(house.pool, *numbers)


async def _leads(pool: asyncpg.Pool, *numbers: str) -> int:
    made: int = await pool.fetchval(
        "insert into lists (project, title, made_by) values ('tea', 'May', 'olga') returning list"
    )
    for number in numbers:
        lead = await pool.fetchval(
            "insert into leads (list, project, key, timezone, name, fields)"
            " values ($1, 'tea', $2, $3, 'Ms Li', $4) returning lead",
            made,
            number,
            zone_at_noon(),
            {"City": "Xi'an"},
        )
        await pool.execute(
            "insert into lead_numbers (lead, place, number) values ($1, 1, $2)", lead, number
        )
    return made


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def nothing_runs_on(house: PhoneHouse) -> AsyncIterator[None]:
    """Stop what a test has started, or it would take the next one's agents."""
    yield
    campaigns = Campaigns(house.pool)
    for campaign in await campaigns.seen_by(OPS):
        if campaign.state in (
            CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.DRAINING,
        ):  # fmt: skip
            await campaigns.move(OPS, campaign.name, CampaignState.STOPPED)


async def run_campaign(house: Scene, name: str, settings: CampaignSettings, *numbers: str) -> None:
    await start_campaign(house.pool, name, settings, *numbers)


async def start_campaign(
    pool: asyncpg.Pool, name: str, settings: CampaignSettings, *numbers: str
) -> None:
    """The same where there is only the database."""
    campaigns = Campaigns(pool)
    made = await campaigns.make(OPS, name, TEA, settings)
    await campaigns.change(OPS, name, made.change, lists=[await _leads(pool, *numbers)])
    await campaigns.move(OPS, name, CampaignState.RUNNING)


async def attempt_of(house: Scene, number: str) -> asyncpg.Record:
    """The only attempt of this number, once it is over."""

    async def over() -> asyncpg.Record | None:
        return await house.pool.fetchrow(
            "select * from attempts where number = $1 and ended_at is not null", number
        )

    return await until(over, what=f"the attempt of {number} is over")


def with_digits(call: Ringing) -> str:
    """What a phone says that can press keys (RFC 4733)."""
    plain = call.phone.sdp(call.leg).replace("RTP/AVP 8", "RTP/AVP 8 101")
    return plain.replace("a=sendrecv", "a=rtpmap:101 telephone-event/8000\r\na=sendrecv")


async def press(leg: PhoneLeg, digit: int) -> None:
    """Press a key for 100 ms."""
    assert leg.remote_rtp is not None
    stamp, ssrc = (8_000 * next(_presses)).to_bytes(4, "big"), leg.ssrc.to_bytes(4, "big")
    for number in range(8):
        end, lasted = number >= 5, min(number + 1, 5) * 160
        head = bytes((0x80, (0x80 if number == 0 else 0) | 101)) + (900 + number).to_bytes(2, "big")
        event = bytes((digit, (0x80 if end else 0) | 10)) + lasted.to_bytes(2, "big")
        leg.rtp.sendto(head + stamp + ssrc + event, leg.remote_rtp)
        await asyncio.sleep(0.02)


async def press_until(house: PhoneHouse, number: str, digit: int, stage: str) -> PhoneLeg:
    """Press a key in the campaign's flow until the customer has come so far; their leg."""
    await house.until_stage(number, "flow")
    (called,) = house.phone.rung_at(number)

    async def come() -> bool:
        await press(called.leg, digit)
        calls = (await house.console.board())["calls"]
        return any((row["caller"], row["stage"]) == (number, stage) for row in calls)

    await until(come, what=f"{number} is {stage}", every_s=0.2)
    return called.leg


async def accept_with_keys(call: Ringing) -> None:
    """A customer who answers, and can press keys."""
    call.accept(with_digits(call))
    await call.leg.acked.wait()
