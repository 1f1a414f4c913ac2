"""The matrix of agents and skills in a real browser, by keyboard alone."""

import pytest
from playwright.async_api import Dialog, Page, expect

from centre.authority import SYSTEM
from centre.directory_service import ANY, WishedThing
from centre.kinds import Kind
from centre.organisation_settings import AgentSettings, SkillSettings
from tests.centre.small import WANG
from tests.console.browsing import Open
from tests.console.centre.test_things import set_up
from tests.console.conftest import Console
from tests.console.test_accessible import put_on, serious_faults

pytestmark = pytest.mark.live

SKILLS = [SkillSettings(name=f"skill{number}", title=f"Skill {number}") for number in range(5)]
BANKS = AgentSettings(code="1099", name="孙丽", projects=("tea", "bank"), skills={"sales": 2})


@pytest.fixture
async def centre(console: Console) -> Console:
    """Forty-two agents, the last of whom is not only of the tea project; six skills."""
    more = [
        AgentSettings(code=str(2_000 + number), name=f"Agent {number}", projects=("tea",))
        for number in range(40)
    ]
    await set_up(console, *SKILLS, *more, BANKS)
    return console


async def skills_of(console: Console, code: str) -> dict[str, int]:
    return (await console.directory.read()).directory.of(AgentSettings)[code].skills


async def place(page: Page) -> tuple[str, str]:
    """The agent and the skill that the focus is at; "" for the agent's own cell."""
    found = await page.evaluate(
        """() => {
          const cell = document.activeElement.closest("#matrix td, #matrix th");
          const head = document.querySelector("#matrix thead").rows[0].cells[cell.cellIndex];
          return [cell.parentElement.dataset.agent, head.dataset.skill ?? ""];
        }"""
    )
    return found[0], found[1]


async def press(page: Page, *keys: str) -> None:
    for key in keys:
        await page.keyboard.press(key)


async def into_the_grid(page: Page) -> None:
    """From the top of the page by keyboard."""
    await press(page, "/", "ArrowDown")


async def test_levels_are_set_and_saved_by_keyboard(centre: Console, open_page: Open) -> None:
    page = await open_page("/centre/matrix", "ada")
    count, save = page.locator("#count"), page.get_by_role("button", name="Save")
    await expect(count).to_have_text("No unsaved changes")
    await expect(save).to_be_disabled()
    await into_the_grid(page)
    assert await place(page) == ("1001", "sales")
    await press(page, "ArrowRight", "1", "0", "ArrowDown", "7", "ArrowDown", "5", "0")
    cell = page.locator("[data-agent='1001'] td").nth(1)
    await expect(cell).to_have_text("10")
    await expect(cell).to_have_attribute("aria-description", "unsaved; there was no level")
    # The last was typed and taken away again.
    await expect(count).to_have_text("Unsaved changes: 2")
    await press(page, "Control+Home", "Delete")
    await expect(count).to_have_text("Unsaved changes: 3")
    await page.locator("#change-note").fill("more hands")
    await press(page, "Control+Enter")
    await expect(page.locator("#saved")).to_contain_text("in force now")
    await expect(count).to_have_text("No unsaved changes")
    assert await skills_of(centre, "1001") == {"skill0": 10}
    assert await skills_of(centre, "2000") == {"skill0": 7}
    assert await skills_of(centre, "2001") == {}
    (made, _) = await centre.directory.history()
    assert (made.by, made.note, made.edits) == ("ada", "more hands", 2)
    # What was saved may be changed again, without a new page.
    await page.locator("[data-agent='2000'] td").nth(1).focus()
    await press(page, "8", "Control+Enter")
    await expect(page.locator("#saved a")).to_have_attribute("href", "/centre/history/3")
    assert await skills_of(centre, "2000") == {"skill0": 8}
    await page.locator("#saved a").press("Enter")
    await page.locator("#undo summary").press("Enter")
    await page.locator("#undo button").press("Enter")
    await page.wait_for_url("**/centre/history/4?done=undone")
    assert await skills_of(centre, "2000") == {"skill0": 7}


