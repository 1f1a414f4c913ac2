"""A centre made from nothing through the console's pages, while somebody calls it."""

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from configuration.centre_file import load
from offhook.stack import Stack
from telephony.asterisk.process import AsteriskProcess
from telephony.asterisk.provision import AsteriskInstall
from tests.conftest import PortBlocks
from tests.console.browsing import Open
from tests.e2e.softphones import Baresip, baresip, linphone
from tests.offhook.command import begin_up, command, end_up
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.long]

NUMBER = "4008001000"
WITHIN_MS = 20_000
GREETED_MS = 60_000
"""The greeting and the question for the language come before the queue."""


@dataclass(frozen=True, slots=True)
class NewCentre:
    """What ``./run up`` prints of a new state, and its Asterisk."""

    url: str
    password: str
    asterisk: AsteriskProcess

    async def knows(self, phone: str) -> None:
        """Until Asterisk has taken over a new phone."""

        async def so() -> bool:
            return "Aor:" in await self.asterisk.console(f"pjsip show endpoint {phone}")

        await until(so, 20, f"Asterisk to know the phone {phone}", every_s=0.2)

    async def registered(self, phone: str) -> None:
        """Until a phone has registered."""

        async def so() -> bool:
            return f"{phone}/sip:" in await self.asterisk.console("pjsip show contacts")

        await until(so, 20, f"the phone {phone} to register", every_s=0.2)


@pytest.fixture
async def new_centre(
    asterisk_install: AsteriskInstall, ports: PortBlocks, tmp_path: Path
) -> AsyncIterator[NewCentre]:
    """A running ``./run up`` on a state that wasn't there."""
    # Not in pytest's folder, which the user of PostgreSQL can't reach.
    with tempfile.TemporaryDirectory(prefix="offhook-up-") as folder:
        state, block, said = Path(folder) / "state", ports(), tmp_path / "said"
        process = begin_up(command("up", "--state", state), block, said)
        try:
            await until(
                lambda: "Ctrl-C stops everything" in said.read_text(), 120, seen=said.read_text
            )
            text = said.read_text()
            found = re.search(r"console: (\S+)/  user: admin  first password: (\S+)", text)
            assert found, text
            stack = Stack(
                load(state / "centre.yaml"), state, block, asterisk_install
            )  # not started
            yield NewCentre(found[1], found[2], stack.instance.process)
        finally:
            await asyncio.to_thread(end_up, process)


async def make(page: Page, kind: str, **settings: str) -> Mapping[str, str]:
    """Make a thing with its form; what the page then shows only once."""
    await page.goto(f"{origin(page)}/centre/new/{kind}")
    await fill(page, settings)
    await page.locator("#thing button[type=submit]").click()
    await expect(page.locator("#credentials, .alert-success").first).to_be_visible()
    labels = await page.locator("#credentials dt").all_inner_texts()
    values = await page.locator("#credentials dd").all_inner_texts()
    return dict(zip(labels, values, strict=True))


async def fill(page: Page, settings: Mapping[str, str]) -> None:
    """Fill settings in: by their names in the form."""
    for name, value in settings.items():
        field = page.locator(f'#thing [name="{name}"]')
        if await field.first.get_attribute("type") == "checkbox":
            await page.locator(f'#thing [name="{name}"][value="{value}"]').check()
        elif await field.evaluate("(one) => one.tagName") == "SELECT":
            await field.select_option(value)
        else:
            await field.fill(value)


def origin(page: Page) -> str:
    """The console's address, from a page of it."""
    return "/".join(page.url.split("/", 3)[:3])


async def set_level(page: Page, agent: str, skill: str, level: str) -> None:
    """Give an agent a skill, or take it away, with their form."""
    await page.goto(f"{origin(page)}/centre/agent/{agent}")
    await fill(page, {f"skills.{skill}": level})
    await page.locator("#thing button[type=submit]").click()
    await page.wait_for_url(re.compile(r"\?done=changed"))


async def undo_all(page: Page) -> int:
    """Undo all of an admin's changes, the newest first; how many there were."""
    await page.goto(f"{origin(page)}/centre/history?by=admin")
    links = page.locator('table[data-keyed] td:first-child a[href^="/centre/history/"]')
    changes = [await one.get_attribute("href") for one in await links.all()]
    for change in changes:
        await page.goto(f"{origin(page)}{change}")
        await page.locator("#undo summary").click()
        await page.locator("#undo button[type=submit]").click()
        await expect(page.locator(".alert-success")).to_be_visible()
    return len(changes)


