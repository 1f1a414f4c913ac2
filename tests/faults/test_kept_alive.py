"""kill -9 and SIGSTOP of each part: it is restarted, which is logged in one line."""

import asyncio
import os
import signal
from functools import partial

import psutil
import pytest

from machine.keeping import keep
from storage.database_errors import DatabaseUnreachable, EmbeddedServerFailed, StorageError
from storage.embedded import EmbeddedServer, ServerTiming
from tests.conftest import InstanceFactory
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


@pytest.mark.long
async def test_each_part_comes_back_whatever_the_order(
    scene: SceneFactory, own_server: EmbeddedServer
) -> None:
    said: list[str] = []
    one = await scene(agents=2, server=own_server, progress=said.append, spare=True)
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
    assert len([line for line in said if "is running again" in line]) == 4, said


@pytest.mark.parametrize("server_timing", [ServerTiming(ask_every_s=0.5, hung_after_s=2.0)])
async def test_a_database_that_hangs_is_started_again(own_server: EmbeddedServer) -> None:
    hung = _kill(own_server.pid, signal.SIGSTOP)
    assert "has not answered for" in await own_server.ended()
    own_server.start()
    assert own_server.pid not in (None, hung)
    assert await own_server.database("whole")


async def test_a_database_that_was_slow_to_start_is_taken_over(
    own_server: EmbeddedServer,
) -> None:
    # As at a start that gave up: it runs, and whoever wants it does not have it.
    note = own_server.data / "postmaster.pid"
    ready = note.read_text()
    note.write_text(ready.replace("ready", "starting"))
    timing = ServerTiming(start_s=0.5, ask_every_s=0.5, hung_after_s=60.0)
    late = EmbeddedServer(own_server.folder, timing)
    with pytest.raises(EmbeddedServerFailed, match="for too long"):
        late.start()
    pid = own_server.pid
    note.write_text(ready)
    said: list[str] = []
    runs = asyncio.Event()

    def say(text: str) -> None:
        said.append(text)
        if text.endswith("is running again"):
            runs.set()

    start = partial(asyncio.to_thread, late.start)
    keeping = asyncio.create_task(keep("PostgreSQL", late.ended, start, say, StorageError))
    waiting = asyncio.create_task(runs.wait())
    await asyncio.wait({keeping, waiting}, timeout=30, return_when=asyncio.FIRST_COMPLETED)
    assert not keeping.done(), keeping.exception()
    assert runs.is_set(), said
    keeping.cancel()
    assert said[0] == "PostgreSQL was slow to start; starting it again"
    assert own_server.pid == pid  # it is the same one, used by both now
    await asyncio.to_thread(own_server.stop)
    assert await late.database("whole")
    await asyncio.to_thread(late.stop)
    assert late.pid is None


@pytest.mark.parametrize(
    "server_timing", [ServerTiming(connect_s=1.0, interrupt_s=0.5, quit_s=0.5)]
)
async def test_a_database_that_hangs_can_be_left_and_is_stopped(own_server: EmbeddedServer) -> None:
    hung = _kill(own_server.pid, signal.SIGSTOP)
    with pytest.raises(DatabaseUnreachable, match="lets nobody in"):
        await own_server.database("offhook")
    own_server.stop()
    psutil.wait_procs([psutil.Process(hung)] if psutil.pid_exists(hung) else [], 10)
    assert own_server.pid is None
    own_server.start()
    assert own_server.pid not in (None, hung)


async def test_an_asterisk_that_hangs_is_killed(instance: InstanceFactory) -> None:
    one = await instance()
    hung = _kill(one.process.pid, signal.SIGSTOP)
    fate = await one.process.ended(one.ami, look_every_s=0.5, hung_after_s=2.0)
    assert "has not answered for" in fate
    assert not psutil.pid_exists(hung)
    await one.start_again()
    assert "fully booted" in await one.process.console("core waitfullybooted")
