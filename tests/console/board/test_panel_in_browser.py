"""A supervisor changes agents from the board in a real browser, over a real PostgreSQL."""

from dataclasses import replace

import pytest
from playwright.async_api import Page, expect

from centre.authority import SYSTEM
from centre.directory import directory_of
from centre.directory_service import ANY, WishedThing
from centre.kinds import Kind
from centre.organisation_settings import AgentSettings, SkillSettings
from centre.running import centre_of
from domain.agent_facts import AgentState
from domain.identity import TeamName
from domain.roles import Role
from tests.centre.small import WANG, small_directory
from tests.console.browsing import Open, Served
from tests.console.conftest import Console
from tests.console.floor import TEA, busy
from tests.console.test_accessible import serious_faults

pytestmark = pytest.mark.live

CARDS = SkillSettings(name="cards", title="Cards")
LI = WANG.model_copy(update={"code": "1002", "name": "王伟", "skills": {"sales": 1}})


async def put(console: Console, *things: AgentSettings) -> None:
    wishes = [WishedThing(thing.KIND, thing.key, thing, ANY) for thing in things]
    await console.directory.change(SYSTEM, wishes)


async def the_agent(console: Console, code: str = "1002") -> AgentSettings:
    return (await console.directory.read()).directory.of(AgentSettings)[code]


@pytest.fixture
async def floor_of_reds(console: Console) -> Console:
    """A busy floor, of which sue is the supervisor of the reds; 1002 is one of them."""
    await busy(console.floor)
    things = [*small_directory(), CARDS, LI]
    await console.directory.change(
        SYSTEM, [WishedThing(thing.KIND, thing.key, thing, ANY) for thing in things]
    )
    await console.users.change(
        "sue", by="t", role=Role.SUPERVISOR, projects={TEA}, agent=None, language=None,
        teams={TeamName("red")},
    )  # fmt: skip
    return console


async def opened(page: Page, code: str = "1002") -> None:
    await page.locator(f'[data-rows="agents"] [data-key="{code}"] [data-open]').focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#agent-panel [data-panel-form]")).to_be_visible()


async def test_skills_are_changed_by_keyboard_alone(
    floor_of_reds: Console, open_page: Open
) -> None:
    console = floor_of_reds
    wished = LI.model_copy(update={"skills": {"sales": 8, "cards": 3}})
    agents = centre_of(directory_of([*small_directory(), CARDS, wished])).agents
    page = await open_page("/board", "sue")
    await opened(page)
    console.floor.config = replace(console.floor.config, agents=agents)  # once it is saved
    panel = page.locator("#agent-panel")
    await expect(panel.locator("[data-name]")).to_have_text("王伟")
    await expect(panel.locator("[data-state]")).to_have_text("Ready")
    sales = panel.get_by_label("sales", exact=True)
    await expect(sales).to_have_value("1")
    while not await sales.evaluate("(box) => box === document.activeElement"):
        await page.keyboard.press("Tab")
    await page.keyboard.type("8")
    await page.keyboard.press("Tab")
    await page.keyboard.type("3")
    await page.keyboard.press("Enter")
    done = panel.locator("#panel-done")
    await expect(done).to_contain_text("Saved. It counts from the next offer.")
    await expect(done).to_be_focused()
    assert await the_agent(console) == wished
    assert (await console.directory.history(Kind.AGENT, "1002"))[0].by == "sue"
    await page.keyboard.press("Escape")
    await expect(panel).to_be_hidden()
    await expect(page.locator('[data-key="1002"] [data-open]')).to_be_focused()
    await page.keyboard.press("ArrowDown")
    assert await page.evaluate("document.activeElement.matches('[data-open]')")


async def test_the_board_moves_on_and_the_form_stays(
    floor_of_reds: Console, open_page: Open
) -> None:
    page = await open_page("/board", "sue")
    await opened(page)
    panel = page.locator("#agent-panel")
    note = panel.get_by_label("Why (for the history)")
    await note.fill("half of what")
    await floor_of_reds.floor.put_agent("1002", AgentState.PAUSED, reason="lunch")
    await expect(panel.locator("[data-state]")).to_have_text("Away")
    await expect(note).to_have_value("half of what")
    await expect(note).to_be_focused()
    del floor_of_reds.floor.agents[LI.code]  # type: ignore[arg-type]
    await floor_of_reds.floor.move()
    await expect(panel.locator("[data-state]")).to_be_hidden()
    await expect(note).to_have_value("half of what")


async def test_who_stands_at_a_row_stays_there_when_it_moves(
    floor_of_reds: Console, open_page: Open
) -> None:
    page = await open_page("/board", "sue")
    name = page.locator('[data-key="1002"] [data-open]')
    await name.focus()
    await floor_of_reds.floor.put_agent("1002", AgentState.LOGGED_OUT)
    await expect(page.locator('[data-rows="agents"] tr').last).to_contain_text("王伟")
    await expect(name).to_be_focused()