@pytest.mark.usefixtures("centre")
async def test_every_key_moves_where_it_should(open_page: Open) -> None:
    page = await open_page("/centre/matrix", "ada")
    await into_the_grid(page)
    for key, where in (
        ("ArrowUp", ("1001", "sales")),
        ("End", ("1001", "skill4")),
        ("ArrowRight", ("1001", "skill4")),
        ("ArrowDown", ("2000", "skill4")),
        ("Enter", ("2001", "skill4")),
        ("Shift+Enter", ("2000", "skill4")),
        ("Control+End", ("1099", "skill4")),
        ("ArrowDown", ("1099", "skill4")),
        ("ArrowLeft", ("1099", "skill3")),
        ("Home", ("1099", "sales")),
        ("ArrowLeft", ("1099", "")),
        ("ArrowLeft", ("1099", "")),
        ("Control+Home", ("1001", "sales")),
    ):
        await press(page, key)
        assert await place(page) == where, key
    await press(page, "PageDown")
    below, _ = await place(page)
    assert "2004" < below < "2039"
    await press(page, "PageUp")
    assert await place(page) == ("1001", "sales")
    # One stop for Tab: out of the grid, and back to the same cell.
    await press(page, "ArrowDown", "Tab")
    assert not await page.evaluate("document.activeElement.closest('#matrix')")
    await press(page, "Shift+Tab")
    assert await place(page) == ("2000", "sales")
    # The cell with the focus is never under the headings.
    await press(page, *["ArrowDown"] * 38, *["ArrowUp"] * 30)
    assert await page.evaluate(
        """() => {
          const cell = document.activeElement.getBoundingClientRect();
          const at = document.elementFromPoint(cell.x + cell.width / 2, cell.y + cell.height / 2);
          return at === document.activeElement;
        }"""
    )
    await press(page, "ArrowLeft", "Enter")
    await page.wait_for_url("**/centre/agent/2008")


async def test_input_is_undone_step_by_step(centre: Console, open_page: Open) -> None:
    page = await open_page("/centre/matrix", "ada")
    await into_the_grid(page)
    first = page.locator("[data-agent='1001'] td").first
    await press(page, "1", "0", "ArrowDown", "4", "5", "Backspace", "End")
    await expect(page.locator("#count")).to_have_text("Unsaved changes: 1")
    for text, number in (("5", 2), ("4", 2), ("", 1)):
        await press(page, "Control+z")
        await expect(page.locator("[data-agent='2000'] td").first).to_have_text(text)
        await expect(page.locator("#count")).to_have_text(f"Unsaved changes: {number}")
    assert await place(page) == ("2000", "sales")
    await press(page, "Control+z")
    await expect(first).to_have_text("3")
    await expect(page.locator("#count")).to_have_text("No unsaved changes")
    assert await place(page) == ("1001", "sales")
    await press(page, "Control+z", "Control+Enter")
    assert len(await centre.directory.history()) == 1


async def test_what_others_changed_meanwhile_is_seen_before_it_is_saved(
    centre: Console, open_page: Open
) -> None:
    page = await open_page("/centre/matrix", "ada")
    await into_the_grid(page)
    await press(page, "9", "ArrowRight", "4", "ArrowDown", "6")
    theirs = WANG.model_copy(update={"skills": {"sales": 5, "skill1": 2}})
    await centre.directory.change(SYSTEM, [WishedThing(Kind.AGENT, "1001", theirs, 1)], note="hot")
    await press(page, "Control+Enter")
    shown = page.locator("#overtaken")
    await expect(shown).to_contain_text("Nothing was saved")
    for text in ("offhook", "hot", "Skill 1"):
        await expect(shown).to_contain_text(text)
    cells = page.locator("[data-agent='1001'] td")
    for number, text in enumerate(("9", "4", "2")):
        await expect(cells.nth(number)).to_have_text(text)
    await expect(page.locator("#count")).to_have_text("Unsaved changes: 3")
    assert await serious_faults(page) == []
    # Undoing ours leads to what is theirs, not to what was there before.
    await press(page, "Control+z", "Control+z", "Control+z")
    await expect(cells.first).to_have_text("5")
    await expect(page.locator("#count")).to_have_text("No unsaved changes")
    await press(page, "9", "Control+Enter")
    await expect(page.locator("#saved")).to_be_visible()
    await expect(shown).to_have_count(0)
    assert await skills_of(centre, "1001") == {"sales": 9, "skill1": 2}


