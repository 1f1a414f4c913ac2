"""A client's list goes all the way in a real browser: uploaded, called, reported."""

import asyncio
import csv
import io
import re
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from openpyxl import load_workbook
from playwright.async_api import Download, Page, expect

from campaigns.dispositions import Disposal, Disposition, Dispositions
from domain.identity import AgentCode, CallId, ProjectName
from domain.roles import Role
from farend.console_client import ConsoleClient
from farend.outreach import zone_at_noon
from storage.accounts import accounts_of
from tests.console.browsing import Open
from tests.e2e.conftest import PASSWORD, HouseFactory
from tests.faults.scene import LINE, Scene
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.long]

TALKS, BUSY, UNKNOWN, AWAY = "answer-0.2,stay", "busy", "refuse-404", "unavailable"
CUSTOMERS = {
    "张伟": ("+8613700000001", TALKS),
    "李娜": ("+8613700000002", TALKS),
    "=王芳": ("+8613700000003", BUSY),
    "刘强": ("+8613700000004", UNKNOWN),
    "陈静": ("+8613700000005", AWAY),
}
FIGURES = {
    "contacted": 2, "not_contacted": 2, "wrong_number": 1, "talked": 2, "contact_rate": "40.0%",
    "success": "1 50.0%", "refused": "0 0.0%", "appointment": "0 0.0%", "duplicate": "0 0.0%",
    "results": "1 50.0%", "other": 0, "unsaid": 1, "trunk": 0, "open": 0,
}  # fmt: skip


def client_file() -> bytes:
    """What the client sent: five customers, and one with half a number."""
    zone = zone_at_noon(datetime.now(UTC))
    rows = [("姓名", "手机号", "现用产品", "时区")]
    rows += [(name, number, "绿茶", zone) for name, (number, _) in CUSTOMERS.items()]
    rows += [("王五", "137", "红茶", zone)]
    return "\n".join(map(",".join, rows)).encode("gb18030")


async def people(here: Scene) -> None:
    users = accounts_of(here.pool).users
    for name, role, project in (
        ("olga", Role.OPS, "tea"), ("cleo", Role.CLIENT, "tea"), ("bob", Role.CLIENT, "bank"),
    ):  # fmt: skip
        await users.create(name, PASSWORD, role, by="test", projects=[ProjectName(project)])


async def upload(page: Page) -> None:
    """A list, made and filled from the client's file."""
    await page.locator("#title").fill("May")
    await page.locator("form[action='/lists'] button").click()
    await page.locator("#file").set_input_files(
        {"name": "may.csv", "mimeType": "text/csv", "buffer": client_file()}
    )
    await page.locator("form[enctype] button").click()
    await expect(page.locator("select[name='use.1']")).to_have_value("phone")
    await page.locator("form[action$='/begin'] button").click()
    await expect(page.locator("#imported")).to_have_text("5", timeout=20_000)
    await expect(page.locator("#rejected")).to_have_text("1")


async def campaign(page: Page, at: str) -> None:
    """A campaign of that list, made and started."""
    await page.goto(f"{at}/campaigns/new")
    for name, value in (("title", "Spring"), ("name", "spring"), ("most_attempts", "1")):
        await page.locator(f"#f-{name}").fill(value)
    await page.locator("[name='message.en']").fill("This is Offhook Tea, 400 800 1000.")
    chosen = {"mode": "progressive", "queue": "tea", "line": LINE, "rules": "us"}
    for name, value in chosen.items():
        await page.locator(f"#f-{name}").select_option(value)
    await page.get_by_role("button", name="Make the campaign").click()
    await page.get_by_role("checkbox", name="May").check()
    await page.get_by_role("button", name="Save").click()
    await page.get_by_role("button", name="Start").click()
    await expect(page.locator("#state")).to_have_text("Running")


async def dialled(here: Scene) -> list[CallId]:
    """The calls in which somebody talked, once each customer was called and no call is left."""

    async def over() -> list[CallId] | None:
        rows = await here.pool.fetch("select * from attempts")
        if len(rows) < len(CUSTOMERS) or any(row["ended_at"] is None for row in rows):
            return None
        return sorted(CallId(row["attempt"]) for row in rows if row["outcome"] == "spoken")

    found = await until(over, 60, "each customer is called")
    assert found is not None
    return found


