"""Publishing in a real browser: publish, undo, plan, call off, export, import with mapping."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import expect

from console.kit.context import FLOW_DRAFTS, FLOW_HISTORY, PUBLICATIONS
from publishing.flow_files import PackedFlow, packed, unpacked
from tests.console.browsing import Open
from tests.console.conftest import Console
from tests.console.flows.test_flow_pages import ADA
from tests.console.flows.test_publish_pages import GOOD, TESTS, UNUSED, WARNING
from tests.console.test_accessible import put_on, serious_faults

pytestmark = pytest.mark.live

ELSEWHERE = GOOD.replace("flow: menu", "flow: far").replace(
    "{kind: queue, queue: sales, exits: {talked: bye, timeout: bye}}",
    "{kind: go_on, flow: onwards}",
).replace("  bye: {kind: hangup}\n", "")  # fmt: skip


async def test_a_flow_is_published_undone_planned_and_moved(
    console: Console, open_page: Open, tmp_path: Path
) -> None:
    drafts, publications = console.app[FLOW_DRAFTS], console.app[PUBLICATIONS]

    async def met() -> str | None:
        return (await console.app[FLOW_HISTORY].newest()).texts.get("menu")

    draft = await drafts.add(ADA, "", "menu", GOOD, TESTS)
    await publications.publish(ADA, "menu", draft.version, "the first")
    await drafts.save(ADA, "menu", draft.version, UNUSED, TESTS)

    # What changes is shown; each warning is confirmed.
    page = await open_page("/flows/menu/publish", "ada")
    await expect(page.locator(".is-added mark")).to_have_text([", more: {en: More", "}"])
    assert not await serious_faults(page)
    await put_on(page, "dark")
    assert not await serious_faults(page)
    publish = page.locator("#publish").get_by_role("button", name="Publish")
    await publish.click()  # the browser asks for the box first
    assert await met() == GOOD
    await page.get_by_label(WARNING).focus()
    await page.keyboard.press("Space")
    await page.get_by_label("Note").fill("one more")
    await publish.press("Enter")

    # One click takes it back.
    await expect(page.locator("#notice")).to_contain_text("Revision 2 is published")
    assert await met() == UNUSED
    assert not await serious_faults(page)
    await page.get_by_role("button", name="Undo").click()
    await expect(page.locator("#notice")).to_contain_text("Rolled back")
    assert await met() == GOOD
    await page.get_by_role("button", name="Show the difference").click()
    await expect(page.locator(".is-added mark").first).to_have_text(", more: {en: More")
    assert not await serious_faults(page)

    # It is planned for a holiday, and called off.
    await page.get_by_role("link", name="Publish").click()
    await page.get_by_label(WARNING).check()
    await page.locator("input[name=at]").fill("2036-12-31T23:30")  # which is not now
    await expect(page.get_by_label("Later, by the centre's clock").first).to_be_checked()
    await page.get_by_label("Now", exact=True).check()
    await expect(page.locator("input[name=at]")).to_have_value("")
    await page.locator("input[name=at]").fill("2036-12-31T23:30")
    await publish.click()
    await expect(page.locator("#planned")).to_contain_text("2036-12-31 23:30")
    await page.get_by_role("button", name="Call off").click()
    await expect(page.locator("#notice")).to_contain_text("Called off")
    await expect(page.locator("#planned")).to_have_count(0)

    # It goes into a file as it is.
    await page.goto("/".join(page.url.split("/")[:3]) + "/export-flows")
    async with page.expect_download() as coming:
        await page.get_by_role("button", name="Export").click()
    file = tmp_path / "flows.yaml"
    await (await coming.value).save_as(file)
    (one,) = unpacked(file.read_bytes(), "flows.yaml")
    assert (one.text, one.tests) == (UNUSED, TESTS)

    # One from elsewhere names a flow that isn't here; another takes its place.
    file.write_text(packed([one, PackedFlow("far", "theirs", ELSEWHERE)]))
    await page.goto("/".join(page.url.split("/")[:3]) + "/import-flows")
    await page.get_by_label("File").set_input_files(file)
    await page.get_by_role("button", name="Look at it").click()
    await expect(page.locator("#lacking")).to_contain_text("onwards")
    await expect(page.locator("#flows")).to_contain_text("the same as here")
    assert not await serious_faults(page)
    await page.get_by_label("In the place of onwards").select_option("menu")
    await page.get_by_role("button", name="Look again").click()
    await expect(page.locator("#flows")).not_to_contain_text("there is no flow")
    await page.get_by_role("button", name="Make the drafts").click()
    await page.wait_for_url("**/flows/far")
    assert (await drafts.of(ADA, "far")).text == ELSEWHERE.replace("onwards", "menu")
    assert await met() == GOOD

    # Secrets and inner services; removing asks first.
    await page.goto("/".join(page.url.split("/")[:3]) + "/centre/look-ups")
    await page.get_by_label("Name").fill("crm")
    await page.get_by_label("Value").fill("Bearer x")
    await page.get_by_role("button", name="Save").click()
    await page.get_by_label("Host with port, or network").fill("crm.lan:8080")
    await page.get_by_role("button", name="Allow").click()
    await expect(page.locator("#services")).to_contain_text("crm.lan:8080")
    assert not await serious_faults(page)
    await page.get_by_role("button", name="Remove crm.lan:8080").click()
    await page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    await page.get_by_role("button", name="Remove crm.lan:8080").click()
    await page.get_by_role("dialog").get_by_role("button", name="Yes").click()
    await expect(page.locator("#services")).to_have_count(0)


async def test_a_long_name_and_faults_fit_into_a_telephones_window(
    console: Console, open_page: Open
) -> None:
    name, drafts = "l" + "o" * 62 + "g", console.app[FLOW_DRAFTS]
    good = GOOD.replace("flow: menu", f"flow: {name}")
    draft = await drafts.add(ADA, "", name, good)
    due = datetime.now(UTC) + timedelta(days=1)
    await console.app[PUBLICATIONS].plan(ADA, name, draft.version, "", due)
    await drafts.save(ADA, name, draft.version, good.replace("kind: say", "kind: sayy"), "")
    page = await open_page(f"/flows/{name}/publish", "ada", "en", 375)
    await expect(page.locator("#errors")).to_contain_text("Line")
    for theme in ("light", "dark"):
        await put_on(page, theme)
        assert not await serious_faults(page)
    width = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert await page.evaluate(width) <= 0
