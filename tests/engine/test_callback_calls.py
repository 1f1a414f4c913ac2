"""Callbacks that an agent cancels at an awkward moment, on the engine and a database."""

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from acd.events import Ready
from campaigns.caller_callbacks import BookedCallback, CallerCallbacks, WishedCallback
from campaigns.number_locks import lock_numbers
from domain.call_facts import CallEnded
from domain.identity import CallId, NodeName
from engine.desk_ports import DialFault, DialStep
from engine.engine import Engine
from records.writing import write
from storage.database import Database, connection
from telephony.ami.link import Link
from tests.campaigns.campaigns_scene import CampaignScene
from tests.engine.outbound_floor import SETTINGS, OutboundFloor, nail_up
from tests.engine.test_board import AMY, SALES, enter, seat
from tests.links import StillLink
from tests.phones.called import zone_at_noon
from tests.storage.days import as_stored, entered, fact
from tests.telephony.calls.events import NODE
from tests.waiting import until

pytestmark = pytest.mark.live

NUMBER = "+8613800000009"


@pytest.fixture
def links() -> dict[NodeName, Link]:
    return {NODE: StillLink(NODE)}


async def test_a_callback_cancelled_while_its_row_is_written_is_not_placed(
    engine: Engine, database: Database
) -> None:
    scene, floor = CampaignScene(database), OutboundFloor(engine, database.pool)
    into = await scene.new_list()
    due_at = datetime.now(UTC) - timedelta(minutes=1)
    await scene.lead(into, NUMBER, callback_at=due_at, timezone=zone_at_noon())
    await scene.start(settings=SETTINGS, lists=[into])
    seat(engine)
    nail_up(engine, "1001")
    engine.floor.feed(Ready(AMY))
    async with connection(database.pool) as db:
        async with db.transaction():
            await lock_numbers(db, [NUMBER])  # so the row must wait
            calling = asyncio.create_task(floor.callbacks.run())

            def dials() -> bool:
                dial = floor.desks.at(AMY)
                return dial is not None and dial.step is DialStep.DIALLING

            await until(dials, what="the row is being written")
            assert floor.by_hand.hang_up(AMY)
        await until(lambda: floor.desks.at(AMY) is None, what="it is over")
        calling.cancel()
        notice = floor.desks.view(AMY).notice
        assert notice is not None and notice.fault is DialFault.CANCELLED
        assert not engine.calls.by_id, "the customer was called"
        assert await db.fetchval("select applied from attempts") == "never_placed"
        free = "select leased_by is null and state = 'open' from leads"
        await until(lambda: db.fetchval(free), what="the lead is given back")


async def test_nobody_rings_a_phone_that_is_calling_us(engine: Engine, database: Database) -> None:
    """Of two callers who are to be called back, the first is on the line again."""
    floor = OutboundFloor(engine, database.pool)
    call = enter(engine)
    assert call.caller is not None
    callers = CallerCallbacks(database.pool, lambda: ZoneInfo("Asia/Shanghai"))
    for name, number in (("a", call.caller), ("b", "13900000002")):
        before = entered(name, project="tea", line="carrier"), fact(name, 9, CallEnded, by="caller")
        async with connection(database.pool) as db:
            await write(db, [as_stored(one) for one in before])
        wish = WishedCallback(CallId(name), call.project, number, "CN", SALES)
        assert isinstance(await callers.book(wish), BookedCallback)
    due_at = datetime.now(UTC) - timedelta(minutes=1)
    await database.pool.execute(
        "update leads set timezone = $1, callback_at = $2, next_at = $2", zone_at_noon(), due_at
    )
    seat(engine)
    nail_up(engine, "1001")
    engine.floor.feed(Ready(AMY))
    calling = asyncio.create_task(floor.callbacks.run())

    reserved = "select number from attempts"
    await until(lambda: database.pool.fetchval(reserved), what="somebody is called back")
    rows = await database.pool.fetch(reserved)
    assert {row["number"] for row in rows} == {"+8613900000002"}
    calling.cancel()
