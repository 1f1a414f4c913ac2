"""``./run up`` as people use it: restart, a half-saved configuration, and its end."""

import asyncio
import json
import os
import signal
import stat
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from centre.directory import Directory
from centre.endpoint_settings import StationSettings
from centre.kinds import Thing
from centre.organisation_settings import AgentSettings
from configuration.centre_file import load
from domain.identity import StationName
from farend.console_client import ConsoleClient
from farend.network import FarEnd
from offhook.stack import Stack
from storage.embedded import EmbeddedServer
from telephony.asterisk.provision import AsteriskInstall
from tests.conftest import PortBlocks
from tests.databases import copied, migrated
from tests.faults.scene import LINE, Scene, open_pool, seat, write_centre
from tests.offhook.command import Ended, begin_up, command, end_up, run
from tests.processes import children
from tests.spoken_before import hand_over
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.long]

MENU = "4008002000"
MENU_FLOW = """\
flow: menu
languages: [en]
start: ask
prompts:
  hello: {en: Press one.}
nodes:
  ask:
    kind: menu
    prompts: hello
    keys: {"1": tea}
    wrong_key: hello
    silence: hello
    timeout: 30
    tries: 5
    exits: {tea: tea, exhausted: bye}
  tea: {kind: queue, queue: tea, exits: {talked: bye, timeout: bye}}
  bye: {kind: hangup, why: done}
"""


@dataclass
class Up:
    """A running ``up`` and what it serves."""

    process: subprocess.Popen[bytes]
    stack: Stack
    said: Path
    file: Path
    scene: Scene = field(init=False)

    @property
    def state(self) -> Path:
        return self.stack.state

    @property
    def controller_log(self) -> str:
        return (self.state / "controller.log").read_text()

    def controller(self) -> int:
        """The controller that serves: the older one; the other is its spare."""
        found = children(self.process.pid, " serve ")
        port = self.stack.ports.agi
        for one in found:
            listening = [c.laddr.port for c in one.net_connections("tcp") if c.status == "LISTEN"]
            if port in listening:
                return int(one.pid)
        return 0

    async def restart(self) -> Ended:
        return await asyncio.to_thread(run, "restart", "--state", self.state)

    async def until_said(self, text: str, seconds: float = 40.0, *, times: int = 1) -> str:
        await until(
            lambda: self.said.read_text().count(text) >= times,
            seconds,
            f"{text!r} to be said",
            seen=self.said.read_text,
        )
        return next(line for line in self.said.read_text().splitlines() if text in line)

    async def ended(self, seconds: float = 40.0) -> int:
        await until(
            lambda: self.process.poll() is not None, seconds, "its end", seen=self.said.read_text
        )
        return self.process.returncode

    def change(self, centre: Callable[[dict[str, Any]], None]) -> None:
        content = json.loads(self.file.read_text())
        centre(content)
        self.file.write_text(json.dumps(content, indent=1))


UpFactory = Callable[..., Awaitable[Up]]


@pytest.fixture
async def up(
    asterisk_install: AsteriskInstall,
    ports: PortBlocks,
    tmp_path: Path,
    server_data: Path,
    spoken_before: Path,
) -> AsyncIterator[UpFactory]:
    """``await up()``: two agents are ready, one is at lunch. ``phones=False``: there is no far end,
    and no ``scene``."""
    async with AsyncExitStack() as running:
        # Not in pytest's folder, which the user of PostgreSQL can't reach.
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="offhook-up-")))

        async def start(*, phones: bool = True) -> Up:
            file = write_centre(folder / "c", agents=3)
            content = json.loads(file.read_text())
            content["hotlines"].append({"number": MENU, "project": "tea", "flow": "menu"})
            content["drain_s"] = 60
            file.write_text(json.dumps(content, indent=1))
            (folder / "c" / "flows" / "menu.yaml").write_text(MENU_FLOW)
            hand_over(spoken_before, folder / "state")
            copied(server_data, folder / "state" / "postgres")
            await _seated(folder / "state" / "postgres", ("1001", "1002", "1003"))
            block, said = ports(), tmp_path / "said"
            stack = Stack(load(file), folder / "state", block, asterisk_install)  # not started
            arguments = command("up", "--config", file, "--state", folder / "state")
            process = begin_up(arguments, block, said)
            running.callback(end_up, process)
            one = Up(process, stack, said, file)
            await one.until_said("Ctrl-C stops everything", 90)
            if not phones:
                return one
            far = FarEnd(
                tmp_path / "f", ports(), asterisk_install, stack.instance, stack.secrets.sip
            )
            running.push_async_callback(far.stop)
            await far.start()
            console = ConsoleClient(stack.console_url, "admin", stack.secrets.admin)
            await running.enter_async_context(console)
            dsn = f"postgresql://postgres@/offhook?host={folder}/state/postgres/data"
            pool = await open_pool(dsn)
            running.callback(pool.terminate)
            one.scene = Scene(stack, far, console, pool)
            await one.scene.command("1003", "away", reason="lunch")
            await one.scene.until(lambda b: all(a["station_state"] == "idle" for a in b["agents"]))
            return one

        yield start