async def test_who_has_gone_takes_only_their_own_input_with_them(
    centre: Console, open_page: Open
) -> None:
    page = await open_page("/centre/matrix", "ada")
    await into_the_grid(page)
    await press(page, "9", "ArrowDown", "6")
    await centre.directory.change(SYSTEM, [WishedThing(Kind.AGENT, "2000", None, ANY)])
    await press(page, "Control+Enter")
    await expect(page.locator("#alarm")).to_contain_text("2000")
    await expect(page.locator("#count")).to_have_text("Unsaved changes: 1")
    await press(page, "7")
    await expect(page.locator("[data-agent='2000'] td").first).to_have_text("")
    await press(page, "Control+Enter")
    await expect(page.locator("#saved")).to_be_visible()
    assert await skills_of(centre, "1001") == {"sales": 9}


async def test_others_agents_are_read_only(centre: Console, open_page: Open) -> None:
    page = await open_page("/centre/matrix", "otto")
    await into_the_grid(page)
    await press(page, "Control+End", "Home", "7")
    assert await place(page) == ("1099", "sales")
    await expect(page.locator("#alarm")).to_have_text("You may not change this agent.")
    await expect(page.locator("[data-agent='1099'] td").first).to_have_text("2")
    await press(page, "ArrowUp", "7")
    await expect(page.locator("#alarm")).to_be_empty()
    await press(page, "Control+Enter")
    await expect(page.locator("#saved")).to_be_visible()
    assert await skills_of(centre, "2039") == {"sales": 7}


@pytest.mark.usefixtures("centre")
async def test_leaving_with_unsaved_input_warns(open_page: Open) -> None:
    page = await open_page("/centre/matrix", "ada")
    asked: list[str] = []

    async def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.dismiss()

    page.on("dialog", stay)
    await into_the_grid(page)
    await press(page, "9", "/")
    await page.keyboard.type("Agent 7")
    await press(page, "Enter")
    await expect(page.locator("#count")).to_have_text("Unsaved changes: 1")
    assert asked == ["beforeunload"]
    assert "?" not in page.url
    await page.locator("[data-agent='1001'] td").first.focus()
    await press(page, "Control+z")
    await page.locator("#q").press("Enter")
    await page.wait_for_url("**/centre/matrix?q=Agent+7&team=&project=")
    await expect(page.locator("#matrix tbody tr")).to_have_count(1)
    assert asked == ["beforeunload"]


async def test_a_page_outlives_its_session(centre: Console, open_page: Open) -> None:
    """Whoever signs in anew saves what they had typed before."""
    page = await open_page("/centre/matrix", "ada")
    await into_the_grid(page)
    await press(page, "9")
    await page.context.clear_cookies()
    await press(page, "Control+Enter")
    await expect(page.locator("#alarm")).to_contain_text("no longer signed in")
    await expect(page.locator("#count")).to_have_text("Unsaved changes: 1")
    other = await page.context.new_page()
    await other.goto(f"{page.url.split('/centre')[0]}/login")
    await other.fill("#name", "ada")
    await other.fill("#password", "correct horse battery")
    await other.press("#password", "Enter")
    await other.wait_for_url(lambda url: "/login" not in url)
    await page.bring_to_front()
    await press(page, "Control+Enter")
    await expect(page.locator("#saved")).to_be_visible()
    assert await skills_of(centre, "1001") == {"sales": 9}


async def test_levels_are_set_by_touch(centre: Console, open_page: Open) -> None:
    page = await open_page("/centre/matrix", "ada", "en", 390)
    await page.locator("[data-agent='2000'] td").first.click()
    await expect(page.locator("#here")).to_have_text("Agent 0 · sales")
    await page.locator('#save [data-level="10"]').click()
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("#saved")).to_be_visible()
    assert await skills_of(centre, "2000") == {"sales": 10}


@pytest.mark.usefixtures("centre")
@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_it_fits_and_can_be_read(
    theme: str, width: int, language: str, open_page: Open
) -> None:
    page = await open_page("/centre/matrix", "otto", language, width)
    await put_on(page, theme)
    await page.locator("[data-agent='2000'] td").first.focus()
    await press(page, "7", "Control+End", "7")
    await expect(page.locator("#alarm")).not_to_be_empty()
    assert await serious_faults(page) == []
    over = await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert over <= 0
