"""The whole way of a sheet of agents in a real browser."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from centre.authority import SYSTEM
from centre.directory_service import WishedThing
from centre.kinds import Kind
from tests.centre.small import small_directory
from tests.console.browsing import Open
from tests.console.centre.sheets import a_csv, an_xlsx, cells
from tests.console.conftest import Console
from tests.console.test_accessible import put_on, serious_faults

pytestmark = pytest.mark.live

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LI = ("1002", "李娜", "tea", "sales:5", "red", "1002")
ZHAO = ("1003", "Zhao", "Tea", "", "blue")

_DROP = """([name, text]) => {
  const files = new DataTransfer();
  files.items.add(new File([text], name));
  const zone = document.querySelector("[data-drop]");
  for (const kind of ["dragover", "drop"]) {
    const about = { dataTransfer: files, bubbles: true, cancelable: true };
    zone.dispatchEvent(new DragEvent(kind, about));
  }
}"""
_WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(autouse=True)
async def _small_centre(console: Console) -> None:
    things = small_directory()
    await console.directory.change(SYSTEM, [WishedThing(t.KIND, t.key, t, None) for t in things])


def a_file(data: bytes, name: str = "newcomers.xlsx") -> Any:
    return {"name": name, "mimeType": XLSX, "buffer": data}


async def look_at(page: Page, data: bytes, name: str = "newcomers.xlsx") -> None:
    await page.set_input_files("#file", a_file(data, name))
    await page.get_by_role("button", name="Look at it").press("Enter")
    await expect(page.locator("#counts")).to_be_visible(timeout=60_000)


async def test_newcomers_by_keyboard_until_all_is_undone(
    open_page: Open, console: Console, tmp_path: Path
) -> None:
    before = (await console.directory.read()).directory
    page = await open_page("/centre/agent", "ada")
    await page.get_by_role("link", name="Sheet").press("Enter")
    await page.wait_for_url("**/centre/agents-sheet")
    await look_at(page, an_xlsx(LI, ZHAO))
    fault = page.locator("#faults tbody tr")
    await expect(fault).to_have_count(1)
    await expect(fault).to_contain_text("3")
    await expect(fault).to_contain_text("Team “blue” doesn't exist")
    await expect(page.locator("#take")).to_have_count(0)

    await page.get_by_role("link", name="Send it again").press("Enter")
    await look_at(page, an_xlsx(LI, ZHAO[:3]))
    await expect(page.locator('[data-count="new"]')).to_have_text("new 2")
    await expect(page.locator("#unknown")).to_contain_text("1002")
    await expect(page.locator("#changes tbody tr").first).to_contain_text("李娜")
    assert (await console.directory.read()).directory == before
    await page.get_by_role("button", name="Make the change").press("Enter")
    await expect(page.locator("#done")).to_contain_text("Agents created: 2", timeout=30_000)

    async with page.expect_download() as coming:
        await page.get_by_role("button", name="Download as XLSX").press("Enter")
    await (await coming.value).save_as(tmp_path / "new.xlsx")
    headings, li, zhao = cells(await asyncio.to_thread((tmp_path / "new.xlsx").read_bytes))
    assert headings[:5] == ["Agent's code", "Agent's name", "PIN", "Console user", "Password"]
    assert li[:2] == ["1002", "李娜"] and len(li[2]) == 4 and len(zhao[4]) == 12
    await expect(page.locator("#access")).to_contain_text("Handed out")
    await expect(page.get_by_role("button", name="Download as CSV")).to_have_count(0)
    await page.reload()
    await expect(page.locator("#access")).to_have_count(0)
    await expect(page.locator("#handed-out")).to_be_visible()

    await page.get_by_role("link", name="Change 2").press("Enter")
    await page.get_by_text("Undo this change…").click()
    await page.get_by_role("button", name="Undo", exact=True).press("Enter")
    await page.wait_for_url("**?done=undone")
    assert (await console.directory.read()).directory == before


async def test_a_file_is_dropped_and_one_too_large_is_not_sent(open_page: Open) -> None:
    page = await open_page("/centre/agents-sheet", "ada")
    await page.evaluate(_DROP, ["large.csv", "x" * (4 * 1024 * 1024 + 1)])
    await expect(page.locator("[data-file-mistake]")).to_contain_text("too large")
    await page.get_by_role("button", name="Look at it").press("Enter")
    assert page.url.endswith("/centre/agents-sheet")
    await page.evaluate(_DROP, ["agents.csv", a_csv(LI).decode("utf-8-sig")])
    await expect(page.locator("[data-file-mistake]")).to_be_hidden()
    await expect(page.get_by_role("button", name="Look at it")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text("agents.csv")
    await page.get_by_label("Create these phones").uncheck()
    await page.get_by_role("button", name="Look again with this choice").press("Enter")
    await expect(page.locator("#faults")).to_contain_text("have it made: tick that above")


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_axe_finds_nothing_on_the_way(theme: str, open_page: Open) -> None:
    page = await open_page("/centre/agents-sheet", "ada", width=390)

    async def look_over() -> None:
        await put_on(page, theme)
        faults = await serious_faults(page)
        assert not faults, "\n".join(faults)
        assert await page.evaluate(_WIDER) <= 0, page.url

    await look_at(page, an_xlsx(LI, ZHAO, ("07", "Short", "tea", "chess:3")))
    await look_over()
    await page.goto(page.url.rpartition("/")[0])
    renamed = ("1001", "王小芳" * 20, "tea", "sales:9", "", "1001")
    await look_at(page, an_xlsx(LI, renamed, ("07", "Short", "tea")), "a" * 80 + ".xlsx")
    await look_over()
    await page.get_by_role("button", name="Make the change").press("Enter")
    await expect(page.locator("#done")).to_be_visible(timeout=30_000)
    await look_over()
    await page.get_by_role("button", name="Show on a page").press("Enter")
    await expect(page.locator("#credentials")).to_be_visible()
    await look_over()


@pytest.mark.long
async def test_a_large_sheet_shows_how_far_it_is(
    open_page: Open, console: Console, tmp_path: Path
) -> None:
    """``tests/offhook/test_centre_commands.py`` has five thousand; here it lasts to be seen."""
    agents = [(str(n), f"坐席{n}", "tea", "sales:3", "red", str(n)) for n in range(20_000, 21_500)]
    page = await open_page("/centre/agents-sheet", "ada")
    begun = time.monotonic()
    await look_at(page, an_xlsx(*agents))
    await expect(page.locator('[data-count="new"]')).to_have_text("new 1500")
    looked = time.monotonic()
    await page.get_by_label("New agents may sign in").uncheck()
    await page.get_by_role("button", name="Make the change").press("Enter")
    await expect(page.locator("#progress")).to_contain_text("of 1500", timeout=30_000)
    await expect(page.locator("#done")).to_contain_text("Agents created: 1500", timeout=300_000)
    made = time.monotonic()
    async with page.expect_download() as coming:
        await page.get_by_role("button", name="Download as CSV").press("Enter")
    await (await coming.value).save_as(tmp_path / "new.csv")
    text = await asyncio.to_thread((tmp_path / "new.csv").read_text, "utf-8-sig")
    assert len(text.splitlines()) == 1_501
    kept = await console.directory.read()
    assert len(kept.directory.things[Kind.STATION]) == 1_501
    print(f"looked at within {looked - begun:.1f} s, made within {made - looked:.1f} s")
