"""kill -9 and SIGSTOP of each part: it is started again, and says so in a line."""

import os
import signal
from pathlib import Path

import psutil
import pytest

from storage.embedded import EmbeddedServer
from tests.faults.conftest import SceneFactory
from tests.faults.scene import Scene, assert_right, counted, story

pytestmark = pytest.mark.live


def _kill(pid: int | None, by: signal.Signals = signal.SIGKILL) -> int:
    assert pid is not None
    os.kill(pid, by)
    return pid


async def _a_call_is_served(one: Scene, caller: str) -> None:
    await one.customer("speak-60", caller)
    stored = await one.stored(caller, 40)
    assert assert_right(stored).outcome == "answered", story(stored)


async def test_each_part_comes_back_whatever_the_order(
    scene: SceneFactory, own_server: EmbeddedServer
) -> None:
    said: list[str] = []
    one = await scene(agents=2, server=own_server, progress=said.append)
    await one.phones("answer-0,speak-2,hangup")
    stack = one.stack
    stack.keep()
    await _a_call_is_served(one, "13800000001")
    for number, order in enumerate((("database", "asterisk"), ("asterisk", "controller"))):
        pids = {
            "database": own_server.pid,
            "asterisk": stack.instance.process.pid,
            "controller": stack.controller.pid,
        }
        for part in order:
            _kill(pids[part])

        def are_back(order: tuple[str, ...] = order, pids: dict[str, int | None] = pids) -> bool:
            now = {
                "database": own_server.pid,
                "asterisk": stack.instance.process.pid,
                "controller": stack.controller.pid,
            }
            return all(now[part] not in (None, pids[part]) for part in order)

        await one.until(
            lambda b: (
                are_back()
                and b["nodes"][0]["up"]
                and b["store"][0]["up"]
                and counted(b["agents"], "state") == {"ready": 2}
            ),
            60,
            f"{order} are back; said: {said}",
        )
        await one.far.register()
        await one.until(lambda b: all(a["station_state"] == "idle" for a in b["agents"]))
        await _a_call_is_served(one, f"1390000000{number}")
    told = [line for line in said if "starting it again" in line]
    assert sorted(line.split(" ended")[0] for line in told) == [
        "Asterisk", "Asterisk", "PostgreSQL (embedded)", "the controller",
    ]  # fmt: skip
    assert len([line for line in said if "runs again" in line]) == 4, said


async def test_a_database_that_hangs_is_started_again(
    own_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.embedded.ASK_EVERY_S", 0.5)
    monkeypatch.setattr("storage.embedded.HUNG_AFTER_S", 2.0)
    hung = _kill(own_server.pid, signal.SIGSTOP)
    assert "has not answered for" in await own_server.ended()
    own_server.start()
    assert own_server.pid not in (None, hung)
    assert await own_server.database("whole")


async def test_an_asterisk_that_hangs_is_killed(
    instance: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("offhook.asterisk.process.LOOK_EVERY_S", 0.5)
    monkeypatch.setattr("offhook.asterisk.process.HUNG_AFTER_S", 2.0)
    one = await instance()  # type: ignore[operator]
    hung = _kill(one.process.pid, signal.SIGSTOP)
    assert "has not answered for" in await one.ended()
    assert not psutil.pid_exists(hung)
    await one.start_again()
    assert "fully booted" in await one.process.console("core waitfullybooted")
