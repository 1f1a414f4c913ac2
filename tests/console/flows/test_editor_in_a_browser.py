"""The editor in a real browser: a mistake, its line, what is offered, the picture, two people."""

import pytest
from playwright.async_api import Page, expect

from console.flows.flow_pieces import empty_flow
from console.kit.context import FLOW_DRAFTS
from tests.console.browsing import Open
from tests.console.conftest import Console
from tests.console.floor import TEA
from tests.console.flows.test_flow_pages import ADA
from tests.console.test_accessible import put_on, serious_faults

pytestmark = pytest.mark.live

TEXT = empty_flow("spring")
PLACES: list[tuple[str, tuple[list[str], str | None, str] | None]] = [
    ("flow: a\nsta|", ([], None, "sta")),
    ("languages: [zh-CN, e|]", ([], "languages", "e")),
    ("nodes:\n  |\n  b:\n    kind: x", (["nodes"], None, "")),
    ("nodes:\n  a:\n    # k|", None),
    ("nodes:\n  a:\n    kind: s|", (["nodes", "a"], "kind", "s")),
    ("nodes:\n  a:\n    exits: {next: b, talked: |}", (["nodes", "a", "exits"], "talked", "")),
    ("nodes:\n  a:\n    exits:\n      ne|", (["nodes", "a", "exits"], None, "ne")),
    ("nodes:\n  a:\n    prompts:\n      - x|", (["nodes", "a"], "prompts", "x")),
    ('nodes:\n  a:\n    keys: {"1": b, |}', (["nodes", "a", "keys"], None, "")),
    (
        "nodes:\n  a:\n    cases:\n      - when: {variable: x}\n        ex|: y",
        (["nodes", "a", "cases"], None, "ex"),
    ),
    (
        "nodes:\n  a:\n    cases:\n      - {when: {variable: s, is: |}, exit: x}",
        (["nodes", "a", "cases", "when"], "is", ""),
    ),
    ("prompts:\n  p:\n    zh-CN: 您{pos|}", (["prompts", "p"], "zh-CN", "您{pos")),
]
"""Texts with a cursor, and where in the YAML it is: the keys above, the key whose value is written,
and the word so far."""

_PLACE_AT = """async (text) => {
  const { placeAt } = await import("/static/flows/flow_places.js");
  const at = text.indexOf("|");
  const lines = (text.slice(0, at) + text.slice(at + 1)).split("\\n");
  let from = 0;
  const all = lines.map((line, n) => {
    const one = { number: n + 1, text: line, from, to: from + line.length };
    from = one.to + 1;
    return one;
  });
  const lineAt = (pos) => all.findLast((one) => one.from <= pos);
  const doc = { lines: all.length, line: (n) => all[n - 1], lineAt };
  const found = placeAt(doc, at);
  return found && [found.path, found.key, found.word];
}"""


_IS_KEPT = "(text) => localStorage.getItem('offhook.draft.flow.spring')?.includes(text)"


def line_of(part: str, text: str = TEXT) -> int:
    """The line, from 1, of the first one with this part."""
    return next(n for n, line in enumerate(text.splitlines(), 1) if part in line)


async def checked(page: Page, text: str) -> None:
    """Waits for what the checker says of what was typed."""
    await expect(page.locator("#check-state")).to_have_text(text, timeout=30_000)


async def go_to(page: Page, line: int, column: str = "End") -> None:
    """Puts the cursor there as people do: by mouse and keyboard."""
    await page.locator("#code .cm-line").nth(line - 1).click()
    await page.keyboard.press(column)


async def faults_in_both_themes(page: Page) -> list[str]:
    """What axe-core finds in the page as it is, by day and by night."""
    found = await serious_faults(page)
    await put_on(page, "dark")
    found += await serious_faults(page)
    await put_on(page, "light")
    return found


