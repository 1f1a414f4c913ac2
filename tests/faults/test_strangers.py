"""Another user of the machine, who reaches FastAGI's port, on a real Asterisk with AMI up."""

import asyncio
import contextlib
import time

import pytest

from bench.fuzz_agi import environment
from domain.identity import StationName
from telephony.agi.wire import token
from tests.agi.peer import Peer
from tests.faults.conftest import SceneFactory
from tests.faults.scene import HOTLINE, LINE, Scene, assert_right

pytestmark = pytest.mark.live


async def _commands(here: Scene, said: bytes) -> list[str]:
    """What a stranger who says this is told to do, until the controller closes."""
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


def _call(uniqueid: str, script: str, node: str = "pbx1") -> bytes:
    now = f"{time.time():.3f}"
    given = (node, HOTLINE, LINE, now, "queue", "tea", "bye", "en", now)
    return environment("call", uniqueid, given, agi_network_script=script)


def _phone(code: str, script: str) -> bytes:
    given = ("1001", code, "", "pbx1")
    return environment("agent", "1795000000.99", given, agi_network_script=script)


async def test_a_stranger_at_the_port_gets_nothing(scene: SceneFactory) -> None:
    here = await scene(agents=1)
    secret = here.stack.secrets.agi
    log = here.stack.controller.log
    await here.phones("ring")
    await here.command("1001", "away", reason=here.stack.config.centre.away_reasons[0])
    await here.customer("speak-60", "13900000001")
    (victim,) = (await here.until_stages(queue=1))["calls"]
    uniqueid = victim["id"].removeprefix("pbx1-")
    before = log.stat().st_size

    # who does not know the secret: PINs, log-outs, the waiting caller, unknown nodes, a flood
    rubbish = [
        *(_phone("*11", "agent") for _ in range(40)),
        *(_phone("*10", f"{'0' * 40}/agent") for _ in range(40)),
        *(_call(uniqueid, "call") for _ in range(40)),
        *(_call(f"1795000000.{n}", "call", node="pbx9") for n in range(500)),
        *(environment("call", "1", (), agi_network_script="call") for _ in range(1000)),
    ]
    for start in range(0, len(rubbish), 100):
        heard = await asyncio.gather(*(_commands(here, s) for s in rubbish[start : start + 100]))
        assert not any(heard)
    assert log.stat().st_size - before < 10_000

    # who has read the waiting caller's token somewhere, and who knows the secret itself
    stolen = f"{token(secret, uniqueid)}/call"
    known = f"{token(secret, '1795000000.5')}/call"
    told = await asyncio.gather(
        _commands(here, _call(uniqueid, stolen)),
        _commands(here, _call("1795000000.5", known)),
        _commands(here, _phone("*10", f"{token(secret, '1795000000.99')}/agent")),
    )
    assert not any(told), told
    said = log.read_text()
    assert "and it is alive" in said and "has no channel '1795000000.5'" in said
    assert secret not in said and token(secret, uniqueid) not in said
    assert "Traceback" not in said

    board = await here.console.board()
    assert [(c["id"], c["stage"]) for c in board["calls"]] == [(victim["id"], "queue")]
    assert [(a["code"], a["state"]) for a in board["agents"]] == [("1001", "paused")]
    await here.far.phone(StationName("1001"), "answer-0.3,speak-2,hangup")
    await here.command("1001", "ready")
    stored = await here.stored("13900000001", 60)
    assert assert_right(stored).agents == ("1001",)
    assert stored.record.call == victim["id"]
    for file in here.stack.instance.log.rglob("*"):
        assert not file.is_file() or secret.encode() not in file.read_bytes(), file
