"""Lists that are imported into a real database, cut off, continued, undone and uploaded again."""

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from openpyxl import Workbook

from campaigns.do_not_call import CENTRE, DoNotCall
from campaigns.import_progress import DuplicatePolicy, ImportProgress, ImportState, RowFate
from campaigns.lead_columns import ColumnUse, MappingRefused
from campaigns.lead_lists import LeadLists, ListRefusal, ListRefused
from campaigns.lead_numbers import LeadFault
from campaigns.lead_rows import MOST_FAULTS
from campaigns.list_imports import ListImports
from campaigns.list_reader import LIST_LIMITS, MOST_TEXT
from campaigns.rejected_rows import RejectedRows, RejectedWords
from campaigns.stored_leads import ListState
from campaigns.typed_leads import TypedLeads
from documents.sheet_reading import read_sheet
from documents.sheets import SheetUnreadable, Unreadable
from domain.roles import Actor, Role
from tests.campaigns.campaigns_scene import BANK, OPS, TEA, CampaignScene
from tests.waiting import until

ZONE = ZoneInfo("Asia/Shanghai")
STRANGER = Actor("bo", Role.OPS, frozenset({BANK}))
ADMIN = Actor("ada", Role.ADMIN)
USES = {"手机": ColumnUse.PHONE, "姓名": ColumnUse.NAME}
WORDS = RejectedWords(
    *("Row", "Field", "Reason", "Imported", "yes", "no"), {why: why.value for why in LeadFault}
)


@pytest.fixture
async def imports(scene: CampaignScene) -> AsyncIterator[ListImports]:
    found = ListImports(scene.database.pool, lambda: ZONE)
    yield found
    await found.close()


def phone(number: int) -> str:
    return f"138{number:08}"


def sheet(*rows: str) -> bytes:
    return "\n".join(["手机,姓名,套餐", *rows]).encode()


def many(count: int) -> bytes:
    return sheet(*(f"{phone(n)},c{n},A" for n in range(count)))


async def ended(imports: ListImports, number: int) -> ImportProgress:
    async def over() -> bool:
        return not (await imports.progress(OPS, number)).under_way

    await until(over, 30, "the import to end")
    return await imports.progress(OPS, number)


async def imported(
    imports: ListImports,
    into: int,
    data: bytes,
    *,
    duplicates: DuplicatePolicy = DuplicatePolicy.SKIP,
) -> ImportProgress:
    found = await imports.upload(OPS, into, "may.csv", data)
    await imports.begin(OPS, found.number, USES, duplicates=duplicates)
    return await ended(imports, found.number)


def counts(found: ImportProgress) -> dict[str, int]:
    names = ("imported", "known", "duplicate", "elsewhere", "rejected")
    return {name: count for name in names if (count := getattr(found, name))}


async def test_a_list_from_upload_to_leads(scene: CampaignScene, imports: ListImports) -> None:
    into = await scene.new_list()
    data = sheet("13800138000,王芳,=cmd", "1.38E+10,李,B", "010-65529988,O'Brien,")
    seen = await imports.upload(OPS, into, "may.csv", b"\xef\xbb\xbf" + data)
    assert (seen.state, seen.rows, seen.at_row) == (ImportState.UPLOADED, 3, 0)
    assert seen.mapping.uses == (ColumnUse.PHONE, ColumnUse.NAME, ColumnUse.FIELD)
    assert seen.sample[0] == ("13800138000", "王芳", "=cmd")
    assert await imports.of_list(OPS, into) == []

    await imports.begin(OPS, seen.number, USES)
    found = await ended(imports, seen.number)
    assert found.state is ImportState.FINISHED
    assert (found.rows_read, counts(found)) == (3, {"imported": 2, "rejected": 1})
    leads = await scene.database.pool.fetch("select * from leads order by lead")
    assert [lead["name"] for lead in leads] == ["王芳", "O'Brien"]
    assert [lead["fields"] for lead in leads] == [{"套餐": "=cmd"}, {}]
    assert {lead["timezone"] for lead in leads} == {"Asia/Shanghai"}
    numbers = await scene.database.pool.fetch("select number, kind from lead_numbers order by lead")
    assert [tuple(number) for number in numbers] == [
        ("+8613800138000", "mobile"),
        ("+861065529988", "fixed"),
    ]
    assert [one.number for one in await imports.of_list(OPS, into)] == [seen.number]
    assert await scene.database.pool.fetchval("select count(file) from list_imports") == 0


