"""Nailed-up phones while the controller is away, or when they die."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from acd.events import Ready
from centre.directory import Directory
from centre.running import centre_of
from configuration.centre_file import load
from configuration.in_force import from_files
from configuration.secrets import secrets_for
from domain.floor_facts import TalkEnded
from domain.identity import AgentCode, StationName
from engine.board_ports import LegState
from engine.calls.call import LiveCall
from engine.centre_ports import CommandOutcome
from farend.network import FarEnd
from offhook.controller import running
from storage.embedded import EmbeddedServer
from telephony.asterisk.instance import Instance
from telephony.asterisk.provision import AsteriskInstall
from tests.conftest import PortBlocks
from tests.faults.conftest import SceneFactory
from tests.faults.scene import (
    HOTLINE,
    LINE,
    Scene,
    assert_right,
    kinds,
    open_pool,
    seat,
    story,
    write_centre,
)
from tests.faults.strict_phone import PlainPhone
from tests.phones.called import SPRING, start_campaign
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.long]

AMY = StationName("1001")


async def _nailed_up(one: Scene) -> str:
    """1001 is connected, and ready; the call as their phone sees it."""
    await one.far.nail_up([AMY], ears=False)
    await one.command("1001", "connect")
    await one.until(lambda b: b["agents"][0]["leg"] == "up", what="1001 is connected")
    kept = one.stack.state / "rooms.json"
    await until(lambda: kept.exists() and "1001" in kept.read_text(), what="it is written down")
    found = one.far.at_phone(AMY)
    assert found is not None
    return found.call


async def test_a_talk_in_a_room_outlives_the_controller(scene: SceneFactory) -> None:
    one = await scene(agents=1, wrap_up_s=0, spare=True)
    phone = await _nailed_up(one)
    first = await one.customer("speak-300", "13800000001")
    await one.until_stages(talking=1)
    await one.talk_on()
    await one.stack.controller.kill()
    await one.stack.controller.start()
    board = await one.until_stages(talking=1)
    assert (board["agents"][0]["leg"], board["agents"][0]["state"]) == ("up", "talking")
    await one.far.press(phone, "*16")
    await one.far.ended(first)
    await one.until(lambda b: b["agents"][0]["state"] == "ready")

    second = await one.customer("speak-300", "13800000002")
    await one.until_stages(talking=1)
    await one.talk_on()
    await one.stack.controller.kill()
    await one.far.press(phone, "*16")  # nobody but Asterisk takes it
    await one.far.ended(second)
    await one.stack.controller.start()
    stored = await one.all_ended(["13800000001", "13800000002"])
    for call in stored:
        record = assert_right(call)
        assert record.outcome == "answered", story(call)
        assert record.talk_ended_by == "agent", story(call)
        (leg,) = record.legs
        assert (leg.agent, leg.station) == ("1001", "1001"), story(call)
    await one.until(lambda b: b["agents"][0]["state"] == "ready")
    await one.until_recorded(["13800000001", "13800000002"])


async def test_a_phone_that_hangs_up_while_the_controller_is_away_is_missed(
    scene: SceneFactory,
) -> None:
    one = await scene(agents=1, spare=True)
    await _nailed_up(one)
    await one.stack.controller.kill()
    await one.far.put_down(AMY)
    await one.stack.controller.start()
    board = await one.until(lambda b: b["agents"][0]["state"] == "paused")
    assert (board["agents"][0]["reason"], board["agents"][0]["leg"]) == ("disconnected", "lost")


async def test_asterisks_own_queue_reaches_rooms(scene: SceneFactory) -> None:
    one = await scene(agents=1, fallback_after_s=3, spare=True)
    phone = await _nailed_up(one)
    talking = await one.customer("speak-300", "13800000001")
    await one.until_stages(talking=1)
    await one.talk_on()
    await one.stack.controller.kill()
    waiting = await one.customer("speak-300", "13900000001")
    await asyncio.sleep(6)  # the room is not free: Asterisk's queue has the caller wait
    await one.far.press(phone, "*16")
    await one.far.ended(talking)

    async def in_room() -> bool:
        text = await one.stack.instance.process.console("confbridge list agent-1001")
        return "room-guest" in text

    await until(in_room, 60, "the next caller to come into the room", every_s=0.2)
    await one.talk_on()
    await one.far.press(phone, "*16")
    await one.far.ended(waiting)
    await one.stack.controller.start()
    stored = await one.all_ended(["13800000001", "13900000001"])
    for call in stored:
        record = assert_right(call)
        assert record.outcome == "answered", story(call)
        assert [leg.station for leg in record.legs if leg.connected_at] == ["1001"], story(call)
    assert kinds(stored[1]).count("fallback") == 1, story(stored[1])
    assert one.far.at_phone(AMY) is not None
    await one.until_recorded(["13800000001", "13900000001"])


async def test_a_phone_dies_in_its_room_and_in_a_talk(
    asterisk_install: AsteriskInstall, ports: PortBlocks, tmp_path: Path, postgres: EmbeddedServer
) -> None:
    state, block = tmp_path / "s", ports()
    config = load(write_centre(state, agents=2))
    sections = config.sections or Directory()
    secrets, centre = secrets_for(state, sections), centre_of(sections)
    dsn = await postgres.database("lost_room")
    await seat(dsn, ["1001"])
    one = Instance(
        state / "asterisk",
        block,
        centre,
        secrets.for_asterisk(centre),
        asterisk_install,
        node=config.node,
    )
    async with AsyncExitStack() as stack:
        stack.push_async_callback(one.stop)
        await one.start()
        engine = await stack.enter_async_context(
            running(from_files(config, state), state, block, dsn)
        )
        far = FarEnd(tmp_path / "f", ports(), asterisk_install, one, secrets.sip)
        stack.push_async_callback(far.stop)
        await far.start()
        rooms, lost, amy = engine.nailed_up, engine.lost_phones, AgentCode("1001")
        lost.silent_s = 1.0
        station = StationName("1001")

        async def phone() -> PlainPhone:
            made = PlainPhone(ports().sip, (one.addresses.sip, one.ports.sip))
            stack.push_async_callback(made.close)
            await made.start()
            await made.register("1001", secrets.sip["1001"])
            await until(lambda: engine.channels.station_state(station) == "idle")
            assert await rooms.connect(amy) is CommandOutcome.DONE
            await until(lambda: rooms.is_open(station), what="1001 to be connected")
            return made

        async def dies(dying: PlainPhone) -> None:
            await dying.close()
            await one.process.console("pjsip qualify 1001")

            async def gone() -> bool:  # it is tried for 3 s
                await lost.look()
                return not rooms.is_open(station)

            await until(gone, 60, "the room to be closed", every_s=0.2)

        there = await phone()
        await lost.look()
        await asyncio.sleep(1.5)
        await lost.look()
        assert rooms.is_open(station)  # it sends nothing, but it is there
        await dies(there)
        seat_now = engine.floor.core.agent(amy)
        assert seat_now is not None
        assert (seat_now.state, seat_now.reason) == ("paused", "disconnected")
        assert rooms.state(station) is LegState.LOST

        there = await phone()

        engine.floor.feed(Ready(amy))
        caller = await far.customer(HOTLINE, "speak-60", line=LINE, caller="13800000001")
        await until(lambda: any(call.ledger.phones for call in engine.calls.by_id.values()))
        [call] = engine.calls.by_id.values()
        await asyncio.sleep(1.2)
        await lost.look()
        await dies(there)
        await until(lambda: [w.call for w in engine.floor.core.waiting] == [call.id])
        ends = [f.what for f in call.ledger.facts if isinstance(f.what, TalkEnded)]
        assert [(end.by, end.why) for end in ends] == [("system", "phone_gone")]
        there = await phone()
        engine.floor.feed(Ready(amy))
        await until(lambda: call.ledger.phones == {station}, what="the caller to be served")
        assert not call.held_at_desk
        await far.hang_up(caller)

        # The same in a talk with a customer whom a campaign called.
        engine.floor.feed(Ready(amy))
        await far.plan("+8613700000001", "pick,speak-120")
        pool = await open_pool(dsn)
        stack.push_async_callback(pool.close)
        await start_campaign(pool, "dies", SPRING, "+8613700000001")
        placed = await until(
            lambda: next((one for one in engine.calls.by_id.values() if one.ledger.phones), None),
            what="the customer to be connected",
        )
        assert isinstance(placed, LiveCall) and placed.placed is not None
        await asyncio.sleep(1.2)
        await lost.look()
        await dies(there)
        await until(lambda: [w.call for w in engine.floor.core.waiting] == [placed.id])
        await phone()
        engine.floor.feed(Ready(amy))
        await until(lambda: placed.ledger.phones == {station}, what="the customer to be served")
        assert placed.id in engine.calls.by_id
