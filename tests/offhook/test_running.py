"""What goes wrong while calls go on is reported in one line, and nothing is lost."""

import asyncio
import json
import os
import signal
import stat
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from configuration.secrets import load_or_create
from domain.identity import LineName
from farend.console_client import ConsoleClient
from recordings.raw_to_wav import HEADER_BYTES
from records.call_queries import StoredCall
from tests.conftest import CentreFile, FarEndFactory, InstanceFactory, PortBlocks
from tests.faults.conftest import SceneFactory
from tests.faults.scene import LINE, Board, Scene, assert_right
from tests.offhook.command import Serving
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.long]


def log_lines(scene: Scene, text: str) -> list[str]:
    log = scene.stack.controller.log.read_text("utf-8")
    return [line for line in log.splitlines() if text in line]


async def recorded(scene: Scene, caller: str) -> StoredCall:
    """The call's record, once it knows of its recording."""

    async def known() -> StoredCall | None:
        found = await scene.stored(caller)
        return found if found.record.recording is not None else None

    found = await until(known, what=f"a recording of {caller}")
    assert found is not None
    return found


def raw_recordings(scene: Scene) -> set[str]:
    return {file.name for file in (scene.stack.instance.spool / "monitor").glob("*.raw")}


def remount(disk: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(disk)], check=True)


async def until_logged(scene: Scene, text: str) -> list[str]:
    return await until(lambda: log_lines(scene, text), what=f"{text!r} in the log")


def store(board: Board) -> dict[str, Any]:
    (found,) = board["store"]
    return dict(found)


async def board_of(console: ConsoleClient, stages: list[str]) -> Board:
    """The board, once its calls are at these stages."""
    board: Board = {}

    async def so() -> bool:
        nonlocal board
        board = await console.board()
        return [call["stage"] for call in board["calls"]] == stages

    await until(so, what=f"calls at the stages {stages}", seen=lambda: board, every_s=0.05)
    return board


async def test_a_wrong_ami_password(
    instance: InstanceFactory,
    far_end: FarEndFactory,
    centre_file: CentreFile,
    tmp_path: Path,
    dsn: str,
) -> None:
    pbx = await instance()
    far = await far_end(pbx)
    file, other = centre_file(), tmp_path / "other"
    other.mkdir()
    secrets = json.loads((tmp_path / "state" / "secrets.json").read_text("utf-8"))
    kept = other / "secrets.json"
    kept.touch(mode=0o600)
    kept.write_text(json.dumps({**secrets, "ami": "wrong" * 5}), "utf-8")
    async with Serving(file, other, pbx.ports, dsn, tmp_path / "log") as serving:
        said = await serving.until_said("refuses AMI user")
        assert "'offhook'" in said and "compare the user and secret with manager.conf" in said
        assert f"127.0.0.1:{pbx.ports.ami}" in said and "every 30 s" in said
        assert serving.errors == [said]

        # Calls come all the same, and nobody reports their ends; the board shows what it knows.
        password = load_or_create(other).admin
        url = f"http://127.0.0.1:{pbx.ports.console}"
        async with ConsoleClient(url, "admin", password) as console, asyncio.timeout(60):
            call = await far.customer("4008001000", "stay", line=LineName("carrier"))
            (node,) = (await board_of(console, ["flow"]))["nodes"]
            assert not node["up"] and node["error"].endswith("user and secret with manager.conf")
            await far.hang_up(call)
            board = await board_of(console, [])
            assert board["nodes"][0]["calls_over"] == 1
            assert [line["in_use"] for line in board["lines"]] == [0]
        assert await serving.end() == 0


async def test_no_asterisk_is_told_and_waited_for(
    centre_file: CentreFile, tmp_path: Path, ports: PortBlocks, dsn: str
) -> None:
    block = replace(ports(), ami=1)
    async with Serving(centre_file(), tmp_path / "s", block, dsn, tmp_path / "log") as serving:
        said = await serving.until_said("AMI link down")
        assert "127.0.0.1:1" in said and "Trying again" in said
        assert serving.err.count("AMI link down") == 1
        assert await serving.end() == 0


async def test_an_unknown_number_is_refused_and_told(scene: SceneFactory) -> None:
    here = await scene(agents=1)
    call = await here.far.customer("5550000", "stay", line=LINE, caller="13900000001")
    assert await here.far.ended(call, timeout=10) == 1  # no such number
    (said,) = await until_logged(here, "not a hotline")
    assert "number=5550000" in said and f"line={LineName(LINE)}" in said
    assert "caller=13900000001" in said and "add it to the configuration's" in said
    await here.until_quiet(5)
    assert (await here.console.board())["calls"] == []


