"""Rows of attempts that went no further, because the database went away at that moment."""

import asyncio
from datetime import datetime

import pytest

from campaigns.attempts import Attempts, NotReserved, WishedAttempt
from campaigns.campaign import Mode
from campaigns.hand_dialling import HandDialling
from domain.identity import CallId, LineName, NodeName
from engine.engine import Engine
from engine.outbound.unplaced import UnplacedAttempts
from engine.outbound.way_out import Shut, WayOut, WishedCall
from storage.database import Database
from telephony.ami.link import Link
from tests.campaigns.campaigns_scene import NOON, SPRING, TEA, US, ZONE, CampaignScene
from tests.links import StillLink
from tests.telephony.calls.events import NODE
from tests.waiting import until

pytestmark = pytest.mark.live

NUMBER = "+8613800000001"


class GoesAway(Attempts):
    """The database goes away before an answer comes, of whatever is in ``lost``: what was asked of
    it is done, or (a withdrawal) isn't."""

    lost: tuple[str, ...] = ("reserve",)

    async def reserve(self, wish: WishedAttempt, *, by: str, now: datetime) -> NotReserved | None:
        refused = await super().reserve(wish, by=by, now=now)
        if "reserve" in self.lost:
            raise ConnectionResetError
        return refused

    async def withdraw(self, attempt: CallId, now: datetime) -> bool:
        if "withdraw" in self.lost:
            raise ConnectionResetError
        return await super().withdraw(attempt, now)


@pytest.fixture
def links() -> dict[NodeName, Link]:
    return {NODE: StillLink(NODE)}


@pytest.mark.parametrize("lost", [("reserve", "withdraw"), ("withdraw",)])
async def test_a_row_without_a_call_is_closed_once_the_database_is_back(
    engine: Engine, database: Database, lost: tuple[str, ...]
) -> None:
    scene = CampaignScene(database)
    into = await scene.new_list()
    await scene.lead(into, NUMBER)
    await scene.start(lists=[into])
    (claimed,) = await scene.claim()
    attempts = GoesAway(database.pool, lambda: ZONE)
    attempts.lost = lost
    door = WayOut(
        US, engine.lines_out, engine.calls, engine.talks, engine.links, engine.channels, attempts,
        HandDialling(database.pool, lambda: ZONE), clock=lambda: NOON,
    )  # fmt: skip
    door.unplaced = UnplacedAttempts(attempts, clock=lambda: NOON, retry_s=0.05)
    wish = WishedCall(
        SPRING, TEA, claimed.lead.lead, NUMBER, LineName("carrier"), Mode.POWER, ring_s=20
    )
    asked = iter([True, False])  # it isn't wanted any more once the row is there
    came = await door.place(wish, lambda _: pytest.fail("placed"), wanted=lambda: next(asked))
    assert isinstance(came, Shut)
    (row,) = await scene.attempts.open()
    assert row.ended_at is None
    closing = asyncio.create_task(door.unplaced.close())
    await asyncio.sleep(0)
    attempts.lost = ()
    await until(lambda: _all_closed(scene), what="the row is closed")
    closing.cancel()
    assert await database.pool.fetchval("select applied from attempts") == "never_placed"
    assert not engine.calls.by_id


async def _all_closed(scene: CampaignScene) -> bool:
    return not await scene.attempts.open()


async def test_a_row_that_comes_late_is_found_and_one_that_never_comes_is_forgotten(
    database: Database,
) -> None:
    scene = CampaignScene(database)
    into = await scene.new_list()
    await scene.lead(into, NUMBER)
    await scene.start(lists=[into])
    (claimed,) = await scene.claim()
    unplaced = UnplacedAttempts(scene.attempts, clock=lambda: NOON, retry_s=0.05, sought_s=600)
    unplaced.add(CallId("pbx1-offhook.1"))
    closing = asyncio.create_task(unplaced.close())
    call = await scene.reserve(claimed)
    unplaced.add(call)
    await until(lambda: _all_closed(scene), what="the row is closed")
    closing.cancel()
    brief = UnplacedAttempts(scene.attempts, clock=lambda: NOON, retry_s=0.01, sought_s=0.02)
    brief.add(call)
    closing = asyncio.create_task(brief.close())
    await until(lambda: not brief.sought, what="it is given up")
    closing.cancel()
