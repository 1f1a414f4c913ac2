"""Whatever lies in the folders, and whatever they are called, no call suffers. Real Asterisk."""

import os
import tempfile
from pathlib import Path

import asyncpg
import pytest

from domain.floor_facts import TalkBegan
from storage.embedded import EmbeddedServer
from tests.faults.conftest import SceneFactory
from tests.faults.scene import Scene, assert_right, kinds
from tests.prompts.uploads import BROKEN, PLAYABLE, odd_things

ODD_FOLDER = 'Hotline\'s; ${HOME}, "100%" & [x] ^ \\ 中文'


def a_dying_espeak(folder: Path) -> str:
    """A PATH on which espeak-ng dies before it has read a word."""
    folder.mkdir()
    program = folder / "espeak-ng"
    program.write_text("#!/bin/sh\nkill -9 $$\n")
    program.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


NAMES = tuple(f"part_{number}" for number in range(12))
FLOW = f"""\
flow: announced
languages: [en]
start: hear
prompts: {{{", ".join(f"{name}: {{en: Part {name[5:]}.}}" for name in NAMES)}}}
nodes:
  hear: {{kind: say, prompts: [{", ".join(NAMES)}], exits: {{next: tea}}}}
  tea: {{kind: queue, queue: tea, exits: {{talked: bye, timeout: bye}}}}
  bye: {{kind: hangup, why: done}}
"""
"""Twelve prompts, then the queue; with the talk the call is over."""


async def _talk(here: Scene, caller: str, strangers: list[Path]) -> str:
    """Through the prompts to the agent, and whole in the record and on the disk; the call."""
    await here.phones("answer-0.5,speak-2,hangup")
    await here.customer("speak-120", caller)
    stored = await here.stored(caller, 90)
    assert_right(stored)
    assert TalkBegan.kind in kinds(stored)
    await here.until_recorded([caller], strangers=strangers)
    return stored.record.call


@pytest.mark.live
@pytest.mark.long
async def test_broken_prompts_a_dying_espeak_and_strangers_in_the_spool(
    scene: SceneFactory, tmp_path: Path
) -> None:
    folder = f"s {ODD_FOLDER}"
    (tmp_path / folder / "flows").mkdir(parents=True)
    (tmp_path / folder / "flows" / "announced.yaml").write_text(FLOW)
    uploaded = tmp_path / folder / "prompts" / "uploaded" / "en"
    odd = list(odd_things(uploaded).values())
    contents = [BROKEN["random"], PLAYABLE["stereo of a CD"], BROKEN["64 bits"], BROKEN["empty"]]
    for number, name in enumerate(NAMES[:9]):
        file = uploaded / f"{name}.wav"
        if number < len(odd):
            file.symlink_to(odd[number])
        else:
            file.write_bytes(contents[number - len(odd)])
    here = await scene(
        agents=1,
        flow="announced",
        folder=folder,
        speaks=True,
        environment={"PATH": a_dying_espeak(tmp_path / "bin")},
    )
    spool = here.stack.instance.spool / "monitor"
    strangers = [spool / f"pbx1-1700000000.{number}.raw" for number in range(3)]
    os.mkfifo(strangers[0])
    strangers[1].symlink_to("/etc/shadow")
    strangers[2].mkdir()
    first = await _talk(here, "13900000001", strangers)
    strangers.append(spool / f"{first}.raw")
    os.mkfifo(strangers[-1])
    await _talk(here, "13900000002", strangers)
    await here.until(
        lambda _: "not one of Asterisk's recordings" in here.stack.controller.log.read_text(),
        40,
        "the foreign file is met",
    )
    log = here.stack.controller.log.read_text()
    assert "Traceback" not in log
    assert "uploaded prompt can't be played" in log
    assert log.count("not one of Asterisk's recordings") == 1


@pytest.mark.live
@pytest.mark.parametrize("name", [f"$(touch hacked)`touch hacked` {ODD_FOLDER}", "long, " * 30])
async def test_the_embedded_database_in_an_odd_folder(name: str) -> None:
    with tempfile.TemporaryDirectory(prefix="offhook-pg-") as base:
        folder = Path(base) / name
        for _ in range(2):
            server = EmbeddedServer(folder)
            server.start()
            try:
                db = await asyncpg.connect(await server.database("offhook"))
                await db.execute("create table if not exists kept (n int)")
                await db.execute("insert into kept values (1)")
                count = await db.fetchval("select count(*) from kept")
                await db.close()
            finally:
                server.stop()
        assert count == 2, "the second start found what the first had kept"
        assert [entry.name for entry in Path(base).iterdir()] == [name]  # noqa: ASYNC240
        assert not Path("hacked").exists()  # noqa: ASYNC240