async def test_recordings_without_a_disk_are_kept_until_there_is_one(
    scene: SceneFactory, mount: Callable[..., Path], tmp_path: Path
) -> None:
    disk = mount("size=1m", tmp_path / "s" / "recordings")
    filler = disk / "filler"
    filler.write_bytes(bytes(1020 * 1024))
    here = await scene(agents=1)
    await here.phones("answer-0.2,speak-2,hangup")

    call = await here.customer("speak-60", "13900000002")
    await here.far.ended(call)
    board = await here.until(lambda b: store(b)["recordings"], what="trouble on the board")
    told = store(board)["recordings"]
    assert str(disk) in told and "no space left" in told and "free space there" in told
    assert store(board)["recordings_waiting"] == 1
    stored = await here.stored("13900000002")
    assert stored.record.recording is None and stored.record.recording_lost is None
    assert raw_recordings(here) == {f"{stored.record.call}.raw"}
    kept = (here.stack.instance.spool / "monitor" / f"{stored.record.call}.raw").read_bytes()
    assert len(log_lines(here, "is kept as")) <= 3  # each time it was tried, no storm

    filler.unlink()
    await here.until(
        lambda b: store(b)["recordings"] is None and store(b)["recordings_waiting"] == 0,
        30,
        "stored by itself",
    )
    stored = await recorded(here, "13900000002")
    assert stored.record.recording is not None
    file = disk / stored.record.recording.file
    assert len(kept) > 8000 and file.read_bytes()[HEADER_BYTES:] == kept
    assert stat.S_IMODE(file.stat().st_mode) == 0o600  # for nobody else
    assert raw_recordings(here) == set()

    remount(disk, "ro")
    await here.far.ended(await here.customer("speak-60", "13900000003"))
    board = await here.until(lambda b: store(b)["recordings"], what="trouble on the board")
    assert "ead-only" in store(board)["recordings"]
    assert "mount it writable" in store(board)["recordings"]
    remount(disk, "rw")
    await here.until(lambda b: store(b)["recordings"] is None, 30, "stored by itself")
    assert_right(await recorded(here, "13900000003"))


async def test_a_controller_that_hangs_is_started_again(scene: SceneFactory) -> None:
    here = await scene(agents=1, spare=True)
    await here.phones("answer-0.2,stay")
    for number in range(3):
        await here.customer("speak-90", f"1390000001{number}")
    before = await here.until_stages(queue=2, talking=1)
    hung = here.stack.controller.pid
    assert hung is not None
    here.stack.controller.keep()
    os.kill(hung, signal.SIGSTOP)  # its ports stay open
    after = await here.until(
        lambda board: (
            here.stack.controller.pid != hung
            and sorted(c["stage"] for c in board["calls"]) == ["queue", "queue", "talking"]
        ),
        40,
        "a new controller has all three",
    )
    assert not psutil.pid_exists(hung)
    since = {call["caller"]: call["since"] for call in before["calls"]}
    assert {call["caller"]: call["since"] for call in after["calls"]} == pytest.approx(since)
    waiting = [call for call in after["calls"] if call["stage"] == "queue"]
    assert sorted(call["position"] for call in waiting) == [1, 2]


@pytest.mark.long
async def test_a_second_controller_on_the_database_waits_and_takes_over(
    centre_file: CentreFile, ports: PortBlocks, dsn: str, tmp_path: Path
) -> None:
    file, second_file = centre_file(), tmp_path / "second.yaml"
    second_file.write_text("node: pbx1\n", "utf-8")
    block, other = replace(ports(), ami=1), replace(ports(), ami=1)  # there is no Asterisk
    second = Serving(second_file, tmp_path / "two", other, dsn, tmp_path / "second.log")
    async with Serving(file, tmp_path / "one", block, dsn, tmp_path / "first.log"):
        await second.begin()
        said = await second.until_said("works on this database; this one waits")
        assert "another controller" in said
        assert "offhook serves" not in second.err
    try:
        await second.ready()
        assert "4008001000" in await second.until_said("offhook serves")  # from the directory
    finally:
        assert await second.end() == 0


async def test_a_waiting_controller_can_be_stopped(
    centre_file: CentreFile, ports: PortBlocks, dsn: str, tmp_path: Path
) -> None:
    second_file = tmp_path / "second.yaml"
    second_file.write_text("node: pbx1\n", "utf-8")
    block, other = replace(ports(), ami=1), replace(ports(), ami=1)
    second = Serving(second_file, tmp_path / "two", other, dsn, tmp_path / "second.log")
    async with Serving(centre_file(), tmp_path / "one", block, dsn, tmp_path / "first.log"):
        await second.begin()
        await second.until_said("works on this database; this one waits")
        assert await second.end() == 0
        assert "offhook stops before it began" in second.err
