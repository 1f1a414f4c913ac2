"""Imports whose controller is killed, the way the kernel does it, while they are under way."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from campaigns.import_progress import ImportProgress, ImportState
from campaigns.list_imports import ListImports
from tests.campaigns.campaigns_scene import OPS, CampaignScene
from tests.waiting import until

ROWS = 12_000
SHEET = "\n".join(["手机,姓名", *(f"138{n:08},c{n}" for n in range(ROWS))]).encode()


@pytest.fixture
async def imports(scene: CampaignScene) -> AsyncIterator[ListImports]:
    found = ListImports(scene.database.pool, lambda: ZoneInfo("Asia/Shanghai"))
    yield found
    await found.close()


async def killed(scene: CampaignScene, imports: ListImports, dsn: str) -> ImportProgress:
    """An import whose controller was killed with some of its rows stored."""
    seen = await imports.upload(OPS, await scene.new_list(), "may.csv", SHEET)
    controller = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.campaigns.controller_importing", dsn, str(seen.number))
    )
    try:

        async def some() -> bool:
            return (await imports.progress(OPS, seen.number)).rows_read > 0

        await until(some, 30, "the first batch")
        readers = children(controller.pid)
    finally:
        controller.kill()
        await controller.wait()
    assert readers
    await until(lambda: not any(map(alive, readers)), 30, "the reader to end with its controller")
    return await imports.progress(OPS, seen.number)


def children(process: int) -> Sequence[str]:
    """The processes that a process started."""
    files = Path(f"/proc/{process}/task").glob("*/children")
    return [child for file in files for child in file.read_text().split()]


def alive(process: str) -> bool:
    """Whether it is still there, and not only waiting for somebody to take note of its end."""
    try:
        return ") Z " not in Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


async def leads(scene: CampaignScene) -> tuple[int, int]:
    """How many leads there are, and how many different numbers they have."""
    row = await scene.database.pool.fetchrow(
        "select (select count(*) from leads), (select count(distinct number) from lead_numbers)"
    )
    return row[0], row[1]


async def test_a_killed_controllers_import_is_unfinished_and_goes_on(
    scene: CampaignScene, imports: ListImports, dsn: str
) -> None:
    cut = await killed(scene, imports, dsn)
    assert (cut.state, cut.under_way) == (ImportState.RUNNING, False)
    assert 0 < cut.rows_read < ROWS
    assert cut.rows_read == cut.imported
    assert await leads(scene) == (cut.imported, cut.imported), "the counts are the leads'"
    await imports.resume(OPS, cut.number)
    await until(lambda: not imports.under_way, 60, "the import to end")
    found = await imports.progress(OPS, cut.number)
    assert (found.state, found.rows_read, found.imported) == (ImportState.FINISHED, ROWS, ROWS)
    assert await leads(scene) == (ROWS, ROWS)


async def test_a_killed_controllers_import_can_be_undone(
    scene: CampaignScene, imports: ListImports, dsn: str
) -> None:
    cut = await killed(scene, imports, dsn)
    assert cut.rows_read < ROWS
    undone = await imports.undo(OPS, cut.number)
    assert (undone.state, undone.removed) == (ImportState.UNDONE, cut.imported)
    assert await leads(scene) == (0, 0)
