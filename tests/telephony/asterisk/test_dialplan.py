"""The dialplan with the controller, without it, and with it coming back."""

import asyncio
import contextlib
import csv
import re
import time
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from domain.centre import Centre
from domain.identity import LineName, StationName
from farend.ami_client import Remote
from telephony.ami.ami_wire import Message
from telephony.ami.link import Link
from telephony.asterisk.instance import Instance
from telephony.asterisk.provision import AsteriskInstall
from tests.conftest import PortBlocks
from tests.pair import Pair, paired
from tests.telephony.ami.watch import Watch
from tests.telephony.asterisk.controller import Session, controller
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.long, pytest.mark.asyncio(loop_scope="module")]

HOTLINE = "4008001000"


async def _waits(session: Session) -> None:
    """A caller in the queue: answered, music, and then not a word."""
    await session.command("ANSWER")
    await session.command("SET VARIABLE OFFHOOK_STAGE queue")
    await session.command(f"SET VARIABLE OFFHOOK_QUEUED_AT {time.time():.3f}")
    await session.command("EXEC StartMusicOnHold")
    await session.command("WAIT FOR DIGIT -1")


def _waiting(sessions: Iterable[Session]) -> int:
    """How many have said all that they say."""
    return sum(session.said.startswith("WAIT") for session in sessions)


async def test_a_call_carries_its_variables(pair: Pair) -> None:
    one, far = pair.pbx, pair.far
    seen: dict[str, str] = {}

    async def play(session: Session) -> None:
        await session.command("ANSWER")
        for name in ("CALL", "HOTLINE", "LINE", "STAGE", "ENTERED_AT", "DONE"):
            seen[name] = await session.variable(f"OFFHOOK_{name}")
        seen["uniqueid"] = session.env["agi_uniqueid"]
        seen["exten"] = session.env["agi_extension"]
        await session.done()

    async with controller(one.ports.agi, play) as served:
        for line in (LineName("carrier"), LineName("gateway-lines")):
            call = await far.customer(HOTLINE, "stay", line=line, caller="1001")
            assert await far.ended(call) == 16
            assert seen["CALL"] == f"pbx1-{seen['uniqueid']}"
            assert (seen["HOTLINE"], seen["exten"], seen["STAGE"]) == (HOTLINE, HOTLINE, "flow")
            assert seen["LINE"] == line
            assert abs(float(seen["ENTERED_AT"]) - time.time()) < 5
        assert len(served.sessions) == 2
    rows = list(csv.reader(one.cel.open()))
    calls = [row for row in rows if row[1] == "HANGUP"]
    assert {row[9] for row in calls} >= {seen["CALL"]}
    assert all(re.fullmatch(r"\d{10}\.\d{6}", row[0]) for row in rows)
    assert one.process.problems() == []  # this test is the module's first


async def test_sound_is_bound_to_the_address_of_sip(pair: Pair) -> None:
    one, far = pair.pbx, pair.far
    bound: set[str] = set()

    async def play(session: Session) -> None:
        await session.command("ANSWER")
        sockets = psutil.Process(one.process.pid).net_connections("udp")
        bound.update(
            known.laddr.ip
            for known in sockets
            if one.ports.rtp_start <= known.laddr.port <= one.ports.rtp_end
        )
        await session.done()

    async with controller(one.ports.agi, play):
        call = await far.customer(HOTLINE, "stay", line=LineName("carrier"))
        assert await far.ended(call) == 16
    assert bound == {"127.0.0.1"}


async def test_back_within_5_s_when_the_controller_returns(pair: Pair) -> None:
    one, far = pair.pbx, pair.far
    async with controller(one.ports.agi, _waits) as first:
        calls = [await far.customer(HOTLINE, "stay", line=LineName("carrier")) for _ in range(5)]
        await until(lambda: _waiting(first.sessions) == 5, 60)
        await first.die()
        await asyncio.sleep(2)
        stages: dict[str, str] = {}

        async def again(session: Session) -> None:
            stages[session.env["agi_uniqueid"]] = await session.variable("OFFHOOK_STAGE")
            await session.done()

        async with controller(one.ports.agi, again):
            await until(lambda: len(stages) == 5, 60)
            assert set(stages.values()) == {"queue"}
            for call in calls:
                assert await far.ended(call) == 16