async def test_a_mistake_is_seen_mended_and_saved(console: Console, open_page: Open) -> None:
    drafts = console.app[FLOW_DRAFTS]
    await drafts.add(ADA, TEA, "spring", TEXT)
    page = await open_page("/new-flow?copy=spring", "otto")
    assert not await faults_in_both_themes(page)
    await page.goto(page.url.replace("/new-flow?copy=spring", "/flows/spring"))
    await checked(page, "Warnings: 1")
    for text, place in PLACES:
        found = await page.evaluate(_PLACE_AT, text)
        assert found == (None if place is None else list(place)), text
    nodes = page.locator("#picture .flow-node")
    await expect(nodes).to_have_count(3)
    await expect(page.locator("#save")).to_be_disabled()

    # What can be written is offered: a node that isn't there yet is a mistake, seen at its line.
    await go_to(page, line_of("exits: {next: goodbye}"))
    await page.keyboard.press("ArrowLeft")
    for _ in "goodbye":
        await page.keyboard.press("Backspace")
    await page.keyboard.type("desk")
    await checked(page, "Errors: 1")
    wrong = page.locator("#faults button")
    await expect(wrong).to_contain_text('leads to "desk", which is not a node')
    await expect(wrong).to_contain_text(f"Line {line_of('exits: {next: goodbye}')}")
    await expect(page.locator("#code .cm-lint-marker-error")).to_have_count(1)
    await expect(page.locator('.flow-node.is-ghost[data-id="desk"]')).to_be_visible()
    await expect(page.locator('.flow-node.is-faulty[data-id="greeting"]')).to_be_visible()
    assert not await faults_in_both_themes(page)

    await go_to(page, line_of("  the_end:") - 1)
    await page.keyboard.type("  de")
    offered = page.locator("#code .cm-tooltip-autocomplete")
    await offered.get_by_text("a node that an exit leads to").click()
    await page.keyboard.type("qu")
    await offered.get_by_text("queue", exact=True).first.click()
    await expect(page.locator("#code .cm-activeLine")).to_have_text(
        "    exits: {talked: , timeout: , nobody: , failed: }"
    )
    await page.keyboard.type("go")
    await offered.get_by_text("goodbye", exact=True).first.click()
    await page.keyboard.press("End")
    await page.keyboard.press("Shift+Home")
    await page.keyboard.type("exits: {talked: goodbye, timeout: goodbye}")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Control+Space")
    await expect(offered).to_contain_text("longest_wait")
    await page.keyboard.press("Escape")
    await checked(page, "No errors, no warnings")
    await expect(nodes).to_have_count(4)
    await expect(page.locator('.flow-node.is-here[data-id="desk"]')).to_be_visible()

    # From the picture to the text, and saved.
    await page.locator('.flow-node[data-id="greeting"]').click()
    assert await page.evaluate("document.activeElement.id") == "code"
    await expect(page.locator('.flow-node.is-here[data-id="greeting"]')).to_be_visible()
    await expect(page.locator("#unsaved")).to_be_visible()
    await page.keyboard.press("Control+s")
    await expect(page.locator("#unsaved")).to_be_hidden()
    await expect(page.locator("#saved")).to_contain_text("by otto")
    saved = await drafts.of(ADA, "spring")
    assert "  desk:\n    kind: queue\n    exits: {talked: goodbye" in saved.text

    # Somebody else is quicker: both texts, and mine is not lost.
    await drafts.save(ADA, "spring", saved.version, saved.text + "# by ada\n", "")
    await page.keyboard.press("Control+Home")
    await page.keyboard.type("# by otto\n")
    await page.keyboard.press("Control+s")
    conflict = page.locator("#conflict")
    await expect(conflict).to_contain_text("ada has changed the flow meanwhile.")
    await expect(conflict.locator(".cm-merge-a")).to_contain_text("# by ada")
    await expect(conflict.locator(".cm-merge-b")).to_contain_text("# by otto")
    assert not await serious_faults(page)
    await conflict.get_by_role("button", name="Save the right text").click()
    await expect(page.locator("#unsaved")).to_be_hidden()
    merged = await drafts.of(ADA, "spring")
    assert merged.text.startswith("# by otto\n") and merged.changed_by == "otto"

    # What isn't saved is kept here, and offered when one comes back.
    await page.keyboard.press("Control+Home")
    await page.keyboard.type("# later\n")
    await expect(page.locator("#unsaved")).to_be_visible()
    page.once("dialog", lambda asked: asked.accept())  # the page warns; leaving keeps the text
    await page.reload()
    await expect(page.locator("#kept")).to_be_visible()
    await page.locator("#code .cm-content").focus()
    for keys, kept in (("#odd", "#odd"), (4 * ["Backspace"], "# later")):  # it is still offered
        for key in keys:
            await page.keyboard.press(key)
        await page.wait_for_function(_IS_KEPT, arg=kept)
    await page.locator("#kept [data-take]").click()
    await expect(page.locator("#code")).to_contain_text("# later")
    await expect(page.locator("#unsaved")).to_be_visible()

    # The session ends meanwhile: nothing is lost, and the page says where the text is.
    await page.context.clear_cookies()
    await page.keyboard.press("Control+s")
    await expect(page.locator("#toasts")).to_contain_text("Your text is kept in this browser")
    await expect(page.locator("#code")).to_contain_text("# later")


async def test_the_line_that_is_typed_stays_in_sight_when_there_is_less_room(
    console: Console, open_page: Open
) -> None:
    """The list of mistakes takes its room from the text, and so does a smaller window."""
    await console.app[FLOW_DRAFTS].add(ADA, TEA, "autumn", empty_flow("autumn") + 60 * "# more\n")
    page = await open_page("/flows/autumn", "otto")
    await checked(page, "Warnings: 1")
    code, active = page.locator("#code .cm-scroller"), page.locator("#code .cm-activeLine")
    lowest = await code.evaluate(
        "(code) => [...code.querySelectorAll('.cm-line')].findLastIndex((line) =>"
        " line.getBoundingClientRect().bottom < code.getBoundingClientRect().bottom)"
    )
    await page.locator("#code .cm-line").nth(lowest).click()
    await expect(active).to_be_in_viewport(ratio=0.9)
    assert page.viewport_size is not None
    await page.set_viewport_size({**page.viewport_size, "height": 560})
    await expect(active).to_be_in_viewport(ratio=0.9)
    assert await code.evaluate("(code) => code.scrollTop") > 0
