"""Trying a flow out in a real browser: keys, the way on the picture, a test of it, and sound."""

import pytest
from playwright.async_api import expect

from console.kit.context import FLOW_DRAFTS, TRIALS
from engine.trial_ports import TrialStage
from tests.console.browsing import Open
from tests.console.conftest import Console
from tests.console.flows.test_flow_pages import ADA
from tests.console.flows.test_try_pages import FLOW
from tests.console.small_trials import SmallTrials
from tests.console.test_accessible import put_on, serious_faults

pytestmark = pytest.mark.live


async def test_a_call_is_played_and_becomes_a_test(console: Console, open_page: Open) -> None:
    drafts = console.app[FLOW_DRAFTS]
    await drafts.add(ADA, "", "shop", FLOW, "")
    page = await open_page("/flows/shop/try", "ada")
    awaits, talk = page.locator("#awaits"), page.locator(".talk-lines")
    await expect(talk).to_contain_text("Orders 1, people 2")
    await expect(page.locator("#picture .flow-node")).to_have_count(8)

    # A key of the keyboard, several by hand, and an answer that is not JSON.
    await page.keyboard.press("1")
    await expect(talk).to_contain_text("Your order number")
    await expect(page.locator('.flow-node.is-here[data-id="order"]')).to_be_visible()
    await expect(page.locator('.flow-node.is-never[data-id="wait"]')).to_have_count(1)
    await expect(page.locator('.flow-node.is-never[data-id="menu"]')).to_have_count(0)
    await page.get_by_label("Several keys").fill("47#")
    await page.keyboard.press("Enter")
    await expect(awaits).to_contain_text("pin")
    await page.keyboard.press("Escape")
    await page.locator("h2").first.click()
    for key in "12#":  # a number is complete with its last key
        await page.keyboard.press(key)
    await expect(awaits).to_contain_text("The answer of a service is awaited")
    answer = page.get_by_label("What the service answers, as JSON")
    await expect(answer).to_have_value('{\n  "order": {\n    "state": ""\n  }\n}')
    await answer.fill("{state")
    await page.get_by_role("button", name="Answer this").click()
    await expect(page.get_by_role("alert")).to_contain_text("This is not JSON")
    await page.get_by_label("Why it gives no answer").select_option("timeout")
    await page.get_by_role("button", name="Give no answer").click()
    await expect(awaits).to_contain_text("The caller waits in a queue")
    await put_on(page, "dark")
    assert not await serious_faults(page)
    await page.locator("#try-back").click()
    await expect(awaits).to_contain_text("The answer of a service is awaited")
    await page.get_by_label("Why it gives no answer").select_option("timeout")
    await page.get_by_role("button", name="Give no answer").click()
    await page.get_by_role("button", name="An agent talks with them").click()
    await expect(awaits).to_contain_text("The call is over")

    await page.get_by_label("Save this conversation as a test").fill("no answer")
    await page.keyboard.press("Enter")
    await expect(page.locator("#played")).to_contain_text("Tests that pass: 1")
    await expect(page.locator("#tests-code")).to_contain_text('presses: "12#"')
    await expect(page.locator('.flow-node.is-never[data-id="say"]')).to_have_count(1)
    text = page.locator("#tests-code .cm-content")
    wrong = page.locator("#tests-code .cm-line", has_text="waits_in: tea")
    await wrong.click()
    await page.keyboard.press("End")
    await page.keyboard.type("x")
    await page.locator("#tests-play").click()
    await expect(page.locator("#played")).to_contain_text('expected the caller to wait in "teax"')
    await expect(page.locator("#tests-code .cm-lint-marker-error")).to_have_count(1)
    await expect(page.get_by_role("button", name="Call it")).to_have_count(0)
    await text.press("Control+Home")
    await page.locator("#played [data-line]").first.click()
    await expect(page.locator("#tests-code .cm-activeLine")).to_contain_text("waits_in: teax")
    await page.keyboard.press("End")
    await page.keyboard.press("Backspace")
    await page.keyboard.insert_text("\n      - ")
    await page.keyboard.type("ho")
    await page.locator("#tests-code .cm-tooltip-autocomplete").get_by_text("holds").click()
    await page.keyboard.type("{known: false}")
    await page.keyboard.press("Control+s")
    await expect(page.locator("#tests-saved")).to_have_text("")
    await expect(page.locator("#played")).to_contain_text("Tests that pass: 1")
    assert not await serious_faults(page)
    assert "holds: {known: false}" in (await drafts.of(ADA, "shop")).tests

    # What isn't saved is kept in the browser, also if the session ends.
    await text.press("Control+Home")
    await page.keyboard.type("# later\n")
    await expect(page.locator("#tests-saved")).not_to_have_text("")
    cookies = await page.context.cookies()
    await page.context.clear_cookies()
    await page.keyboard.press("Control+s")
    await expect(page.locator("#toasts")).to_contain_text("Your text is kept in this browser")
    await page.context.add_cookies([{**one} for one in cookies])  # type: ignore[typeddict-item]
    page.once("dialog", lambda asked: asked.accept())
    await page.reload()
    await page.locator("#kept [data-take]").click()
    await expect(page.locator("#tests-code")).to_contain_text("# later")
    await page.keyboard.press("Control+s")
    await expect(page.locator("#tests-saved")).to_have_text("")
    assert (await drafts.of(ADA, "shop")).tests.startswith("# later\n")

    # It was made from what somebody has changed since: that is said, and it can be thrown away.
    old = """() => localStorage.setItem("offhook.draft.tests.shop",
        JSON.stringify({ base: "before", text: "mine" }))"""
    await page.evaluate(old)
    await page.reload()
    await expect(page.locator("#kept")).to_contain_text("have been changed since")
    await page.locator("#kept [data-drop]").click()
    await expect(page.locator("#kept")).to_be_hidden()
    assert await page.evaluate("() => localStorage.getItem('offhook.draft.tests.shop')") is None

    # A robot calls it, and the page follows.
    trials = console.app[TRIALS]
    assert isinstance(trials, SmallTrials)
    await page.get_by_role("button", name="Call it").click()
    await expect(page.locator("#trial")).to_contain_text("the prompts are being made")
    await page.get_by_role("button", name="End it").click()
    await expect(page.locator("#trial")).to_contain_text("cancelled")
    await page.get_by_role("button", name="Call it").click()
    await expect(page.locator("#trial")).to_contain_text("the prompts are being made")
    trials.goes_on("shop", TrialStage.PASSED)
    await expect(page.locator("#trial")).to_contain_text("all was heard")