def phone_of(folder: Path, shown: Mapping[str, str]) -> AbstractAsyncContextManager[Baresip]:
    """A softphone with what a phone's page shows."""
    return baresip(
        folder,
        server=shown["SIP server"],
        port=shown["Port"],
        name=shown["User name"],
        password=shown["Password"],
    )


async def at_the_desk(desk: Page) -> Locator:
    """Log an agent in at their desk and get ready; where it says their state."""
    state = desk.locator('[data-me="state"]')
    await desk.get_by_role("button", name="Log in").click()
    await expect(state).to_have_text("Away", timeout=WITHIN_MS)
    await desk.keyboard.press("r")
    await expect(state).to_have_text("Ready", timeout=WITHIN_MS)
    return state


async def test_a_centre_made_in_the_browser_takes_calls(
    new_centre: NewCentre, open_page: Open, tmp_path: Path
) -> None:
    at = new_centre.url
    page = await open_page("/centre", "admin", at=at, password=new_centre.password)
    await expect(page.locator("#first-steps")).to_be_visible()
    await make(page, "station", name="1001")
    setup_url = await page.locator("#setup code").inner_text()
    second = await make(page, "station", name="1002")
    third = await make(page, "station", name="1003")
    await make(page, "project", name="tea", title="Tea")
    await make(page, "skill", name="tea")
    await make(page, "queue", name="tea", project="tea", skill="tea", wrap_up_s="1")
    await make(page, "hotline", number=NUMBER, project="tea", flow="greeting", queue="tea")
    agent = {"projects": "tea", "skills.tea": "3"}
    amy = await make(page, "agent", code="2001", name="Amy", station="1001", **agent)
    agent["skills.tea"] = ""  # the form proposes it
    bob = await make(page, "agent", code="2002", name="Bob", station="1002", **agent)
    await new_centre.knows("1003")

    async with (
        linphone(tmp_path / "one", setup_url) as amys_phone,
        phone_of(tmp_path / "two", second),
        phone_of(tmp_path / "three", third) as customer,
    ):
        for phone in ("1001", "1002", "1003"):
            await new_centre.registered(phone)
        desks = [
            await open_page("/desk", shown["Console user"], at=at, password=shown["Password"])
            for shown in (amy, bob)
        ]
        amys_state, bobs_state = [await at_the_desk(desk) for desk in desks]

        # Amy alone has the skill. While she talks it goes over to Bob, who gets the next call.
        await customer.do("dial", NUMBER)
        await expect(amys_state).to_have_text("Talking", timeout=GREETED_MS)
        await amys_phone.until("talking")
        await set_level(page, "2001", "tea", "")
        await set_level(page, "2002", "tea", "3")
        await expect(bobs_state).to_have_text("Ready")
        await customer.do("hangup")
        await expect(amys_state).to_have_text("Ready", timeout=WITHIN_MS)
        await customer.do("dial", NUMBER)
        await expect(bobs_state).to_have_text("Talking", timeout=GREETED_MS)
        await expect(amys_state).to_have_text("Ready")
        await customer.do("hangup")
        await expect(bobs_state).to_have_text("Ready", timeout=WITHIN_MS)

        # Both calls are in the record, each with its agent.
        await page.goto(f"{at}/calls")
        calls = page.locator("tbody tr")
        await expect(calls).to_have_count(2)
        await expect(calls.nth(0)).to_contain_text("Bob")
        await expect(calls.nth(1)).to_contain_text("Amy")

        # The guide of a new centre has nothing more to say; all that it led to is undone.
        await page.goto(f"{at}/centre")
        await expect(page.locator("#takes-calls")).to_be_visible()
        assert await undo_all(page) == 11
        await page.goto(f"{at}/centre")
        for kind in ("project", "skill", "queue", "hotline", "station", "agent"):
            count = page.locator(f'a[href="/centre/{kind}"] .number')
            await expect(count).to_have_text("0")
        await customer.do("dial", NUMBER)
        await customer.until("CALL_CLOSED")
