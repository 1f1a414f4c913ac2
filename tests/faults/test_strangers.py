"""Another user of the machine, who reaches FastAGI's port, on a real Asterisk with AMI up."""

import asyncio
import contextlib
import re
import socket
import time

import pytest

from bench.agi_requests import address, environment
from domain.identity import StationName
from tests.faults.conftest import SceneFactory
from tests.faults.scene import HOTLINE, LINE, Scene, assert_right
from tests.telephony.agi.peer import Peer
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.long]


async def _commands(here: Scene, said: bytes) -> list[str]:
    """The commands that a stranger who sends this gets, until the controller closes."""
    peer = await Peer.connect(here.stack.ports.agi)
    told = []
    with contextlib.suppress(ConnectionError):
        peer.send(said)
        async with asyncio.timeout(60):
            while line := await peer.reader.readline():
                told.append(line.decode().strip())
                peer.send(b"200 result=0\n")
    peer.close()
    return told


def _call(uniqueid: str, script: str) -> bytes:
    now = f"{time.time():.3f}"
    given = (HOTLINE, LINE, now, "queue", "tea", "bye", "en", now)
    return environment("call", uniqueid, given, agi_network_script=script)


def _phone(code: str, script: str) -> bytes:
    given = ("1001", code, "")
    return environment("agent", "1795000000.99", given, agi_network_script=script)


async def _read_in_asterisk(here: Scene, uniqueid: str) -> str:
    """The address of a channel's session, as whoever may ask Asterisk sees it."""
    for line in (await here.stack.instance.process.console("core show channels concise")).split():
        if line.endswith(f"!{uniqueid}"):
            shown = await here.stack.instance.process.console(
                f"core show channel {line.split('!')[0]}"
            )
            (data,) = re.findall(r"agi://[^/]+/([^,\s]+)", shown)
            return str(data)
    raise AssertionError(f"no channel {uniqueid}")


async def test_an_address_read_in_asterisk_opens_nothing_when_the_controller_is_new(
    scene: SceneFactory,
) -> None:
    """The caller is back in the queue with a token of its own; the one that was read is spent."""
    here = await scene(agents=1, spare=True)
    await here.phones("ring")
    await here.customer("speak-60", "13900000002")
    await here.command("1001", "away", reason=here.stack.centre.reasons[0])
    (victim,) = (await here.until_stages(queue=1))["calls"]
    uniqueid = victim["id"].removeprefix("pbx1-")
    stolen = await _read_in_asterisk(here, uniqueid)
    tries, told = 0, list[bytes]()

    async def thief() -> None:
        nonlocal tries
        while True:
            with contextlib.suppress(OSError):
                peer = await Peer.connect(here.stack.ports.agi)
                peer.send(_call(uniqueid, stolen))
                if line := await peer.reader.readline():
                    told.append(line)
                tries += 1
                peer.close()
            await asyncio.sleep(0.005)

    stealing = asyncio.create_task(thief())
    await here.stack.controller.kill()
    # Nor can a stranger take the controller's place and have Asterisk obey.
    with socket.socket() as place, pytest.raises(OSError, match="in use"):
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        place.bind(("127.0.0.1", here.stack.ports.agi))
    await here.stack.controller.start()
    await here.until_stages(queue=1)

    async def another() -> bool:
        return await _read_in_asterisk(here, uniqueid) != stolen

    await until(another, 60, "a new token in place of the stolen one")
    stealing.cancel()
    assert tries and not told
    await here.far.phone(StationName("1001"), "answer-0.3,speak-2,hangup")
    await here.command("1001", "ready")
    stored = await here.stored("13900000002", 60)
    assert assert_right(stored).agents == ("1001",)
    assert stored.record.call == victim["id"]


async def test_a_stranger_at_the_port_gets_nothing(scene: SceneFactory) -> None:
    here = await scene(agents=1)
    secret = here.stack.secrets.agi
    log = here.stack.controller.log
    await here.phones("ring")
    await here.command("1001", "away", reason=here.stack.centre.reasons[0])
    await here.customer("speak-60", "13900000001")
    (victim,) = (await here.until_stages(queue=1))["calls"]
    uniqueid = victim["id"].removeprefix("pbx1-")
    before = log.stat().st_size

    # who does not know the secret: PINs, log-outs, the waiting caller, unknown nodes, a flood
    rubbish = [
        *(_phone("*11", "agent") for _ in range(40)),
        *(_phone("*10", f"{'0' * 40}/agent") for _ in range(40)),
        *(_call(uniqueid, "call") for _ in range(40)),
        *(_call(f"1795000000.{n}", address("x", "1", "call", node="pbx9")) for n in range(500)),
        *(environment("call", "1", (), agi_network_script="call") for _ in range(1000)),
    ]
    for start in range(0, len(rubbish), 100):
        heard = await asyncio.gather(*(_commands(here, s) for s in rubbish[start : start + 100]))
        assert not any(heard)
    assert log.stat().st_size - before < 10_000

    # who has read the waiting caller's token somewhere, and who knows the secret itself
    stolen = await _read_in_asterisk(here, uniqueid)
    told = await asyncio.gather(
        _commands(here, _call(uniqueid, stolen)),
        _commands(here, _call("1795000000.5", address(secret, "1795000000.5", "call"))),
        _commands(here, _phone("*10", address(secret, "1795000000.99", "agent"))),
    )
    assert not any(told), told
    said = log.read_text()
    assert "has opened a session already" in said and "has no channel '1795000000.5'" in said
    assert secret not in said and stolen.split("/")[0] not in said
    assert "Traceback" not in said

    board = await here.console.board()
    assert [(c["id"], c["stage"]) for c in board["calls"]] == [(victim["id"], "queue")]
    assert [(a["code"], a["state"]) for a in board["agents"]] == [("1001", "paused")]
    await here.far.phone(StationName("1001"), "answer-0.3,speak-2,hangup")
    await here.command("1001", "ready")
    stored = await here.stored("13900000001", 60)
    assert assert_right(stored).agents == ("1001",)
    assert stored.record.call == victim["id"]
    for question in ("dialplan show", "core show channels verbose", "core show hints"):
        assert secret not in await here.stack.instance.process.console(question)
    for file in here.stack.instance.log.rglob("*"):
        assert not file.is_file() or secret.encode() not in file.read_bytes(), file