async def shown(page: Page) -> dict[str, str]:
    """The figures of the only row of the report."""
    cells = page.locator("#days tbody td[data-f]")
    names = [await cell.get_attribute("data-f") or "" for cell in await cells.all()]
    texts = [" ".join(text.split()) for text in await cells.all_inner_texts()]
    assert len(names) == len(FIGURES), names
    return dict(zip(names, texts, strict=True))


async def saved(page: Page, link: str) -> bytes:
    """The file behind a link, as the browser saves it."""
    async with page.expect_download() as waiting:
        await page.get_by_role("link", name=link).click()
    download: Download = await waiting.value
    with TemporaryDirectory() as folder:
        await download.save_as(kept := Path(folder) / "kept")
        return await asyncio.to_thread(kept.read_bytes)


async def seen_by(here: Scene, name: str) -> str:
    """The report as somebody else gets it."""
    async with ConsoleClient(here.stack.console_url, name, PASSWORD) as client:
        status, page = await client.fetch("reports/outbound")
    assert status == 200
    return page.decode()


async def test_from_the_upload_to_the_report(house: HouseFactory, open_page: Open) -> None:
    here = await house(agents=2, seated=2)
    await people(here)
    at = here.stack.console_url.rstrip("/")
    for number, steps in CUSTOMERS.values():
        await here.far.plan(number, steps)
    await here.phones("pick,speak-1.5,hangup")
    page = await open_page("/lists", "olga", at=at)
    await upload(page)
    await campaign(page, at)
    talked = await dialled(here)
    assert len(talked) == 2
    row = page.locator("#now table tbody tr").last.locator("td")
    await expect(row).to_have_text(["5", "2", "2", "0"], timeout=15_000)
    said = Disposal(Disposition.SUCCESS, note="=1+1")
    await Dispositions(here.pool).dispose(talked[0], AgentCode("1001"), said)

    # The report shows just this, to the client too, and to no other client.
    await page.goto(f"{at}/reports/outbound")
    wanted = {name: str(value) for name, value in FIGURES.items()}
    assert await shown(page) == wanted
    on_duty = page.locator("#days tbody tr td:nth-child(4)")
    await expect(on_duty).to_have_text("2")
    assert "data-day=" not in await seen_by(here, "bob")
    to_client = await seen_by(here, "cleo")
    assert len(re.findall("data-day=", to_client)) == 1
    assert "40.0%" in to_client and "Contact rate" in to_client

    # The files have the same figures.
    rows = list(csv.reader(io.StringIO((await saved(page, "CSV")).decode("utf-8-sig"))))
    assert [len(row) for row in rows] == [len(rows[0])] * 2
    figures = dict(zip(rows[0], rows[1], strict=True))
    assert figures["Dials: contacted"] == "2" and figures["Contact rate"] == "40.0%"
    assert figures["Success"] == "1" and figures["Dials: in all"] == "5"
    book = load_workbook(io.BytesIO(await saved(page, "XLSX")))
    assert book.active is not None
    assert [str(cell.value) for cell in book.active[1]] == rows[0]
    by_heading = dict(zip(rows[0], (cell.value for cell in book.active[2]), strict=True))
    assert by_heading["Dials: not contacted"] == 2 and by_heading["Contact rate"] == 0.4

    # A count leads to the calls behind it, and each of them to its recording.
    await page.locator("#days td[data-f='talked'] a").click()
    await expect(page.locator("tbody tr")).to_have_count(2)
    await expect(page.locator("tbody")).to_contain_text("Success")
    lines = list(csv.reader(io.StringIO((await saved(page, "CSV")).decode("utf-8-sig"))))
    note = lines[0].index("Note")
    assert sorted(line[note] for line in lines[1:]) == ["", "'=1+1"]
    await page.goto(f"{at}/attempts")
    await expect(page.locator("tbody tr")).to_have_count(5)
    await expect(page.locator("tbody")).to_contain_text("=王芳")
    await page.locator(f"a[href='/calls/{talked[0]}']").click()
    await expect(page.locator("h2").filter(has_text="Timeline")).to_be_visible()
