"""``./run flows export`` and ``import``, against the database that a state folder uses."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from domain.roles import Actor, Role
from publishing.flow_drafts import FlowDrafts
from publishing.flow_files import PackedFlow, packed, unpacked
from storage.database import Database
from tests.offhook.command import Ended, run

pytestmark = pytest.mark.live

Move = Callable[..., Awaitable[Ended]]
ADMIN = Actor("ann", Role.ADMIN, None)
NIGHT = "flow: night\nlanguages: [en]\nstart: bye\nnodes: {bye: {kind: hangup}}  # mine\n"
MENU = "flow: menu\nlanguages: [en]\nstart: a\nnodes: {a: {kind: go_on, flow: nacht}}\n"


@pytest.fixture
def move(tmp_path: Path, dsn: str) -> Move:
    (tmp_path / "centre.yaml").write_text("node: pbx1\n")

    async def one(what: str, *arguments: str | Path) -> Ended:
        given = ("flows", what, "--state", tmp_path, *arguments)
        return await asyncio.to_thread(run, *given, OFFHOOK_DSN=dsn, deadline_s=240.0)

    return one


async def test_flows_go_out_and_come_in(move: Move, database: Database, tmp_path: Path) -> None:
    drafts = FlowDrafts(database.pool)
    await drafts.add(ADMIN, "", "night", NIGHT)
    file = tmp_path / "flows.yaml"
    out = await move("export", "night", "--to", file)
    assert out.code == 0, out
    (night,) = unpacked(file.read_bytes(), "flows.yaml")
    assert night.text == NIGHT
    file.write_text(packed([night, PackedFlow("menu", "", MENU)]))
    dry = await move("import", file, "--dry-run")
    assert dry.code == 0 and 'flow "nacht" is not here (menu:4)' in dry.out, dry
    assert "same      night" in dry.out and "menu:4:" in dry.out
    assert len(await drafts.all(ADMIN)) == 1
    odd = await move("import", file, "--project", "taea")
    assert odd.code == 1 and "--project taea: there is no such project" in odd.err, odd
    assert len(await drafts.all(ADMIN)) == 1
    done = await move("import", file, "--name", "flow:nacht=night")
    assert done.code == 0 and 'flow "nacht" becomes "night"' in done.out, done
    assert (await drafts.of(ADMIN, "menu")).text == MENU.replace("nacht", "night")
    file.write_text("offhook_flows: 1\nflows:\n- {flow: A, text: x}\n")
    wrong = await move("import", file)
    assert wrong.code == 1 and f"{file}:3:" in wrong.err and "Traceback" not in wrong.err