async def test_fields_keep_the_order_of_the_columns(
    scene: CampaignScene, imports: ListImports
) -> None:
    into = await scene.new_list()
    await imported(imports, into, "手机,姓名,zz,a,mm\n13800138000,x,1,2,3\n".encode())
    fields = await scene.database.pool.fetchval("select fields from leads")
    assert list(fields) == ["zz", "a", "mm"]


async def test_repeating_an_upload_imports_nothing_twice(
    scene: CampaignScene, imports: ListImports
) -> None:
    into = await scene.new_list()
    assert counts(await imported(imports, into, many(300))) == {"imported": 300}
    assert counts(await imported(imports, into, many(301))) == {"known": 300, "imported": 1}


async def test_duplicates_in_the_file_and_in_other_lists(
    scene: CampaignScene, imports: ListImports
) -> None:
    first, second = await scene.new_list(), await scene.new_list()
    foreign = await scene.new_list(BANK)
    await scene.lead(foreign, "+8613800000007", project=BANK)
    data = sheet(*(f"{phone(n)},x," for n in (1, 2, 1, 7)), "13800000002、13800000003,y,")
    assert counts(await imported(imports, first, data)) == {"imported": 3, "duplicate": 2}
    again = await imported(imports, second, sheet(f"{phone(1)},x,", f"{phone(9)},x,"))
    assert counts(again) == {"elsewhere": 1, "imported": 1}
    kept = await imported(imports, second, many(3), duplicates=DuplicatePolicy.KEEP)
    assert counts(kept) == {"imported": 3}


async def test_a_list_that_was_removed_makes_no_duplicates(
    scene: CampaignScene, imports: ListImports
) -> None:
    first, second = await scene.new_list(), await scene.new_list()
    await imported(imports, first, many(3))
    await LeadLists(scene.database.pool).change(OPS, first, state=ListState.REMOVED)
    assert counts(await imported(imports, second, many(3))) == {"imported": 3}


async def test_who_is_not_to_be_called_is_imported_and_told(
    scene: CampaignScene, imports: ListImports
) -> None:
    lists = DoNotCall(scene.database.pool)
    await lists.add(ADMIN, CENTRE, [f"+86{phone(1)}"])
    await lists.add(ADMIN, TEA, [f"+86{phone(2)}"])
    await lists.add(ADMIN, BANK, [f"+86{phone(3)}"])
    found = await imported(imports, await scene.new_list(), many(5))
    assert (found.imported, found.do_not_call) == (5, 2)
    states = await scene.database.pool.fetch("select name from leads where state = 'do_not_call'")
    assert {row["name"] for row in states} == {"c1", "c2"}


async def test_no_country_chosen(scene: CampaignScene, imports: ListImports) -> None:
    lists = LeadLists(scene.database.pool)
    made = await lists.make(OPS, TEA, "May", "")
    found = await imported(imports, made.list, sheet("13800138000,a,", "+8613800138000,b,"))
    assert counts(found) == {"imported": 1, "rejected": 1}
    (row,) = await RejectedRows(scene.database.pool).page(OPS, found.number)
    assert (row.row, row.field, row.reason) == (2, "手机", LeadFault.NO_COUNTRY)
    with pytest.raises(ListRefused) as refused:
        await lists.make(OPS, TEA, "May", "ZZ")
    assert refused.value.why is ListRefusal.NO_SUCH_COUNTRY


async def test_numbers_of_xlsx(scene: CampaignScene, imports: ListImports) -> None:
    book = Workbook()
    page: Any = book.active
    page.append(["手机", "姓名"])
    page.append([13800138000.0, "float"])
    page.append(["013800138001", "text with a zero in front"])
    page.append([1.38e16, "rounded"])
    page.append(["=1/0", "never worked out"])
    file = io.BytesIO()
    book.save(file)
    found = await imported(imports, await scene.new_list(), file.getvalue())
    assert counts(found) == {"imported": 2, "rejected": 2}
    rows = await RejectedRows(scene.database.pool).page(OPS, found.number)
    assert [(row.row, row.reason) for row in rows] == [
        (4, LeadFault.ROUNDED),
        (5, LeadFault.FORMULA_FAILED),
    ]


