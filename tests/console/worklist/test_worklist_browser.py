"""The worklist in a browser: played, taken and done by keys, and kept up to date."""

import pytest
from playwright.async_api import expect

from storage.audit import AuditAction
from tests.console.browsing import Open
from tests.console.conftest import Console, speak, store
from tests.console.test_accessible import put_on, serious_faults
from tests.console.worklist.test_worklist_pages import left, voice
from worklist.entries import WorkKind

pytestmark = pytest.mark.live


async def test_a_shift_at_the_worklist(console: Console, open_page: Open) -> None:
    """By keys: from row to row, a voicemail is played, taken, and done with a note, which is typed
    on while another caller is missed; undone, and opened to find the note again."""
    await store(console.database, left("c1", WorkKind.VOICEMAIL, ago_s=7200))
    await store(console.database, left("c2", WorkKind.MISSED, caller="13900139000"))
    speak(console.recordings / f"2026/03/02/{voice('c1')}.wav")
    page = await open_page("/worklist", "amy")
    rows = page.locator("[data-entry]")
    await expect(rows).to_have_count(2)
    await page.keyboard.press("j")
    await expect(page.get_by_role("button", name="Play").first).to_be_focused()
    await page.keyboard.press("p")
    player = page.locator("#listening")
    await expect(player.locator("[data-at]")).to_have_text("0:01", timeout=10_000)
    for theme in ("dark", "light"):
        await put_on(page, theme)
        assert not await serious_faults(page), theme
    await player.get_by_role("button", name="Close").click()
    await expect(player).to_be_hidden()

    first = rows.first
    await first.get_by_role("button", name="Play").focus()
    await page.keyboard.press("t")
    await expect(first).to_contain_text("In your hands")
    await first.get_by_role("button", name="Play").focus()
    await page.keyboard.press("d")
    note = first.get_by_label("Note")
    await expect(note).to_be_focused()
    await page.keyboard.type("rang, j and k")
    await store(console.database, left("c3", WorkKind.MISSED, caller="13700137000", ago_s=60))
    await expect(rows).to_have_count(3)
    await expect(note).to_have_value("rang, j and k")
    await expect(note).to_be_focused()
    await first.get_by_role("button", name="It is done").click()
    await expect(rows).to_have_count(2)
    await page.get_by_role("button", name="Undo").click()
    await expect(rows).to_have_count(3)
    await rows.first.locator("summary").click()
    await expect(rows.first.get_by_label("Note")).to_have_value("rang, j and k")

    await page.select_option("#state", "done")
    await expect(page.get_by_text("Nothing has been done yet")).to_be_visible()
    heard = await console.audit.entries(projects=None, action=AuditAction.RECORDING_LISTENED)
    assert [(one.by, one.target) for one in heard] == [("amy", voice("c1"))]
