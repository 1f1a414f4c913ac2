"""Who may drive which call: real sessions at the real server, the engine behind it."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bench.agi_requests import caller, environment
from bench.fuzzed_server import HOTLINE, LINE, NODE, FuzzedServer, door
from domain.identity import NodeName
from telephony.ami.ami_wire import Message
from telephony.ami.link import Link
from telephony.ami.protocol import ActionRefused
from tests.telephony.agi.peer import Peer
from tests.waiting import until

UID = "1795000000.7"
CALL = f"{NODE}-{UID}"


@pytest.fixture
def timing() -> dict[str, float]:
    """The controller's ``ReportTiming``, where it is not the usual one."""
    return {}


@pytest.fixture
async def here(tmp_path: Path, timing: dict[str, float]) -> AsyncIterator[FuzzedServer]:
    async with door(tmp_path, **timing) as one:
        yield one


impatient = pytest.mark.parametrize("timing", [{"late_s": 0.05}], ids=["impatient"])
"""Asterisk is asked soon when AMI is late."""


class UpLink(Link):
    """Is up, without an Asterisk; when asked for a channel, it knows these."""

    up = True

    def __init__(self, *known: str) -> None:
        super().__init__(NODE, "127.0.0.1", 1, "x", "y")
        self.known = known
        self.asked: list[str] = []

    async def listing(self, name: str, headers: Any = None, **_: Any) -> list[Message]:
        self.asked.append(headers["Channel"])
        if headers["Channel"] not in self.known:
            reply = Message.of({"Response": "Error", "Message": "No such channel"})
            raise ActionRefused(name, reply)
        status = {"Event": "Status", "Channel": f"PJSIP/{LINE}-1", "Uniqueid": headers["Channel"]}
        return [Message.of(status)]


def ami_is_up(here: FuzzedServer, *known: str) -> list[str]:
    """AMI is up, and Asterisk has these channels when it is asked; returns those asked for."""
    link = UpLink(*known)
    here.links[NODE] = link
    return link.asked


def new_channel(here: FuzzedServer, uniqueid: str, name: str) -> None:
    event = {"Event": "Newchannel", "Channel": name, "Uniqueid": uniqueid, "ChannelState": "4"}
    here.engine.switches.on_message(NODE, Message.of(event))


async def start(here: FuzzedServer, said: bytes) -> Peer:
    peer = await Peer.connect(here.server.port)
    peer.send(said)
    return peer


def phone(station: str, code: str, node: str = NODE) -> bytes:
    return environment("agent", UID, (station, code, ""), node)


def session(node: str = NODE, hotline: str = HOTLINE, line: str = LINE, *more: str) -> bytes:
    return environment("call", UID, (hotline, line, f"{time.time():.3f}", *more), node)


async def assert_refused(here: FuzzedServer, said: bytes, why: str) -> None:
    """One line says why, no call is left, and the dialplan was given no command."""
    with capture_logs() as logs:
        peer = await start(here, said)
        assert await peer.command() == "" and await peer.ended()
        await until(lambda: not here.server.sessions)
    (warning,) = [entry for entry in logs if entry["log_level"] in ("warning", "error")]
    assert warning["event"] == "agi session refused" and why in warning["why"]
    assert not here.engine.calls.by_id


@pytest.mark.parametrize(
    ("say", "why"),
    [
        (partial(session, "pbx9"), "calls itself 'pbx9', and the configuration's node is pbx1"),
        (partial(session, ""), "calls itself ''"),
        (partial(session, NODE, "123"), "there is no hotline '123'"),
        (partial(session, NODE, HOTLINE, "nosuch"), "there is no line 'nosuch'"),
        (partial(session, NODE, HOTLINE, LINE, "evil"), "there is no stage 'evil'"),
        (partial(session, NODE, HOTLINE, LINE, *"a" * 27), "30 arguments"),
        (partial(environment, "call", UID, ()), "0 arguments"),
        (
            partial(environment, "call", "a b/../c", (HOTLINE, LINE, "1")),
            "is not one of Asterisk's",
        ),
        (
            partial(phone, "1009", "*10"),
            "there is no station '1009'",
        ),
        (partial(phone, "1001", "*10", "pbx9"), "calls itself 'pbx9'"),
        (partial(phone, "1001", "*10", ""), "calls itself ''"),
    ],
)
async def test_what_is_not_configured_leaves_no_ghost(
    here: FuzzedServer, say: Callable[[], bytes], why: str
) -> None:
    await assert_refused(here, say(), why)


@pytest.mark.parametrize("at", ["nan", "inf", "-inf", "1e308", "-6e10", "2.5e11", "abc", "", "0"])
async def test_a_number_that_is_no_moment_costs_no_call(here: FuzzedServer, at: str) -> None:
    peer = await start(here, caller(UID, "queue", "sales", "bye", "en", at, at=at))
    assert "OFFHOOK_STAGE=queue" in await peer.answer("200 result=0")
    call = here.engine.calls.by_id[CALL]  # type: ignore[index]
    assert abs(call.entered_at.timestamp() - time.time()) < 30
    (waiting,) = here.engine.floor.core.waiting
    assert abs(here.engine.clock.now() - waiting.since) < 30
    peer.close()


@impatient
async def test_a_channel_that_asterisk_has_not_is_refused(here: FuzzedServer) -> None:
    asked = ami_is_up(here)
    await assert_refused(here, session(), "pbx1 has no channel '1795000000.7'")
    assert asked == [UID]