async def test_a_controller_that_is_back_at_once_is_not_spoken_of(pair: Pair) -> None:
    one, far = pair.pbx, pair.far
    told: dict[str, str] = {}

    async def again(session: Session) -> None:
        told[session.env["agi_uniqueid"]] = await session.variable("OFFHOOK_TOLD")
        await session.done()

    async with controller(one.ports.agi, _waits) as first:
        calls = [await far.customer(HOTLINE, "stay", line=LineName("carrier")) for _ in range(3)]
        await until(lambda: _waiting(first.sessions) == 3, 60)
        await first.die()
        async with controller(one.ports.agi, again):
            for call in calls:
                assert await far.ended(call) == 16
    assert list(told.values()) == ["", "", ""]


@pytest_asyncio.fixture(loop_scope="module")
async def impatient_pair(
    asterisk_install: AsteriskInstall, ports: PortBlocks, tmp_path: Path, centre: Centre
) -> AsyncIterator[Pair]:
    """One that does without the controller after 3 s."""
    async with paired(asterisk_install, ports, tmp_path, centre, fallback_after_s=3) as one:
        yield one


async def test_falls_to_asterisks_own_queue_when_nobody_returns(impatient_pair: Pair) -> None:
    one, far = impatient_pair.pbx, impatient_pair.far
    for station in one.centre.stations:
        await far.phone(station.name, "answer-0,speak-2,hangup")
    watch = Remote()
    await watch.connect(*one.ami, one.ami_user, one.secrets.ami)
    call = await far.customer(HOTLINE, "speak-20", line=LineName("gateway-lines"))
    ringing = await far.event("FarendRinging", timeout=20)
    assert ringing["Caller"] == "13800138000"
    assert await far.ended(call, timeout=20) == 16
    told = [e for e in watch.events if e.get("UserEvent") == "OffhookFallback"]
    assert len(told) == 1
    assert told[0]["Call"].startswith("pbx1-")
    assert told[0]["ChanVariable"]
    await watch.close()
    assert [p.stat().st_size > 8000 for p in (one.spool / "monitor").glob("*.raw")] == [True]


async def test_a_talk_goes_on_without_the_controller_and_is_not_queued_again(pair: Pair) -> None:
    one, far = pair.pbx, pair.far
    await far.phone(StationName("1001"), "answer-0,speak-2,stay")

    async def play(session: Session) -> None:
        await session.command("ANSWER")
        before = "B(offered^s^1(1001^lost.raw^bD))"
        await session.command(f"EXEC Dial PJSIP/1001,15,g{before}U(answered)")

    async with controller(one.ports.agi, play) as first:
        call = await far.customer(HOTLINE, "stay", line=LineName("carrier"))
        phone = await far.event("FarendAnswered", Station="1001")
        await first.die()
        # What the agent has to say is said to its end, and then it is they who hang up: that
        # would be refused if the talk were over.
        await far.event("FarendStep", Station="1001", Step="stay")
        await far.hang_up(phone["Channel"])
        assert await far.ended(call, timeout=25) == 16
        rung = [e for e in far.remote.events if e.get("UserEvent") == "FarendRinging"]
        assert len(rung) == 1


