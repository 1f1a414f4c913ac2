"""Everybody can read and use the pages: axe-core finds nothing serious in them."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from console.floor.words import AGENT_COLOURS, STAGE_COLOURS
from tests.console.browsing import Open
from tests.console.campaigns.called_campaign import called_campaign
from tests.console.conftest import CALL, Console
from tests.console.floor import busy

pytestmark = pytest.mark.live

AXE = (Path(__file__).parents[1] / "vendor" / "axe" / "axe.min.js").read_text("utf-8")
PAGES = (
    *("/board", "/desk", "/calls", f"/calls/{CALL}", "/users", "/users/amy", "/account"),
    *("/centre", "/centre/agent", "/centre/history", "/centre/new/hotline", "/centre/new/agent"),
    *(
        "/campaigns",
        "/campaigns/new",
        "/campaigns/spring/settings",
        "/lists",
        "/campaigns/spring",
        "/leads/1",
    ),
    *(
        f"/campaigns/spring/{part}"
        for part in ("leads?step=due", "attempts", "decisions", "settings")
    ),
    *("/centre/agents-sheet", "/centre/first-steps", "/centre/matrix"),
    *("/reports/outbound?from=2026-03-01&to=2026-03-05", "/reports/leads", "/attempts"),
)
COLOURS = sorted({*AGENT_COLOURS.values(), *STAGE_COLOURS.values(), "green", "red", "orange"})
WCAG_AA = 4.5

_TRANSITIONS_END = """Promise.allSettled(document.getAnimations()
  .filter((one) => one instanceof CSSTransition).map((one) => one.finished))"""

_CONTRAST = """(colour) => {
  const luminance = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, n) => sum + c * [0.2126, 0.7152, 0.0722][n], 0);
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const paint = (...layers) => {  // what is seen of these, the lowest first
    for (const layer of layers) { canvas.fillStyle = layer; canvas.fillRect(0, 0, 1, 1); }
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const card = document.querySelector(".card");
  const contrast = (name, text) => {
    const mark = document.createElement("span");
    mark.className = name;
    mark.textContent = "Ringing";
    card.append(mark);
    const style = getComputedStyle(mark);
    const below = [getComputedStyle(document.body).backgroundColor,
                   getComputedStyle(card).backgroundColor, style.backgroundColor];
    const [one, other] = [luminance(paint(...below)), luminance(paint(...below, style.color))];
    mark.remove();
    return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  };
  return { badge: contrast(`badge bg-${colour}-lt`), text: contrast(`text-${colour}`) };
}"""


async def put_on(page: Page, theme: str) -> None:
    """Show the page in this theme. Colours on their way from one to the other are nobody's."""
    await page.evaluate("(theme) => (document.documentElement.dataset.bsTheme = theme)", theme)
    await page.evaluate(_TRANSITIONS_END)


async def serious_faults(page: Page) -> list[str]:
    """What axe-core calls serious or critical on the page as it is now."""
    await page.evaluate(AXE)
    found: dict[str, Any] = await page.evaluate("axe.run()")
    return [
        f"{fault['id']}: {node['html'][:160]} {node['failureSummary'].splitlines()[-1].strip()}"
        for fault in found["violations"]
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
async def test_axe_finds_nothing_serious(
    path: str, theme: str, console: Console, open_page: Open
) -> None:
    await busy(console.floor)
    await called_campaign(console.database)
    page = await open_page(path, "amy" if path == "/desk" else "ada")
    await put_on(page, theme)
    if await page.locator("#link").count():
        await expect(page.locator("#link")).to_have_text("Live")
    faults = await serious_faults(page)
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_each_state_can_be_read(theme: str, open_page: Open) -> None:
    page = await open_page("/board", "ada")
    await page.evaluate("(theme) => (document.documentElement.dataset.bsTheme = theme)", theme)
    measured = {colour: await page.evaluate(_CONTRAST, colour) for colour in COLOURS}
    print({colour: {k: round(v, 2) for k, v in one.items()} for colour, one in measured.items()})
    assert {colour: one for colour, one in measured.items() if min(one.values()) < WCAG_AA} == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_each_notice_can_be_read(theme: str, open_page: Open) -> None:
    page = await open_page("/account", "ada")
    await page.evaluate("(theme) => (document.documentElement.dataset.bsTheme = theme)", theme)
    await page.evaluate(
        """() => {
          for (const kind of ["success", "info", "warning", "danger"]) {
            const notice = document.createElement("div");
            notice.className = `alert alert-${kind}`;
            notice.textContent = "Saved.";
            document.querySelector("#content > div").append(notice);
          }
          const remove = document.createElement("button");
          remove.className = "btn btn-outline-danger";
          remove.textContent = "Remove";
          document.querySelector("#content > div").append(remove);
        }"""
    )
    await page.evaluate(_TRANSITIONS_END)
    assert await serious_faults(page) == []


async def test_axe_finds_what_is_wrong(open_page: Open) -> None:
    """Otherwise the tests above would prove nothing."""
    page = await open_page("/account", "ada")
    await page.evaluate("document.querySelector('h1').style.color = '#eee'")
    assert any(fault.startswith("color-contrast") for fault in await serious_faults(page))