async def _seated(folder: Path, agents: tuple[str, ...]) -> None:
    server = EmbeddedServer(folder)
    await asyncio.to_thread(server.start)
    await seat(await migrated(server, "offhook"), agents)
    await asyncio.to_thread(server.stop)


def _places(board: dict[str, Any]) -> list[tuple[Any, ...]]:
    return sorted(
        (c["id"], c["caller"], c["stage"], c["position"], c["agent"]) for c in board["calls"]
    )


def _states(board: dict[str, Any]) -> list[tuple[Any, ...]]:
    return sorted((a["code"], a["state"], a["reason"], a["call"]) for a in board["agents"])


async def test_a_restart_takes_the_configuration_and_loses_nothing(up: UpFactory) -> None:
    one = await up()
    here = one.scene
    await here.phones("answer-0,speak-300")
    for n in range(2):
        await here.customer("speak-300", f"1380000000{n}")
    await here.until_stages(talking=2)
    for n in range(2):
        await here.customer("speak-300", f"1390000000{n}")
    menu = await here.far.customer(MENU, "speak-300", line=LINE, caller="13700000000")
    before = await here.until_stages(talking=2, queue=2, flow=1)
    first = one.controller()

    # Half-saved: a restart is refused with the place, and the controller goes on.
    whole = one.file.read_text()
    one.file.write_text(whole[: len(whole) // 2])
    ended = await one.restart()
    assert ended.only_complaint().startswith(f"{one.file}:"), ended.err
    assert one.controller() == first
    # It dies now: it comes back with what was in force.
    os.kill(first, signal.SIGKILL)
    after = await here.until(
        lambda b: one.controller() not in (0, first) and _places(b) == _places(before),
        40,
        f"all is as it was: {_places(before)}",
    )
    assert _states(after) == _states(before)
    await here.until(
        lambda b: str(one.file) in (b["store"][0]["configuration"] or ""), 20, "said on the board"
    )
    assert "./run restart" in one.controller_log

    # A broken flow is refused as well.
    flow = one.file.parent / "flows" / "menu.yaml"
    flow.write_text(MENU_FLOW.replace("kind: menu", "kind: menus"))
    one.file.write_text(whole)
    assert (await one.restart()).only_complaint().startswith(f"{flow}:8:")
    flow.write_text(MENU_FLOW)

    # A fourth agent with a new phone needs no restart, and survives one.
    def hire(now: Directory) -> list[Thing]:
        like = now.of(AgentSettings)["1001"]
        hired = like.model_copy(update={"code": "1004", "station": "1004"})
        return [StationSettings(name="1004"), hired]

    await here.change(hire)
    await here.until(lambda b: len(b["agents"]) == 4, 20, "the fourth agent")
    one.change(lambda settings: settings.update(drain_s=61))
    second = one.controller()
    ended = await one.restart()
    assert ended.code == 0, ended.err
    assert "calls went on meanwhile" in ended.to_people[-1]
    assert one.controller() not in (0, second)
    after = await here.until(
        lambda b: _places(b) == _places(before) and len(b["agents"]) == 4, 40, "nothing is lost"
    )
    assert _states(after)[:3] == _states(before)
    assert after["store"][0]["configuration"] is None
    assert "1004" in await here.stack.instance.process.console("pjsip show endpoint 1004")
    # Who was in the menu is still there: the key leads on.
    await here.far.press(menu, "1")
    await here.until_stages(talking=2, queue=3)
    # What others were started with does not change so.
    one.change(lambda centre: centre.update(node="other"))
    said = (await one.restart()).only_complaint()
    assert '"node" can\'t be changed by a restart' in said
    assert stat.S_IMODE((one.state / "up.sock").stat().st_mode) == 0o600


async def test_up_lets_calls_end_when_it_stops(up: UpFactory) -> None:
    one = await up()
    here = one.scene
    await here.phones("answer-0,speak-300")
    await here.customer("speak-300", "13800000000")
    await here.until_stages(talking=1)
    await here.customer("speak-300", "13800000001")
    await here.until_stages(talking=2)
    await here.customer("speak-300", "13900000000")
    await here.until_stages(talking=2, queue=1)
    await here.talk_on()  # else those who are hung up on wait again
    one.process.send_signal(signal.SIGINT)
    said = await one.until_said("stopping now would cut off")
    assert "3 calls (2 talking, 1 waiting, 0 in menus)" in said and "they have 60 s to end" in said
    refused = await here.far.customer(
        "4008001000", "stay", line=LINE, caller="13700000001", patience_s=30
    )
    assert await here.far.ended(refused, timeout=20) in (34, 38, 41, 42)  # SIP's 503
    assert (await one.restart()).only_complaint() == "it is stopping"
    # Who waits is served while there is time; then all have ended, and so does it.
    await here.phones("answer-0,speak-2,hangup")
    await here.far.put_down(StationName("1001"))
    await here.far.put_down(StationName("1002"))
    assert await one.ended() == 0
    text = one.said.read_text()
    assert "no calls are left" in text and "cut off 1" not in text
    assert not (one.state / "up.sock").exists()
    ended = await one.restart()
    assert f"no './run up' is running with the state folder {one.state}" in ended.only_complaint()


async def test_nothing_cuts_talks_short_while_up_stops(up: UpFactory) -> None:
    one = await up()
    here = one.scene
    await here.phones("answer-0,speak-300")
    call = await here.customer("speak-300", "13800000000")
    await here.until_stages(talking=1)
    # Asked to end while a restart is under way: it goes on to its end, then the talk may end.
    asking = asyncio.create_task(one.restart())
    await one.until_said("as ./run restart asked")
    one.process.send_signal(signal.SIGINT)
    ended = await asking
    assert (ended.code, ended.to_people[-1]) == (
        0, "offhook: the new controller is serving; calls went on meanwhile"
    ), ended.err  # fmt: skip
    assert "1 call (1 talking" in await one.until_said("stopping now would cut off")
    assert one.said.read_text().count("is finished first") == 1
    # The controller dies: the talk is Asterisk's, and goes on; another one waits for its end.
    os.kill(one.controller(), signal.SIGKILL)
    await one.until_said("the controller ended (-9); starting it again")
    await one.until_said("stopping now would cut off", times=2)
    # It hangs: the same.
    os.kill(one.controller(), signal.SIGSTOP)
    await one.until_said("and was killed; starting it again")
    await one.until_said("stopping now would cut off", times=3)
    assert len(await here.channels()) == 2
    await here.far.hang_up(call)
    assert await one.ended() == 0
    text = one.said.read_text()
    assert "no calls are left" in text and "Traceback" not in text and "Error" not in text, text


async def test_the_second_ctrl_c_stops_a_restart_too(up: UpFactory) -> None:
    one = await up(phones=False)
    asking = asyncio.create_task(one.restart())
    await one.until_said("as ./run restart asked")
    one.process.send_signal(signal.SIGTERM)
    await one.until_said("is finished first")
    started = children(one.process.pid, recursive=True)
    one.process.send_signal(signal.SIGTERM)
    assert await one.ended() == 0
    assert "stopped before this was done" in (await asking).only_complaint()
    text = one.said.read_text()
    assert text.splitlines()[-1] == "offhook: stopping" and "Traceback" not in text, text
    assert not psutil.wait_procs(started, 10)[1]


async def test_a_restart_that_fails_leaves_all_as_it_was(up: UpFactory) -> None:
    one = await up()
    here = one.scene
    await here.phones("answer-0,speak-300")
    await here.customer("speak-300", "13800000000")
    before = await here.until_stages(talking=1)
    copy = one.state / "in-force" / "configuration.json"
    in_force, first = copy.read_bytes(), one.controller()

    # Asterisk's files can't be written: nothing else has been touched.
    dialplan = here.stack.instance.conf / "extensions.conf"
    dialplan.write_text(dialplan.read_text() + "; of an earlier Offhook\n")
    blocked = dialplan.with_name(f"{dialplan.name}.{one.process.pid}.new")
    blocked.mkdir()
    one.change(lambda settings: settings.update(drain_s=61))
    said = (await one.restart()).only_complaint()
    assert copy.read_bytes() == in_force and one.controller() == first
    assert str(blocked) in said and "Nothing has changed" in said
    blocked.rmdir()

    # The new controller does not start with what is right to all appearances.
    (one.state / "taken").touch()
    one.change(lambda centre: centre.update(recordings={"root": "taken"}))
    said = (await one.restart()).only_complaint()
    assert "the new controller did not start, and the old one is back" in said
    assert "taken" in said
    assert copy.read_bytes() == in_force and one.controller() not in (0, first)
    second = one.controller()
    os.kill(second, signal.SIGKILL)  # it is kept alive
    after = await here.until(
        lambda b: one.controller() not in (0, second) and _places(b) == _places(before),
        40,
        "the talk goes on",
    )
    assert _states(after) == _states(before)


async def test_the_second_ctrl_c_stops_at_once(up: UpFactory) -> None:
    one = await up()
    here = one.scene
    await here.phones("answer-0,speak-300")
    await here.customer("speak-300", "13800000000")
    await here.until_stages(talking=1)
    one.process.send_signal(signal.SIGHUP)  # the terminal is gone
    await one.until_said("stopping now would cut off")
    one.process.send_signal(signal.SIGTERM)
    assert await one.ended() == 0
    assert "time is up" not in one.said.read_text()
    assert one.said.read_text().splitlines()[-1] == "offhook: stopping"
