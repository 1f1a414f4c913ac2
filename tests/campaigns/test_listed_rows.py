"""Files of numbers that are not to be called, read by a real process into a real database."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from campaigns.do_not_call import CENTRE, DoNotCallRefused
from campaigns.import_progress import ImportProgress, ImportState
from campaigns.lead_columns import ColumnUse, MappingRefused
from campaigns.lead_lists import ListRefusal, ListRefused
from campaigns.lead_numbers import LeadFault
from campaigns.list_imports import ListImports, ListingWish
from campaigns.rejected_rows import RejectedRows
from domain.roles import Actor, Role
from storage.queries import load
from tests.campaigns.campaigns_scene import BANK, OPS, TEA, ZONE, CampaignScene
from tests.waiting import until

pytestmark = pytest.mark.live

BOSS = Actor("sue", Role.SUPERVISOR, frozenset({TEA}))
NUMBER = "+8613800000001"
SHEET = """手机号,生效日期,Note
138 0000 0001,2020-05-01,=cmd
13800000002,,
13800000001,,again
12,2020-05-01,too short
13800000003,soon,no day
13800000004 / 12,2999/12/31,one of two
""".encode()
PHONE = {"手机号": ColumnUse.PHONE}


@pytest.fixture
async def imports(scene: CampaignScene) -> AsyncIterator[ListImports]:
    made = ListImports(scene.database.pool, lambda: ZONE, retry_after_s=(0.05, 0.05))
    yield made
    await made.close()


async def over(imports: ListImports, seen: ImportProgress) -> ImportProgress:
    async def is_over() -> bool:
        found = await imports.progress(OPS, seen.number)
        return not found.under_way and found.state is not ImportState.RUNNING

    await until(is_over, 60, "the file is read")
    return await imports.progress(OPS, seen.number)


async def listed(scene: CampaignScene) -> dict[str, datetime]:
    rows = await scene.database.pool.fetch("select number, since from do_not_call")
    return {row["number"]: row["since"] for row in rows}


async def test_a_file_puts_its_numbers_on_the_list_once(
    scene: CampaignScene, imports: ListImports
) -> None:
    lead = await scene.lead(await scene.new_list(), NUMBER)
    day = datetime(2020, 6, 1, tzinfo=UTC)
    seen = await imports.upload_numbers(OPS, TEA, "stop.csv", SHEET, country="CN")
    assert seen.mapping.uses == (ColumnUse.PHONE, ColumnUse.IGNORED, ColumnUse.IGNORED)
    assert await listed(scene) == {}, "nothing is taken before somebody has seen the columns"
    wish = ListingWish(day, "生效日期", "a letter")
    await imports.begin(OPS, seen.number, PHONE, listing=wish)
    done = await over(imports, seen)
    assert (done.imported, done.partly, done.known, done.rejected) == (3, 1, 1, 2)
    assert await listed(scene) == {
        NUMBER: datetime(2020, 5, 1, tzinfo=ZONE),
        "+8613800000002": day,
        "+8613800000004": datetime(2999, 12, 31, tzinfo=ZONE),
    }
    assert await scene.column(lead, "state") == "do_not_call"
    rejected = await RejectedRows(scene.database.pool).page(OPS, seen.number)
    assert [(one.row, one.reason, one.part) for one in rejected] == [
        (5, LeadFault.NOT_A_NUMBER, False),
        (6, LeadFault.SINCE_UNREADABLE, False),
        (7, LeadFault.NOT_A_NUMBER, True),
    ]
    again = await imports.upload_numbers(OPS, TEA, "stop.csv", SHEET, country="CN")
    await imports.begin(OPS, again.number, PHONE, listing=wish)
    done = await over(imports, again)
    assert (done.imported, done.known, done.rejected) == (0, 4, 2)
    changes = "select count(*) from do_not_call_changes where source = 'import'"
    assert await scene.database.pool.fetchval(changes) == 3
    assert [one.number for one in await imports.of_numbers(OPS, TEA)] == [
        again.number, seen.number,
    ]  # fmt: skip


async def test_what_was_cut_off_goes_on_and_is_not_undone(
    scene: CampaignScene, imports: ListImports
) -> None:
    rows = "\n".join(("手机号", *(f"138001{place:05d}" for place in range(1500)))).encode()
    seen = await imports.upload_numbers(OPS, TEA, "many.csv", rows, country="CN")
    async with scene.database.pool.acquire() as db, db.transaction():
        await db.execute(load("do_not_call")["put"], TEA, ["+8613800101400"], *_row())
        await imports.begin(OPS, seen.number, PHONE)

        async def has_begun() -> bool:
            return (await imports.progress(OPS, seen.number)).rows_read > 0

        await until(has_begun, 30, "some are read")
        await imports.close()  # it waits for the number that is being put on the list
    there = await imports.progress(OPS, seen.number)
    assert there.state is ImportState.RUNNING and there.rows_read < 1500
    await imports.resume(OPS, seen.number)
    done = await over(imports, seen)
    assert (done.rows_read, done.imported, done.known) == (1500, 1499, 1)
    assert len(await listed(scene)) == 1500
    with pytest.raises(ListRefused) as refused:
        await imports.undo(OPS, seen.number)
    assert refused.value.why is ListRefusal.NOT_FROM_HERE


def _row() -> tuple[object, ...]:
    now = datetime.now(UTC)
    return now - timedelta(days=1), "key", "", now


async def test_files_are_for_those_who_may_change_that_list(
    scene: CampaignScene, imports: ListImports
) -> None:
    for actor, project in ((BOSS, TEA), (OPS, BANK), (OPS, CENTRE)):
        with pytest.raises(DoNotCallRefused):
            await imports.upload_numbers(actor, project, "x", SHEET, country="CN")
        with pytest.raises(DoNotCallRefused):
            await imports.of_numbers(actor, project)
    boss = Actor("ada", Role.ADMIN, None)
    seen = await imports.upload_numbers(boss, CENTRE, "x", SHEET, country="CN")
    for actor in (OPS, BOSS):
        with pytest.raises(ListRefused):
            await imports.progress(actor, seen.number)
        with pytest.raises(ListRefused):
            await imports.begin(actor, seen.number, PHONE)
        with pytest.raises(ListRefused):
            await RejectedRows(scene.database.pool).page(actor, seen.number)
    with pytest.raises(MappingRefused):
        await imports.begin(boss, seen.number, PHONE, listing=ListingWish(column="gone"))
    with pytest.raises(MappingRefused):
        await imports.begin(boss, seen.number, {})
