"""The directory can't be read or changed: its database is away."""

import asyncio

import asyncpg
import pytest

from centre.authority import SYSTEM
from centre.directory_service import DirectoryService, WishedThing
from centre.directory_store import DirectoryStore
from centre.kinds import Kind
from centre.organisation_settings import AgentSettings, SkillSettings
from storage.database_errors import AWAY
from storage.embedded import EmbeddedServer
from tests.databases import migrated
from tests.faults.conftest import SceneFactory
from tests.faults.scene import Board, open_pool

pytestmark = [pytest.mark.live, pytest.mark.long]

LOANS = SkillSettings(name="loans")


async def test_a_controller_without_its_database_has_the_last_centre(
    scene: SceneFactory, own_server: EmbeddedServer
) -> None:
    one = await scene(agents=2, seated=2, server=own_server, spare=True)
    await one.change(
        lambda now: [now.of(AgentSettings)["1002"].model_copy(update={"name": "Renamed"})]
    )

    def renamed(board: Board) -> bool:
        return any(row["name"] == "Renamed" for row in board["agents"])

    await one.until(renamed, what="the change")
    await asyncio.to_thread(own_server.stop)
    await one.stack.controller.kill()
    await one.stack.controller.start()
    with pytest.raises(AWAY):
        await one.change(lambda _: [LOANS])
    await one.phones("answer-0,speak-2,hangup")
    call = await one.customer("speak-60", "13800000001")
    assert await one.far.ended(call) == 16  # nobody can sign in to the board meanwhile
    await asyncio.to_thread(own_server.start)
    await one.change(lambda _: [LOANS])
    await one.until(lambda b: renamed(b) and b["store"][0]["up"], 60, "all is as it was")
    kept = await DirectoryService(DirectoryStore(one.pool)).read()
    assert kept.directory.has(Kind.SKILL, "loans")
    (found,) = await one.all_ended(["13800000001"])
    assert found.record.outcome == "answered"


async def test_a_database_that_goes_away_in_the_middle_changes_nothing(
    own_server: EmbeddedServer,
) -> None:
    pool = await open_pool(await migrated(own_server, "away"))
    service = DirectoryService(DirectoryStore(pool))
    before = await service.read()

    async def pulls_the_plug(_: asyncpg.Connection) -> None:
        await asyncio.to_thread(own_server.stop)

    with pytest.raises(AWAY):
        await service.change(
            SYSTEM, [WishedThing(Kind.SKILL, "loans", LOANS, None)], also=pulls_the_plug
        )
    await asyncio.to_thread(own_server.start)
    after = await service.read()
    assert after.revision == before.revision
    assert not after.directory.has(Kind.SKILL, "loans")
    pool.terminate()
