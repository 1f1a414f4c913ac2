"""A sheet of agents, taken into a directory in a real database."""

import pytest

from centre.agent_columns import agent_rows, setting_of
from centre.agent_sheets import AgentSheet, judge
from centre.authority import SYSTEM
from centre.directory import Directory
from centre.directory_service import ChangeConflict, DirectoryService, WishedThing, wishes_of
from centre.directory_store import DirectoryStore
from centre.kinds import Kind
from centre.organisation_settings import AgentSettings
from documents.sheet_reading import read_sheet
from documents.sheet_writing import xlsx_file
from storage.database import Database
from tests.centre.small import WANG, small_directory

pytestmark = pytest.mark.live


@pytest.fixture
async def service(database: Database) -> DirectoryService:
    """A directory with the small centre in it."""
    service = DirectoryService(DirectoryStore(database.pool))
    things = small_directory()
    await service.change(SYSTEM, [WishedThing(t.KIND, t.key, t, None) for t in things])
    return service


def judged(agents: list[AgentSettings], directory: Directory) -> AgentSheet:
    data = xlsx_file(agent_rows(agents, "zh-CN"))
    lines = read_sheet(data, lambda text: setting_of(text) is not None)
    return judge(lines, directory, make=(Kind.SKILL, Kind.STATION))


async def test_five_thousand_agents_with_new_phones_are_one_change(
    service: DirectoryService,
) -> None:
    seen = await service.read()
    agents = [
        WANG.model_copy(update={"code": f"{2000 + n}", "station": f"{2000 + n}", "team": None})
        for n in range(5_000)
    ]
    sheet = judged(agents, seen.directory)
    assert sheet.faults == ()
    change = await service.change(SYSTEM, wishes_of(sheet.edits, seen), note="import")
    assert len(change.edits) == 10_000
    now = await service.read()
    assert [now.directory.get(Kind.AGENT, agent.code) for agent in agents] == agents
    assert judged(agents, now.directory).edits == ()
    await service.undo(SYSTEM, change.id)
    assert (await service.read()).directory == seen.directory


async def test_what_somebody_changed_since_the_preview_is_not_overwritten(
    service: DirectoryService,
) -> None:
    seen = await service.read()
    new = WANG.model_copy(update={"code": "1002"})
    sheet = judged([WANG.model_copy(update={"name": "王小芳"}), new], seen.directory)
    other = WANG.model_copy(update={"name": "王大芳"})
    before = seen.changed[Kind.AGENT, WANG.code]
    await service.change(SYSTEM, [WishedThing(Kind.AGENT, WANG.code, other, before)])
    with pytest.raises(ChangeConflict) as conflict:
        await service.change(SYSTEM, wishes_of(sheet.edits, seen))
    assert [found.now for found in conflict.value.conflicts] == [other]
    assert not (await service.read()).directory.has(Kind.AGENT, "1002")
