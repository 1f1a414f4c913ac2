"""The customer and the disposition at the desk, in a real browser."""

from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, expect

from console.kit.guard import SESSION_COOKIE
from domain.agent_facts import AgentState
from domain.identity import CallId
from engine.board_ports import CallStage
from storage.database import Database
from tests.console.browsing import Open, Served
from tests.console.campaigns.called_campaign import called_campaign
from tests.console.conftest import PASSWORD, Console
from tests.console.desk.test_customers import attempt, outbound
from tests.console.test_accessible import put_on, serious_faults
from tests.waiting import until

pytestmark = pytest.mark.live


async def talk(console: Console) -> CallId:
    """Amy talks with the lead."""
    called = await called_campaign(console.database)
    view = await outbound(console, called.called)
    await attempt(console, view.id, called.called)
    await console.floor.put_agent("1001", AgentState.TALKING, call=view.id, station="1001")
    return view.id


async def said(database: Database) -> list[tuple[str, str, str]]:
    rows = await database.pool.fetch(
        "select disposition, sub_reason, note from dispositions order by id"
    )
    return [tuple(row) for row in rows]


async def test_the_lead_before_the_voice_and_a_disposition_by_keys(
    console: Console, open_page: Open
) -> None:
    called = await called_campaign(console.database)
    page = await open_page("/desk", "amy")
    customer, form = page.locator("#customer"), page.locator("#disposition")
    await expect(page.locator("#link")).to_have_text("Live")
    await expect(customer).to_be_hidden()
    view = await outbound(console, called.called, CallStage.RINGING)
    await attempt(console, view.id, called.called)
    console.floor.offer("1001", view)
    await expect(customer).to_contain_text("Ms Li")
    await expect(customer).to_contain_text("Xi'an")
    await expect(customer).to_contain_text("no answer")
    await console.floor.put_call(1, CallStage.TALKING)
    await console.floor.put_agent("1001", AgentState.TALKING, call=view.id)
    await expect(page.locator('[data-call="stage"]')).to_have_text("Talking")
    await expect(form.get_by_label("Refused")).to_be_visible()
    await page.keyboard.press("Alt+Digit3")
    await expect(form.get_by_label("Refused")).to_be_checked()
    await page.locator("#sub-reason").select_option("price")
    await page.keyboard.press("Alt+n")
    await page.keyboard.type("r is no key here")
    await expect(form.locator("[data-status]")).to_contain_text("Not saved yet")
    await page.keyboard.press("Control+Enter")
    await expect(form.locator("[data-status]")).to_contain_text("Saved at")
    assert await said(console.database) == [("refused", "price", "r is no key here")]
    # It is over: the customer and what was said stay until the next call, and can be corrected.
    del console.floor.calls[view.id]
    await console.floor.put_agent("1001", AgentState.WRAP_UP)
    await expect(page.locator("#no-call")).to_be_visible()
    await page.locator("#note").fill("a slip")
    await expect(form.locator("[data-status]")).to_contain_text("Not saved yet")
    await form.get_by_role("button", name="Save").click()
    await expect(form.locator("[data-status]")).to_contain_text("Saved at")
    assert len(await said(console.database)) == 2
    assert console.floor.asked == []  # no key of the desk was pressed by what was typed
    await console.floor.put_call(2, CallStage.TALKING, agent="1001")
    await expect(customer).to_contain_text("13800130002")
    await expect(customer).to_contain_text("Nobody in the project's lists")
    await expect(page.locator("#note")).to_have_value("")


async def test_what_is_typed_outlives_a_reload_and_a_lost_network(
    console: Console, served: Served, open_page: Open
) -> None:
    await talk(console)
    page = await open_page("/desk", "amy")
    form, status = page.locator("#disposition"), page.locator("#disposition [data-status]")
    await form.get_by_text("Callback").click()
    await form.get_by_role("button", name="tomorrow 10:00").click()
    await expect(form.locator("[data-yours]")).to_have_text("The customer's clock is yours.")
    await form.get_by_label("I call myself").check()
    await page.locator("#note").fill("ask for the son")
    promised = await page.locator("#callback-at").input_value()
    await page.reload()
    await expect(page.locator("#note")).to_have_value("ask for the son")
    await expect(form.get_by_label("Callback", exact=False).first).to_be_checked()
    await expect(form.get_by_label("I call myself")).to_be_checked()
    await expect(page.locator("#callback-at")).to_have_value(promised)
    await expect(status).to_contain_text("Not saved yet")
    await served.stop()
    await form.get_by_role("button", name="Save").click()
    await expect(status).to_contain_text("Not saved yet")
    assert await said(console.database) == []
    await served.start()
    await expect(status).to_contain_text("Saved at", timeout=20_000)
    assert await said(console.database) == [("callback", "", "ask for the son")]
    row = await console.database.pool.fetchrow(
        "select callback_agent from leads where callback_at is not null"
    )
    assert row is not None and row["callback_agent"] == "1001"
    await page.reload()
    await expect(status).to_contain_text("Saved at")
    await expect(page.locator("#note")).to_have_value("ask for the son")
    await expect(page.locator("#customer")).to_contain_text("You promised to call back")


