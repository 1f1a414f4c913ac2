"""Callbacks and the results of calls, as those who lead change them in a browser.

One scene for both: a browser takes longer to start than either.
"""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Page, expect

from campaigns.disposition_choices import CallKind, offered_for
from campaigns.project_choices import ProjectChoices
from tests.console.browsing import Open
from tests.console.campaigns.called_campaign import called_campaign
from tests.console.conftest import Console
from tests.console.floor import TEA
from tests.console.test_accessible import put_on, serious_faults

pytestmark = pytest.mark.live


async def test_callbacks_and_results_are_changed_and_taken_back(
    console: Console, open_page: Open
) -> None:
    called = await called_campaign(console.database)
    at = datetime.now(UTC) + timedelta(hours=3)
    await console.database.pool.execute(
        "update leads set callback_at = $2, next_at = $2, callback_agent = '1001' where lead = $1",
        called.due,
        at,
    )
    page = await open_page("/campaigns/spring", "ada")
    await page.locator("#callbacks").click()
    await _callbacks(page)
    await page.get_by_role("link", name="Campaigns").first.click()
    await page.locator("#results").click()
    await page.get_by_role("link", name="清泉茶业").click()
    await _results(page)
    choices = (await ProjectChoices(console.database.pool).of(TEA)).choices
    first, *others = offered_for(choices, CallKind.OUTBOUND)
    assert (first.code, others[0].code, others[-1].code) == ("appointment", "success", "trial")
    assert others[-1].sub_reasons[0].titles["en"] == "Seven days"


async def _callbacks(page: Page) -> None:
    row, done = page.locator("#callbacks tbody tr"), page.locator(".alert-success")
    await expect(row).to_contain_text("Mr <Wu>")
    await row.locator("summary").press("Enter")
    assert not await serious_faults(page)
    await row.get_by_label("Whose").select_option("1002")
    await row.get_by_role("button", name="Hand over").click()
    await expect(done).to_contain_text("Handed over")
    await expect(row).to_contain_text("王伟")
    # The time that it has is there to be changed.
    await row.locator("summary").click()
    when = row.get_by_label("Call at, by our clock")
    later = datetime.fromisoformat(await when.input_value()) + timedelta(days=1)
    await when.fill(later.isoformat(timespec="minutes"))
    await row.get_by_role("button", name="Move").click()
    await expect(row).to_contain_text(f"{later:%Y-%m-%d %H:%M}")
    await row.locator("summary").click()
    await row.get_by_role("button", name="Don't call").click()
    await expect(row).to_have_count(0)
    await page.get_by_role("button", name="Take back").first.click()
    await expect(row).to_contain_text(f"{later:%Y-%m-%d %H:%M}")


async def _results(page: Page) -> None:
    # By keys: the focus stays on the button, so that it can be pressed again.
    rows = page.locator("#results tbody tr")
    await expect(rows.first).to_contain_text("Success")
    await rows.first.get_by_role("button", name="Down").press("Enter")
    await expect(rows.first).to_contain_text("Appointment")
    await expect(rows.nth(1).get_by_role("button", name="Down")).to_be_focused()
    await put_on(page, "dark")
    assert not await serious_faults(page)

    await page.get_by_role("link", name="New result").click()
    await expect(page.get_by_label("Name at the desk, 中文")).to_be_focused()
    await page.keyboard.type("试用")
    await page.get_by_label("Reason 1, English").fill("Seven days")
    await page.keyboard.press("Enter")
    await expect(page.locator("#e-meaning")).to_be_visible()
    await expect(page.locator("#f-again")).to_be_hidden()
    await page.get_by_text("Not now", exact=True).check()
    await expect(page.locator("#f-again")).to_be_visible()
    assert not await serious_faults(page)
    await page.get_by_text("Success", exact=True).check()
    await page.get_by_label("Name at the desk, English").fill("Trial")
    await page.get_by_role("button", name="Add the result").click()
    await expect(page.locator("#choice-trial")).to_contain_text("Seven days")
