"""Trying a flow out in a real browser: keys, the way on the picture, a test of it, and sound."""

import pytest
from playwright.async_api import expect

from console.kit.context import FLOW_DRAFTS
from tests.console.browsing import Open
from tests.console.conftest import Console
from tests.console.flows.test_flow_pages import ADA
from tests.console.flows.test_try_pages import FLOW
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
    for key in "12#":  # faster than the answers come
        await page.keyboard.press(key)
    await expect(awaits).to_contain_text("The answer of a service is awaited")
    answer = page.get_by_label("What the service answers, as JSON")
    await answer.fill("{state")
    await page.get_by_role("button", name="Answer this").click()
    await expect(page.get_by_role("alert")).to_contain_text("This is not JSON")
    await page.get_by_role("button", name="It doesn't answer in time").click()
    await expect(awaits).to_contain_text("The caller waits in a queue")
    await put_on(page, "dark")
    assert not await serious_faults(page)
    await page.locator("#try-back").click()
    await expect(awaits).to_contain_text("The answer of a service is awaited")
    await page.get_by_role("button", name="It doesn't answer in time").click()
    await page.get_by_role("button", name="An agent talks with them").click()
    await expect(awaits).to_contain_text("The call is over")

    await page.get_by_label("Save this conversation as a test").fill("no answer")
    await page.keyboard.press("Enter")
    await expect(page.locator("#played")).to_contain_text("all 1 tests pass")
    await expect(page.locator('.flow-node.is-never[data-id="say"]')).to_have_count(1)
    assert not await serious_faults(page)
    text = page.locator("#tests-text")
    await text.fill((await text.input_value()).replace("waits_in: tea", "waits_in: coffee"))
    await page.locator("#tests-play").click()
    await expect(page.locator("#played")).to_contain_text('expected the caller to wait in "coffee"')
    await expect(page.get_by_role("button", name="Call it")).to_have_count(0)
    await page.locator("#played [data-line]").first.click()
    assert await page.evaluate(
        "(at => at.value.slice(at.selectionStart, at.selectionEnd))(document.activeElement)"
    ) == "      - waits_in: coffee"  # fmt: skip
    await page.keyboard.press("Control+z")
    await text.fill((await text.input_value()).replace("waits_in: coffee", "waits_in: tea") + "\n")
    await page.keyboard.press("Control+s")
    await expect(page.locator("#tests-saved")).to_have_text("")
    assert "no_answer" in (await drafts.of(ADA, "shop")).tests
