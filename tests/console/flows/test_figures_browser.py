"""The figures of a flow in a real browser: painted over the picture, and readable for everybody."""

import pytest
from playwright.async_api import expect

from tests.console.browsing import Open
from tests.console.conftest import Console
from tests.console.flows.test_figures_page import called, published
from tests.console.test_accessible import put_on, serious_faults

pytestmark = pytest.mark.live


async def test_figures_are_painted_over_the_picture(console: Console, open_page: Open) -> None:
    await published(console)
    await called(console)
    page = await open_page("/flows/tea/figures?span=hour", "otto")
    menu = page.locator('#picture [data-id="menu"]')
    await expect(menu.locator(".flow-figure text")).to_have_text("3, 1 hung up")
    counts = page.locator("#picture .flow-count")
    assert sorted(await counts.all_text_contents()) == ["0", "1", "2", "3"]
    assert await page.locator("#picture .flow-line.is-never").count() == 1
    for theme in ("light", "dark"):
        await put_on(page, theme)
        # The picture is the editor's, whose own test looks at its nodes.
        faults = [one for one in await serious_faults(page) if "flow-node" not in one]
        assert not faults, "\n".join(faults)


async def test_a_replay_is_watched_and_shows_what_came_of_it(
    console: Console, open_page: Open
) -> None:
    await published(console)
    await called(console)
    page = await open_page("/flows/tea/replay", "otto")
    await page.get_by_role("button", name="Replay last week").click()
    await expect(page.locator("#same")).to_have_text("3")
    await expect(page.get_by_role("button", name="Replay again")).to_be_enabled()
    faults = await serious_faults(page)
    assert not faults, "\n".join(faults)
