"""The state folder's disk is full or can't be written: calls go on, and nothing is lost."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from configuration.in_force import from_files
from storage.database_errors import OutboxTaken
from storage.embedded import EmbeddedServer
from storage.fact_lines import decode
from storage.outbox import Outbox
from tests.faults.conftest import SceneFactory
from tests.faults.scene import Scene, assert_right, story
from tests.offhook.conftest import fill, mount  # noqa: F401 - a fixture
from tests.storage.days import entered
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.long]


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Whatever is opened in there can only be read. Skips where mounts aren't allowed."""
    if subprocess.run(["mount", "--bind", folder, folder], check=False).returncode:
        pytest.skip("mounts aren't allowed here")
    subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def _fill_last_block(file: Path) -> None:
    """What is written to it next needs a new one."""
    with file.open("ab") as log:
        log.write(b"\n" * (-file.stat().st_size % 4096))


async def _controller_comes_back(one: Scene) -> None:
    """After kill -9."""
    controller = one.stack.controller
    died = controller.pid
    assert died is not None
    os.kill(died, signal.SIGKILL)
    await one.until(lambda b: controller.pid not in (None, died) and b["nodes"][0]["up"])


async def test_calls_go_on_while_the_disk_is_full(
    scene: SceneFactory,
    own_server: EmbeddedServer,
    mount: Callable[..., Path],  # noqa: F811
    tmp_path: Path,
) -> None:
    mount("size=96m,mode=0755", tmp_path / "s")
    said: list[str] = []
    one = await scene(agents=2, server=own_server, progress=said.append, spare=True)
    await one.phones("answer-0,speak-2,hangup")
    stack = one.stack
    stack.keep()
    await one.far.ended(await one.customer("speak-60", "13800000001"), timeout=60)
    await one.until_recorded(["13800000001"])
    talks = await one.customer("speak-60", "13800000002")
    await one.until_stages(talking=1)
    filler = fill(stack.state)
    _fill_last_block(stack.controller.log)
    await one.far.ended(talks, timeout=60)
    await one.far.ended(await one.customer("speak-60", "13800000003"), timeout=60)
    # It dies now, and the one that comes can't write a line either.
    await _controller_comes_back(one)
    await one.far.ended(await one.customer("speak-60", "13800000004"), timeout=60)
    await one.all_ended([f"1380000000{n}" for n in range(1, 5)])
    # So does Asterisk, whose configuration is there already.
    died = stack.instance.process.pid
    assert died is not None
    os.kill(died, signal.SIGKILL)
    await one.until(
        lambda b: stack.instance.process.pid not in (None, died) and b["nodes"][0]["up"],
        what=f"Asterisk is back: {said}",
    )
    await one.far.register()
    await one.until(lambda b: all(a["station_state"] == "idle" for a in b["agents"]))
    await one.far.ended(await one.customer("speak-60", "13800000006"), timeout=60)
    await one.stored("13800000006")
    filler.unlink()
    await one.far.ended(await one.customer("speak-60", "13800000005"), timeout=60)
    for stored in await one.all_ended([f"1380000000{n}" for n in range(1, 6)]):
        assert assert_right(stored).outcome == "answered", story(stored)
    await one.until_recorded(["13800000005"])
    await one.until(lambda b: b["store"][0]["pending"] == 0)
    assert "lines are missing here" in stack.controller.log.read_text()


async def test_a_controller_starts_where_nothing_can_be_written(
    scene: SceneFactory, own_server: EmbeddedServer
) -> None:
    said: list[str] = []
    one = await scene(agents=2, server=own_server, progress=said.append, spare=True)
    await one.phones("answer-0,speak-2,hangup")
    stack = one.stack
    stack.keep()
    await one.far.ended(await one.customer("speak-60", "13800000001"), timeout=60)
    await one.until_recorded(["13800000001"])
    with read_only(stack.state):
        await _controller_comes_back(one)
        await one.far.ended(await one.customer("speak-60", "13800000002"), timeout=60)
        assert assert_right(await one.stored("13800000002")).outcome == "answered"
        # The next spare is made some seconds after the controller's own start.
        unwritten = f"{stack.controller.log}: can't be written"
        await until(
            lambda: any(unwritten in line for line in said), what=unwritten, seen=lambda: said
        )
    await one.far.ended(await one.customer("speak-60", "13800000003"), timeout=60)
    await one.until_recorded(["13800000003"])


def test_an_outbox_that_can_only_be_read_keeps_what_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "state" / "outbox.jsonl"
    outbox = Outbox(path)
    outbox.put(entered("a"))
    outbox.close()
    with path.open("ab") as file:
        file.write(b'{"torn": ')
    with read_only(path.parent):
        outbox = Outbox(path)
        outbox.put(entered("b"))
        assert (outbox.pending, outbox.held) == (2, 1)
        with pytest.raises(OutboxTaken):
            Outbox(path)
    outbox.close()  # writes what it still holds
    lines = path.read_bytes().split(b"\n")[:-1]
    assert [getattr(decode(line), "call", None) for line in lines] == ["a", "b"]


async def test_nothing_need_be_written_to_go_on_and_to_stop(
    scene: SceneFactory, own_server: EmbeddedServer
) -> None:
    here = await scene(agents=1, server=own_server, spare=True)
    await here.phones("answer-0,speak-300")
    call = await here.customer("speak-300", "13800000000")
    await here.until_stages(talking=1)
    stack = here.stack
    with read_only(stack.state):
        await stack.restart(from_files(stack.config, stack.state))
        await here.until_stages(talking=1)
        # The database has the end of the last call before the controller goes.
        await here.far.hang_up(call)
        await stack.drain()
        record = assert_right(await here.stored("13800000000", 10))
        assert (record.outcome, record.ended_by) == ("answered", "caller")
    with read_only(own_server.folder):
        own_server.stop()
    assert own_server.pid is None