async def test_a_blind_transfer_comes_back_for_the_score(pair: Pair) -> None:
    one, far = pair.pbx, pair.far
    await far.phone(StationName("1001"), "answer-0,speak-1,transfer-blind-1002")
    await far.phone(StationName("1002"), "answer-0,speak-2,hangup")
    seen: list[tuple[str, str, str]] = []
    callers: list[str] = []

    async def play(session: Session) -> None:
        callers.append(session.env["agi_channel"])
        stage = await session.variable("OFFHOOK_STAGE")
        seen.append(
            (
                stage,
                await session.variable("OFFHOOK_TRANSFER"),
                await session.variable("OFFHOOK_TRANSFER_STATUS"),
            )
        )
        if stage == "flow":
            await session.command("ANSWER")
            await session.command("SET VARIABLE OFFHOOK_STAGE dialling")
            await session.command("EXEC Dial PJSIP/1001,15,g")
            # The transferred caller's session ends as if they had hung up; a new one follows.
            with pytest.raises(ConnectionError):
                await session.variable("DIALSTATUS")
            return
        await session.done()

    refused: asyncio.Queue[Message] = asyncio.Queue()

    def look(message: Message) -> None:
        if message.name == "BlindTransfer":
            refused.put_nowait(message)

    async with (
        controller(one.ports.agi, play) as served,
        linked(one, look) as link,
    ):
        call = await far.customer(HOTLINE, "stay", line=LineName("carrier"))
        # A mixing bridge refuses it; the controller sends the caller where the phone said.
        event = await asyncio.wait_for(refused.get(), 20)
        assert (event.get("Result"), event.get("Context")) == ("Fail", "transfer")
        where = {"Context": "transfer", "Exten": event.get("Extension"), "Priority": "1"}
        await link.action("Redirect", {"Channel": callers[0], **where})
        assert await far.ended(call) == 16
        assert served.errors == []
    assert seen == [("flow", "", ""), ("talked", "1002", "ANSWER")]


@contextlib.asynccontextmanager
async def linked(one: Instance, look: Callable[[Message], None]) -> AsyncIterator[Link]:
    """An AMI link of the product's own user, as long as the context lasts."""
    host, port = one.ami
    link = Link(one.node, host, port, one.ami_user, one.secrets.ami)
    watch = Watch()
    watch.spoil = look
    running = asyncio.create_task(link.run(watch))
    await link.wait_up(60)
    yield link
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_an_attended_transfer_and_hold_are_seen(pair: Pair) -> None:
    one, far = pair.pbx, pair.far
    await far.phone(
        StationName("1001"), "answer-0,speak-1,hold-1,speak-1,transfer-attended-1003,wait-5"
    )
    await far.phone(StationName("1003"), "answer-0,speak-4,hangup")
    watch = Remote()
    await watch.connect(*one.ami, one.ami_user, one.secrets.ami)

    async def play(session: Session) -> None:
        await session.command("ANSWER")
        await session.command("EXEC Dial PJSIP/1001,15,g")
        await session.done()

    async with controller(one.ports.agi, play):
        call = await far.customer(HOTLINE, "speak-30", line=LineName("carrier"))
        assert await far.ended(call, timeout=30) == 16
    names = [event.get("Event") for event in watch.events]
    assert names.count("Hold") == 1
    assert "Unhold" in names  # Asterisk says it again at each later re-INVITE
    assert names.count("AttendedTransfer") == 1
    await watch.close()


async def test_feature_codes_reach_the_controller(pair: Pair) -> None:
    one, far = pair.pbx, pair.far
    seen: list[tuple[str, ...]] = []

    async def play(session: Session) -> None:
        names = ("OFFHOOK_FEATURE", "OFFHOOK_FEATURE_ARG", "OFFHOOK_STATION")
        seen.append((session.path, *[await session.variable(name) for name in names]))
        await session.command("ANSWER")
        await session.done()

    async with controller(one.ports.agi, play):
        for code in ("*10", "*11", "*12", "*13", "*132", "*14", "*15"):
            assert await far.ended(await far.dial(StationName("1001"), code)) == 16
        assert await far.ended(await far.dial(StationName("1001"), "*16", "stay")) == 1
    assert [row[1] + row[2] for row in seen] == ["*10", "*11", "*12", "*13", "*132", "*14", "*15"]
    assert {(row[0], row[3]) for row in seen} == {("agent", "1001")}