async def test_tomorrow_is_the_next_day_however_long_this_one_is(open_page: Open) -> None:
    page = await open_page("/desk", "amy")
    days = {
        ("2026-10-24T22:15Z", "Europe/Berlin"): "2026-10-26",  # at 00:15 of a day of 25 hours
        ("2027-03-27T22:30Z", "Europe/Berlin"): "2027-03-28",  # at 23:30 before one of 23
        ("2026-12-31T15:59Z", "Asia/Shanghai"): "2027-01-01",
        ("2028-02-28T16:00Z", "Asia/Shanghai"): "2028-03-01",
        ("2026-11-28T04:30Z", "America/New_York"): "2026-11-28",
    }
    found = await page.evaluate(
        """async (cases) => {
            const desk = document.querySelector('script[src*="/desk/"]').src;
            const { nextDay } = await import(new URL("zones.js", desk));
            return cases.map(([at, zone]) => nextDay(Date.parse(at), zone));
        }""",
        [list(each) for each in days],
    )
    assert found == list(days.values())


async def _sign_in(page: Page, name: str) -> None:
    await page.fill("#name", name)
    await page.fill("#password", PASSWORD)
    await page.click("button.btn-primary")
    await page.wait_for_url(lambda url: "/login" not in url)


async def _forgotten(page: Page) -> None:
    """Nothing that was typed is kept; the page's scripts may have to run first."""

    async def nothing() -> bool:
        return not set(await page.evaluate("Object.keys(localStorage)")) - {"offhook.user"}

    await until(nothing, 20, "an empty browser")


async def test_what_is_typed_is_its_users_alone(console: Console, open_page: Open) -> None:
    await talk(console)
    page = await open_page("/desk", "amy")
    note = page.locator("#note")
    await note.fill("ask for the son")

    # The session expires: the same user finds it again.
    await page.context.clear_cookies(name=SESSION_COOKIE)
    await page.goto(page.url)
    await _sign_in(page, "amy")
    await expect(note).to_have_value("ask for the son")

    # Signing out asks first, and then forgets.
    async def sign_out() -> None:
        await page.locator("#account").click()
        await page.get_by_role("button", name="Sign out").click()

    await sign_out()
    await expect(page.locator("#confirm")).to_contain_text("something that isn't saved yet")
    await page.get_by_role("button", name="Cancel").click()
    await expect(note).to_have_value("ask for the son")
    await sign_out()
    await page.get_by_role("button", name="Yes").click()
    await expect(page.locator("#password")).to_be_visible()
    await _forgotten(page)

    # A session that has expired, and then another user at this browser.
    await _sign_in(page, "amy")
    await page.goto(page.url.replace(urlsplit(page.url).path, "/desk"))
    await expect(page.locator("#customer")).to_contain_text("Ms Li")
    await expect(note).to_have_value("")
    await note.fill("ask for the daughter")
    await page.context.clear_cookies(name=SESSION_COOKIE)
    await page.goto(page.url)
    await _sign_in(page, "ada")
    await _forgotten(page)


@pytest.mark.parametrize(("theme", "language"), [("light", "zh-CN"), ("dark", "en")])
async def test_everybody_can_use_the_form(
    console: Console, open_page: Open, theme: str, language: str
) -> None:
    await talk(console)
    page = await open_page("/desk", "amy", language)
    await put_on(page, theme)
    form = page.locator("#disposition")
    await form.get_by_text("约定回拨" if language == "zh-CN" else "Callback", exact=True).click()
    await page.locator("#note").fill("x")
    await expect(page.locator("#callback-at")).to_be_visible()
    await form.get_by_role("button", name="保存" if language == "zh-CN" else "Save").click()
    await expect(form.locator("[data-refused]")).to_contain_text(
        "请选择日期和时间" if language == "zh-CN" else "Choose a day and time"
    )
    assert not await serious_faults(page)
    await page.set_viewport_size({"width": 375, "height": 800})
    wide = await page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 375
