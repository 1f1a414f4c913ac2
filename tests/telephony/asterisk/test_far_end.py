"""The far end behaves as its table says; the main Asterisk dials out to it here."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from domain.centre import Centre, Line, LineKind
from domain.identity import LineName, StationName
from farend.ami_client import Event, FarEndError, Remote
from telephony.asterisk.instance import Instance
from telephony.asterisk.provision import AsteriskInstall
from tests.conftest import PortBlocks
from tests.pair import Pair, paired
from tests.telephony.asterisk.controller import Session, controller
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.long, pytest.mark.asyncio(loop_scope="module")]


async def _call(watch: Remote, number: str, line: str, timeout: int = 8) -> Event:
    """Dial ``number`` over ``line``; the reply says what came of it."""
    call = f"out-{number}"
    await watch.action(
        "Originate",
        {
            "Channel": f"PJSIP/{number}@{line}",
            "Application": "Wait",
            "Data": "1",
            "Timeout": str(timeout * 1000),
            "ChannelId": call,
            "Async": "true",
        },
    )

    def ended() -> dict[str, str] | None:
        for event in watch.events:
            if event.get("Event") == "Hangup" and event["Uniqueid"] == call:
                return event
        return None

    end = await until(ended, timeout + 5, f"the end of {call}")
    assert end is not None
    states = [
        event["ChannelState"]
        for event in watch.events
        if event.get("Event") == "Newstate" and event["Uniqueid"] == call
    ]
    return end | {"States": ",".join(states)}


async def _reachable(one: Instance, line: str) -> None:
    """Returns when the line's peer has answered, be it before anybody watched."""

    async def answered() -> bool:
        contacts = await one.process.console("pjsip show contacts")
        return any(f" {line}/sip:" in c and " Avail " in c for c in contacts.splitlines())

    await until(answered, 60, f"{line} to be reachable", every_s=0.1)


async def _watch(one: Instance) -> Remote:
    watch = Remote()
    await watch.connect(*one.ami, one.ami_user, one.secrets.ami)
    return watch


async def test_each_number_has_its_behaviour(pair: Pair) -> None:
    watch = await _watch(pair.pbx)
    expected = {
        "13901010001": ("5,6", 0),  # rings, answers
        "13902000001": ("5", 17),  # busy
        "13903000001": ("5", 19),  # rings until we give up
        "13908000001": ("", 1),  # unallocated
        "13909000001": ("", 34),  # congestion
        "13910000001": ("5", 21),  # refused
        "13911000001": ("5", 19),  # unreachable: 480
        "13999000001": ("", 1),  # no such behaviour
        "02112345678": ("5,6", 0),  # any other number answers
    }
    ended = await asyncio.gather(*(_call(watch, n, "carrier", 4) for n in expected))
    seen = {n: (e["States"], int(e["Cause"])) for n, e in zip(expected, ended, strict=True)}
    assert seen == expected
    await watch.close()


@pytest_asyncio.fixture(loop_scope="module")
async def trunk_pair(
    asterisk_install: AsteriskInstall, ports: PortBlocks, tmp_path: Path, centre: Centre
) -> AsyncIterator[Pair]:
    """One whose carrier is known by its address."""
    host = f"127.0.0.2:{ports().sip}"
    trunk = Line(LineName("carrier"), LineKind.TRUNK, 30, host=host)
    lines = (centre.lines[0], trunk)
    async with paired(asterisk_install, ports, tmp_path, replace(centre, lines=lines)) as one:
        yield one


async def test_a_trunk_known_by_its_address_needs_no_password(trunk_pair: Pair) -> None:
    one, far = trunk_pair.pbx, trunk_pair.far
    lines: list[str] = []

    async def play(session: Session) -> None:
        await session.command("ANSWER")
        lines.append(await session.variable("OFFHOOK_LINE"))
        await session.done()

    async with controller(one.ports.agi, play):
        for line in (LineName("carrier"), LineName("gateway-lines")):
            # A caller whose number is a station's name is still the line's caller.
            call = await far.customer("4008001000", "stay", line=line, caller="1001")
            assert await far.ended(call) == 16
    assert lines == ["carrier", "gateway-lines"]
    watch = await _watch(one)
    # Asked for before the far end was there, the trunk would be unreachable for another minute.
    await watch.action("PJSIPQualify", {"Endpoint": "carrier"})
    await _reachable(one, "carrier")
    assert int((await _call(watch, "13902000001", "carrier"))["Cause"]) == 17
    await watch.close()


async def test_silence_is_silence_and_digits_arrive_over_both_kinds_of_line(pair: Pair) -> None:
    one, far = pair.pbx, pair.far
    seen: dict[str, tuple[int, str]] = {}

    async def play(session: Session) -> None:
        await session.command("ANSWER")
        await asyncio.sleep(1.5)
        received = await session.command('GET FULL VARIABLE "${CHANNEL(rtp,rxcount)}"')
        packets = int(received.partition("(")[2].partition(")")[0] or 0)
        digits = ""
        for _ in range(3):
            reply = await session.command("WAIT FOR DIGIT 4000")
            code = int(reply.partition("result=")[2].split()[0])
            digits += chr(code) if code > 0 else "-"
        seen[await session.variable("OFFHOOK_LINE")] = (packets, digits)
        await session.done()

    async with controller(one.ports.agi, play):
        for line in (LineName("carrier"), LineName("gateway-lines")):
            call = await far.customer("4008001000", "silent-2,press-1*0,speak-2,stay", line=line)
            assert await far.ended(call) == 16
    assert seen == {"carrier": (0, "1*0"), "gateway-lines": (0, "1*0")}


async def test_an_unknown_step_is_refused_at_once(pair: Pair) -> None:
    far = pair.far
    for steps in ("jump-3", "wait", "wait-x", "answer-1", "wait-1&hangup", "wait-1\r\nAction: x"):
        with pytest.raises(FarEndError, match="not a step for a customer"):
            await far.customer("4008001000", steps, line=LineName("carrier"))
    with pytest.raises(FarEndError, match="not a step for a phone"):
        await far.phone(StationName("1001"), "fly")