async def test_an_import_that_is_cut_off_goes_on_where_it_was(
    scene: CampaignScene, imports: ListImports
) -> None:
    into = await scene.new_list()
    first = ListImports(scene.database.pool, lambda: ZONE)
    seen = await first.upload(OPS, into, "may.csv", many(5000))
    await first.begin(OPS, seen.number, USES)

    async def some() -> bool:
        return (await first.progress(OPS, seen.number)).rows_read > 0

    await until(some)
    now = await first.progress(OPS, seen.number)
    assert now.under_way
    assert now.ends_at(now.begun_at) is not None
    await first.close()

    cut = await imports.progress(OPS, seen.number)
    assert cut.state is ImportState.RUNNING
    assert not cut.under_way
    assert 0 < cut.rows_read < 5000
    await imports.resume(OPS, seen.number)
    found = await ended(imports, seen.number)
    assert (found.state, found.rows_read, counts(found)) == (
        *(ImportState.FINISHED, 5000),
        {"imported": 5000},
    )
    assert await scene.database.pool.fetchval("select count(*) from leads") == 5000


async def test_a_workbook_that_unpacks_to_more_than_a_list_has_is_refused(
    scene: CampaignScene, imports: ListImports
) -> None:
    file = io.BytesIO()
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w") as part,
    ):
        for _ in range(300):
            part.write(b" " * 1024 * 1024)
    with pytest.raises(SheetUnreadable) as refused:
        await imports.upload(OPS, await scene.new_list(), "x", file.getvalue())
    assert refused.value.code is Unreadable.TOO_LARGE


async def test_an_import_outlasts_the_databases_absence(
    scene: CampaignScene, imports: ListImports, dsn: str
) -> None:
    patient = ListImports(scene.database.pool, lambda: ZONE, retry_after_s=(0.1,) * 50)
    seen = await patient.upload(OPS, await scene.new_list(), "may.csv", many(5000))
    await patient.begin(OPS, seen.number, USES)
    operator = await asyncpg.connect(dsn)
    for _ in range(3):
        read = await operator.fetchval("select rows_read from list_imports")

        async def more(than: int = read) -> bool:
            return bool(await operator.fetchval("select rows_read > $1 from list_imports", than))

        await until(more)
        await operator.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
    await operator.close()
    await until(lambda: not patient.under_way, 30, "the import to end")
    found = await imports.progress(OPS, seen.number)
    assert (found.state, counts(found)) == (ImportState.FINISHED, {"imported": 5000})


async def test_two_who_continue_one_import_take_each_row_once(
    scene: CampaignScene, imports: ListImports
) -> None:
    into = await scene.new_list()
    other = ListImports(scene.database.pool, lambda: ZONE)
    seen = await imports.upload(OPS, into, "may.csv", many(3000))
    await imports.begin(OPS, seen.number, USES)
    await other.resume(OPS, seen.number)
    await ended(imports, seen.number)
    found = await ended(other, seen.number)
    if found.state is ImportState.RUNNING:  # each thought that the other one had it
        await other.resume(OPS, seen.number)
        found = await ended(other, seen.number)
    assert (found.state, counts(found)) == (ImportState.FINISHED, {"imported": 3000})


async def test_undoing_removes_who_was_never_dialled(
    scene: CampaignScene, imports: ListImports
) -> None:
    into = await scene.new_list()
    found = await imported(imports, into, many(1500))
    dialled = await scene.database.pool.fetchval("select min(lead) from leads")
    await scene.database.pool.execute(
        "insert into attempts (attempt, project, lead, number, mode, stage)"
        " values ('a', 'tea', $1, '+8613800000000', 'power', 'reserved')",
        dialled,
    )
    await scene.database.pool.execute(
        "update leads set leased_until = now() + interval '1 hour' where lead = $1", dialled + 1
    )
    undone = await imports.undo(OPS, found.number)
    assert (undone.state, undone.removed) == (ImportState.UNDONE, 1498)
    assert await scene.database.pool.fetchval("select count(*) from leads") == 2
    await scene.database.pool.execute("update leads set leased_until = null")
    assert (await imports.undo(OPS, found.number)).removed == 1499
    assert counts(await imported(imports, into, many(1500))) == {"known": 1, "imported": 1499}


async def test_undoing_what_is_under_way_stops_it(
    scene: CampaignScene, imports: ListImports
) -> None:
    into = await scene.new_list()
    seen = await imports.upload(OPS, into, "may.csv", many(5000))
    await imports.begin(OPS, seen.number, USES)
    undone = await imports.undo(OPS, seen.number)
    assert (undone.state, undone.under_way) == (ImportState.UNDONE, False)
    assert await scene.database.pool.fetchval("select count(*) from leads") == 0
    with pytest.raises(ListRefused) as refused:
        await imports.resume(OPS, seen.number)
    assert refused.value.why is ListRefusal.NOT_FROM_HERE