async def test_an_agent_is_logged_out_and_in_from_the_panel(
    floor_of_reds: Console, open_page: Open
) -> None:
    page = await open_page("/board", "sue")
    await page.locator('[data-rows="agents"] [data-key="1002"] td').nth(2).click()
    panel = page.locator("#agent-panel")
    state = panel.locator("[data-state]")
    for button, after in (("Log out", "Logged out"), ("Log in at phone 1002", "Away")):
        await panel.get_by_role("button", name=button).click()
        await page.get_by_role("button", name="Yes").click()
        await expect(state).to_have_text(after)
    assert [a.verb.value for a in floor_of_reds.floor.asked] == ["log_out", "log_in"]


async def test_somebody_elses_change_is_shown_and_ours_kept(
    floor_of_reds: Console, open_page: Open
) -> None:
    console = floor_of_reds
    page = await open_page("/board", "sue")
    await opened(page)
    panel = page.locator("#agent-panel")
    await put(console, LI.model_copy(update={"wrap_up_s": 99.0}))
    await panel.get_by_label("Cards").fill("4")
    await panel.get_by_role("button", name="Save").click()
    await expect(panel.locator("#overtaken")).to_contain_text("offhook has changed this meanwhile")
    await expect(panel.get_by_label("Cards")).to_have_value("4")
    assert not (faults := await serious_faults(page)), "\n".join(faults)
    await panel.get_by_role("button", name="Save mine").click()
    await expect(panel.locator("#panel-done")).to_be_visible()
    agent = await the_agent(console)
    assert (agent.skills, agent.wrap_up_s) == ({"sales": 1, "cards": 4}, 99)


async def test_what_is_refused_is_said_and_mended(floor_of_reds: Console, open_page: Open) -> None:
    page = await open_page("/board", "sue")
    await opened(page)
    panel = page.locator("#agent-panel")
    await panel.get_by_label("sales", exact=True).fill("12")
    await panel.get_by_role("button", name="Save").click()
    wrong = panel.locator("[aria-invalid=true]")
    await expect(wrong).to_be_focused()
    await expect(panel).to_contain_text("Enter 10 or less.")
    await wrong.fill("10")
    await page.keyboard.press("Enter")
    await expect(panel.locator("#panel-done")).to_be_visible()
    assert (await the_agent(floor_of_reds)).skills == {"sales": 10}


async def test_a_database_that_is_away_and_a_console_that_is_gone(
    floor_of_reds: Console, open_page: Open, served: Served
) -> None:
    page = await open_page("/board", "sue")
    await opened(page)
    panel = page.locator("#agent-panel")
    trouble, note = panel.locator("[data-trouble]"), panel.get_by_label("Why (for the history)")
    await note.fill("kept")
    floor_of_reds.directory.away = True
    await panel.get_by_role("button", name="Save").click()
    await expect(trouble).to_contain_text("The database is unavailable.")
    await expect(trouble).to_contain_text("Nothing was saved; what you typed stays here.")
    floor_of_reds.directory.away = False
    await served.stop()
    await panel.get_by_role("button", name="Save").click()
    await expect(trouble).to_contain_text("No answer came")
    await expect(note).to_have_value("kept")
    await served.start()
    await panel.get_by_label("sales", exact=True).fill("5")
    await panel.get_by_role("button", name="Save").click()
    await expect(panel.locator("#panel-done")).to_be_visible(timeout=20_000)
    assert (await the_agent(floor_of_reds)).skills == {"sales": 5}


@pytest.mark.usefixtures("floor_of_reds")
async def test_operations_change_settings_and_clients_nothing(
    open_page: Open,
) -> None:
    page = await open_page("/board", "otto")
    await opened(page)
    await expect(page.locator("#agent-panel [data-commands]")).to_have_count(0)
    page = await open_page("/board", "cleo")
    await expect(page.locator('[data-rows="agents"] [data-key="1002"]')).to_be_visible()
    await expect(page.locator("[data-open], #agent-panel")).to_have_count(0)


@pytest.mark.usefixtures("floor_of_reds")
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("language", "width"), [("en", 1280), ("zh-CN", 390)])
async def test_the_panel_can_be_read(
    language: str, width: int, theme: str, open_page: Open
) -> None:
    page = await open_page("/board", "sue", language, width)
    await page.evaluate("(theme) => (document.documentElement.dataset.bsTheme = theme)", theme)
    await opened(page)
    panel = page.locator("#agent-panel")
    over = await panel.evaluate("(box) => box.scrollWidth - box.clientWidth")
    box = await panel.bounding_box()
    assert over <= 0 and box is not None and box["x"] >= 0 and box["x"] + box["width"] <= width
    assert not (faults := await serious_faults(page)), "\n".join(faults)
    await panel.locator('[name="wrap_up_s"]').fill("x")
    await panel.locator("[type=submit]").click()
    await expect(panel.locator("[aria-invalid=true]")).to_be_focused()
    assert not (faults := await serious_faults(page)), "\n".join(faults)
    await panel.locator('[name="wrap_up_s"]').fill("30")
    await panel.locator("[type=submit]").click()
    await expect(panel.locator("#panel-done")).to_be_visible()
    assert not (faults := await serious_faults(page)), "\n".join(faults)
