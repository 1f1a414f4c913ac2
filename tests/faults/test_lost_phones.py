"""An agent's phone dies during a talk: the caller waits again, instead of counting as served."""

import asyncio
import re
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from centre.directory import Directory
from centre.running import centre_of
from configuration.centre_file import load
from configuration.in_force import from_files
from configuration.secrets import secrets_for
from domain.centre import Centre, Line, LineKind, SessionTimer
from domain.floor_facts import Queued, TalkEnded
from domain.identity import LineName, StationName
from farend.network import FarEnd
from offhook.controller import running
from records.call_queries import CallStore, StoredCall
from storage.embedded import EmbeddedServer
from telephony.asterisk.instance import Instance
from telephony.asterisk.provision import AsteriskInstall
from tests.conftest import InstanceFactory, PortBlocks
from tests.faults.scene import HOTLINE, LINE, open_pool, seat, story, write_centre
from tests.faults.strict_phone import PlainPhone
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.long]


async def test_the_caller_of_a_dead_phone_waits_again_at_the_head(
    asterisk_install: AsteriskInstall,
    ports: PortBlocks,
    tmp_path: Path,
    postgres: EmbeddedServer,
) -> None:
    state, block = tmp_path / "s", ports()
    config = load(write_centre(state, agents=2))
    sections = config.sections or Directory()
    secrets, centre = secrets_for(state, sections), centre_of(sections)
    dsn = await postgres.database("lost_phone")
    await seat(dsn, ["1001", "1002"])
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
        await far.phone(StationName("1002"), "answer-0,speak-2,hangup")
        phone = PlainPhone(ports().sip, (one.addresses.sip, one.ports.sip))
        stack.push_async_callback(phone.close)
        await phone.start()
        await phone.register("1001", secrets.sip["1001"])

        await far.customer(HOTLINE, "speak-60", line=LineName(LINE), caller="13800000001")
        await until(lambda: any(call.ledger.phones for call in engine.calls.by_id.values()))
        [call] = engine.calls.by_id.values()
        lost = engine.lost_phones
        lost.silent_s = 1.0

        # It sends no sound at all, and that for longer than it takes: but it is there.
        await lost.look()
        await asyncio.sleep(1.5)
        await lost.look()
        assert call.ledger.phones == {"1001"}
        assert call.phone_lost is None

        await phone.close()
        await one.process.console("pjsip qualify 1001")

        async def let_go() -> bool:  # it is tried for 3 s
            await lost.look()
            return "1001" not in call.ledger.phones

        await until(let_go, 60, "1001 to be let go of", every_s=0.2)
        await until(lambda: not engine.calls.by_id)

        pool = await open_pool(dsn)
        stack.callback(pool.terminate)
        calls = CallStore(pool)

        async def recorded() -> StoredCall | None:
            found = await calls.get(call.id, projects=None)
            return found if found is not None and found.record.recording is not None else None

        stored = await until(recorded, 30, "the record to know of its recording")
        assert stored is not None
        assert stored.record.recording is not None
        assert [(leg.station, leg.outcome, leg.ended_by) for leg in stored.record.legs] == [
            ("1001", "talked", "system"), ("1002", "talked", "agent")
        ], story(stored)  # fmt: skip
        [first, _] = [fact.what for fact in stored.timeline if isinstance(fact.what, TalkEnded)]
        assert first.why == "phone_gone", story(stored)
        assert [type(fact.what) for fact in stored.timeline].count(Queued) == 1
        assert stored.record.recording.whole, story(stored)


@pytest.mark.parametrize("timer", SessionTimer)
async def test_a_line_has_to_show_itself_every_45_s(
    timer: SessionTimer, instance: InstanceFactory, ports: PortBlocks, centre: Centre
) -> None:
    """Its death is noticed by that: 80.5 s after it, as measured, and 83 s at most.

    This far side knows no session timers; with ``supported`` it is never asked.
    """
    port = ports().sip
    host = f"127.0.0.1:{port}"
    carrier = Line(LINE, LineKind.TRUNK, 30, host=host, session_timer=timer)
    one = await instance(replace(centre, lines=(carrier,)))
    line = PlainPhone(port, (one.addresses.sip, one.ports.sip))
    await line.start()
    try:
        leg = await asyncio.wait_for(line.call("13800000001", HOTLINE), 30)
        timers = re.findall(r"^Session-Expires: (.*)\r$", line.answers[leg.call_id], re.M)
        always = timer is SessionTimer.ALWAYS
        assert timers == (["90;refresher=uas"] if always else [])
        await line.hang_up(leg)
    finally:
        await line.close()