async def test_a_mapping_is_remembered_for_these_headings_in_the_project(
    scene: CampaignScene, imports: ListImports
) -> None:
    into = await scene.new_list()
    data = "手机,姓名,渠道\n13800138000,a,b\n".encode()
    seen = await imports.upload(OPS, into, "may.csv", data)
    uses = {"手机": ColumnUse.PHONE, "姓名": ColumnUse.IGNORED, "渠道": ColumnUse.KEY}
    await imports.begin(OPS, seen.number, uses)
    await ended(imports, seen.number)
    other = "渠道,姓名,手机\nb,a,13800138000\n".encode()
    again = await imports.upload(OPS, into, "june.csv", other)
    assert again.mapping.uses == (ColumnUse.KEY, ColumnUse.IGNORED, ColumnUse.PHONE)


async def test_rejected_rows_come_back_as_files_without_formulas(
    scene: CampaignScene, imports: ListImports
) -> None:
    data = sheet("12,=cmd|' /C calc'!A0,A", "13800138000、138001,b,", "13800138000,c,")
    found = await imported(imports, await scene.new_list(), data)
    assert (found.imported, found.partly, found.rejected, found.duplicate) == (1, 1, 1, 1)
    rejected = RejectedRows(scene.database.pool)
    text = await rejected.file(OPS, found.number, WORDS, "csv")
    assert b"'=cmd|" in text
    table = [[cell.text for cell in line.cells] for line in read_sheet(text, lambda _: False)]
    assert table == [
        ["Row", "Field", "Reason", "Imported", "手机", "姓名", "套餐"],
        ["2", "手机", "not_a_number", "no", "12", "=cmd|' /C calc'!A0", "A"],
        ["3", "手机", "too_short", "yes", "13800138000、138001", "b"],
        ["4", "", "twice_in_file", "no", "13800138000", "c"],
    ]
    workbook = await rejected.file(OPS, found.number, WORDS, "xlsx")
    assert [
        [cell.text for cell in line.cells] for line in read_sheet(workbook, lambda _: False)
    ] == table


async def test_a_row_that_is_all_wrong_is_kept_once_and_comes_back_as_one_line(
    scene: CampaignScene, imports: ListImports
) -> None:
    names = [f"c{place}" for place in range(98)]
    row = ",".join(["13800138000", *("\x01" for _ in names)])
    data = "\n".join([",".join(["手机", *names]), *[row] * 200]).encode()
    upload = await imports.upload(OPS, await scene.new_list(), "may.csv", data)
    await imports.begin(OPS, upload.number, {"手机": ColumnUse.PHONE})
    assert counts(await ended(imports, upload.number)) == {"rejected": 200}
    kept = await scene.database.pool.fetchval(
        "select sum(octet_length(cells::text)) from rejected_rows where import = $1", upload.number
    )
    assert kept < 20 * len(data)  # a control character is six in JSON, with its quotes and comma
    rejected = RejectedRows(scene.database.pool)
    after, rows = (0, 0), 0
    while page := await rejected.page(OPS, upload.number, after):
        assert {len(each.cells) for each in page} == {99}, "a page may begin within a row"
        after, rows = (page[-1].row, page[-1].place), rows + len(page)
    assert rows == 200 * MOST_FAULTS
    text = await rejected.file(OPS, upload.number, WORDS, "csv")
    table = [[cell.text for cell in line.cells] for line in read_sheet(text, lambda _: False)]
    assert len(table) == 201
    assert table[1][1].split("\n") == names[:MOST_FAULTS]
    assert table[1][2].split("\n") == ["unprintable"] * MOST_FAULTS


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"a" * (LIST_LIMITS.bytes + 1), Unreadable.TOO_LARGE),
        (b"13800138000," * 1_000_000, Unreadable.LINE_TOO_LONG),
        ('手机,姓名\n13800138000,"王\n'.encode() * 3, Unreadable.QUOTE_LEFT_OPEN),
        ("手机,姓名,手机\n1,2,3\n".encode(), Unreadable.HEADING_TWICE),
        (("手机" + ",x" * 200).encode(), Unreadable.TOO_MANY_COLUMNS),
        ("手机,姓名\n".encode(), Unreadable.EMPTY),
        (b"", Unreadable.EMPTY),
        (b"\0" * 100, Unreadable.ENCODING_UNKNOWN),
        (b"PK\x03\x04 no zip", Unreadable.BROKEN),
        (many(50_001), Unreadable.TOO_MANY_ROWS),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else None,
)
async def test_files_of_which_nothing_can_be_read(
    scene: CampaignScene, imports: ListImports, data: bytes, why: Unreadable
) -> None:
    with pytest.raises(SheetUnreadable) as refused:
        await imports.upload(OPS, await scene.new_list(), "x", data)
    assert refused.value.code is why
    assert await scene.database.pool.fetchval("select count(*) from list_imports") == 0