@impatient
async def test_a_channel_whose_event_is_late_is_asked_for(here: FuzzedServer) -> None:
    asked = ami_is_up(here, UID)
    peer = await start(here, caller(UID, "queue", "sales", "bye", "en"))
    assert "MSet" in await peer.command()
    assert asked == [UID]
    peer.close()


async def test_a_channel_that_ami_tells_of_in_time_waits_for_nothing(here: FuzzedServer) -> None:
    asked = ami_is_up(here)
    peer = await start(here, caller(UID, "queue", "sales", "bye", "en"))
    await until(lambda: here.engine.admission.awaited)
    new_channel(here, UID, f"PJSIP/{LINE}-00000001")
    assert "MSet" in await peer.command()
    assert asked == []
    peer.close()


async def test_a_channel_is_what_ami_says_it_is(here: FuzzedServer) -> None:
    ami_is_up(here)
    new_channel(here, UID, "PJSIP/1001-00000001")
    await assert_refused(here, session(), "is 'PJSIP/1001-00000001', not one of the line")
    await assert_refused_again(here, phone("phone-of-the-quiet", "*10"))
    peer = await start(here, phone("1001", "*10"))
    assert await peer.command() == "ANSWER"
    peer.close()


async def assert_refused_again(here: FuzzedServer, said: bytes) -> None:
    """As before, within the minute: nothing is logged."""
    with capture_logs() as logs:
        peer = await start(here, said)
        assert await peer.command() == "" and await peer.ended()
    assert not [entry for entry in logs if entry["log_level"] == "warning"]


async def test_whoever_hangs_up_before_being_admitted_is_no_ghost(here: FuzzedServer) -> None:
    ami_is_up(here)
    peer = await start(here, session())
    await until(lambda: here.engine.admission.awaited)
    peer.cut()
    await until(lambda: not here.server.sessions)
    assert not here.engine.calls.by_id and not here.engine.admission.awaited


async def test_a_second_session_of_a_waiting_caller_takes_nothing(here: FuzzedServer) -> None:
    """A stranger has read the token in a log, say."""
    said = caller(UID, "queue", "quiet", "bye", "en")
    mine = await start(here, said)
    while "StartMusicOnHold" not in await mine.answer("200 result=0"):
        pass
    with capture_logs() as logs:
        other = await start(here, said)
        assert await other.command() == "" and await other.ended()
    (warning,) = [entry for entry in logs if entry["log_level"] == "warning"]
    assert "has opened a session already" in warning["why"]
    assert [view.call for view in here.engine.floor.core.waiting] == [CALL]
    assert here.server.sessions == 1
    mine.close()


async def test_a_caller_who_comes_back_is_taken_up_and_the_earlier_session_ends(
    here: FuzzedServer,
) -> None:
    first = await start(here, caller(UID, "queue", "quiet", "bye", "en"))
    await first.command()
    second = await start(here, caller(UID, "queue", "quiet", "bye", "en"))
    third = await start(here, caller(UID, "queue", "quiet", "bye", "en"))
    assert await first.ended()
    assert "MSet" in await third.command()
    await until(lambda: here.server.sessions == 1)
    async with asyncio.timeout(60):
        await second.reader.read()  # it may have been told something, and has ended
    call = here.engine.calls.by_id[CALL]  # type: ignore[index]
    assert call.attached
    third.cut()
    await until(lambda: not here.server.sessions)
    assert not call.attached


@impatient
async def test_a_session_from_a_time_without_ami_ends_when_asterisk_does_not_know_it(
    here: FuzzedServer,
) -> None:
    engine = here.engine
    engine.switches.on_down(NODE, "cut")
    await asyncio.sleep(0.002)
    peer = await start(here, caller(UID, "queue", "quiet", "bye", "en"))
    await peer.command()
    ami_is_up(here)
    with capture_logs() as logs:
        await here.look()
        await until(lambda: CALL not in engine.calls.by_id)
        assert await peer.ended()
    (warning,) = [entry for entry in logs if entry["log_level"] == "warning"]
    assert "began while AMI was down" in warning["event"] and warning["call"] == CALL
    await until(lambda: not here.server.sessions)
    assert not [view for view in engine.floor.core.waiting if view.call == CALL]


async def types(here: FuzzedServer, station: str, code: str, pin: str) -> str:
    """Log in at a phone; the agent who then sits there, or why nobody does."""
    peer = await start(here, environment("agent", f"1.{pin}", (station, "*11", "")))
    keys = iter((code[0], code[1:], pin[0], pin[1:]))
    heard = ""
    while command := await peer.command():
        heard = command if command.startswith("STREAM") else heard
        keyed = next(keys, "0") if command.startswith("GET DATA") else "0"
        peer.send(f"200 result={keyed} endpos=800\n".encode())
        if command == "HANGUP":
            break
    peer.close()
    return heard


async def test_simultaneous_sessions_have_no_more_tries_than_one_after_the_other(
    here: FuzzedServer,
) -> None:
    heard = await asyncio.gather(
        *(types(here, "1001", "1001", f"{number:04}") for number in range(40))
    )
    # "The code or the PIN is wrong" to three, and "too many tries" to all others
    assert sorted(Counter(heard).values()) == [3, 37]


async def test_the_node_of_a_renamed_configuration(here: FuzzedServer) -> None:
    """centre.yaml has a new name for the node, and Asterisk still says the old one."""
    link = here.links.pop(NODE)
    here.links[NodeName("main")] = link
    await assert_refused(
        here, session(), "calls itself 'pbx1', and the configuration's node is main"
    )