async def test_one_text_in_very_many_cells_is_refused(
    scene: CampaignScene, imports: ListImports
) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    names = [f"c{place}" for place in range(99)]
    sheet.append(["手机", *names])
    for _ in range(700):
        sheet.append(["13800138000", *("x" * 1000 for _ in names)])
    file = io.BytesIO()
    book.save(file)
    assert len(file.getvalue()) < LIST_LIMITS.bytes / 10, "it is small as it comes"
    with pytest.raises(SheetUnreadable) as caught:
        await imports.upload(OPS, await scene.new_list(), "may.xlsx", file.getvalue())
    assert (caught.value.code, caught.value.name) == (Unreadable.TOO_LARGE, str(MOST_TEXT))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
async def test_csv_as_programs_write_it(
    scene: CampaignScene, imports: ListImports, encoding: str, separator: str
) -> None:
    data = f"渠道{separator}手机\r\n网点{separator}013800138000\r\n".encode(encoding)
    seen = await imports.upload(OPS, await scene.new_list(), "x", data)
    assert seen.mapping.headings == ("渠道", "手机")
    assert seen.sample == (("网点", "013800138000"),)


async def test_others_lists_are_not_theirs(scene: CampaignScene, imports: ListImports) -> None:
    into = await scene.new_list()
    seen = await imports.upload(OPS, into, "x", many(2))
    viewer = Actor("vi", Role.SUPERVISOR, frozenset({TEA}))
    assert (await imports.progress(viewer, seen.number)).rows == 2
    for actor, why in ((STRANGER, ListRefusal.NO_SUCH), (viewer, ListRefusal.FORBIDDEN)):
        with pytest.raises(ListRefused) as refused:
            await imports.upload(actor, into, "x", many(2))
        assert refused.value.why is why
        with pytest.raises(ListRefused) as refused:
            await imports.begin(actor, seen.number, USES)
        assert refused.value.why is why
        with pytest.raises(ListRefused):
            await imports.undo(actor, seen.number)
    with pytest.raises(ListRefused):
        await RejectedRows(scene.database.pool).page(STRANGER, seen.number)


async def test_what_can_not_be_begun(scene: CampaignScene, imports: ListImports) -> None:
    seen = await imports.upload(OPS, await scene.new_list(), "x", many(2))
    with pytest.raises(MappingRefused):
        await imports.begin(OPS, seen.number, {"姓名": ColumnUse.NAME})
    await imports.begin(OPS, seen.number, USES)
    await ended(imports, seen.number)
    with pytest.raises(ListRefused) as refused:
        await imports.begin(OPS, seen.number, USES)
    assert refused.value.why is ListRefusal.NOT_FROM_HERE


async def test_the_reader_goes_with_whoever_asked(
    scene: CampaignScene, imports: ListImports
) -> None:
    looking = asyncio.create_task(imports.upload(OPS, await scene.new_list(), "x", many(50_000)))
    await until(lambda: readers() or None, 20, "the reader to start")
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    assert not readers()


def readers() -> set[str]:
    """Our own processes that read lists."""
    ours = Path("/proc/self/task").glob("*/children")
    found = {child for file in ours for child in file.read_text().split()}
    return {
        child for child in found if b"list_reader" in Path(f"/proc/{child}/cmdline").read_bytes()
    }


async def test_leads_by_form(scene: CampaignScene) -> None:
    typed = TypedLeads(scene.database.pool, lambda: ZONE)
    into = await scene.new_list()
    made = await typed.add(
        OPS,
        into,
        phones=("138 0013 8000", ""),
        values={ColumnUse.NAME: "王芳"},
        fields={"套餐": "A"},
    )
    assert made.fate is RowFate.IMPORTED
    row = await scene.database.pool.fetchrow("select * from leads")
    assert (row["lead"], row["name"], row["fields"]) == (made.lead, "王芳", {"套餐": "A"})
    again = await typed.add(OPS, into, phones=["+8613800138000"])
    assert (again.fate, again.lead) == (RowFate.KNOWN, None)
    wrong = await typed.add(OPS, into, phones=["13800138001", "12"])
    assert wrong.fate is RowFate.REJECTED
    assert [(fault.field, fault.why) for fault in wrong.faults] == [
        ("phone 2", LeadFault.NOT_A_NUMBER)
    ]
    await DoNotCall(scene.database.pool).add(ADMIN, TEA, ["+8613800138002"])
    assert (await typed.add(OPS, into, phones=["13800138002"])).barred
