"""A real browser before a console that listens at a port."""

import html
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from playwright.async_api import BrowserContext, Page, async_playwright

# A connection that is cut on purpose, and a refusal, which is an answer and not a fault.
_EXPECTED = re.compile(
    r"ERR_CONNECTION|status of 40[0139]|status of 404 .*/live$|status of 503 .*/panel$"
    r"|live' failed: .*( code: 40[34]|Authentication failed)"
)
Open = Callable[..., Awaitable[Page]]


class Served:
    """A console on a port that stays the same when it is stopped and started again."""

    def __init__(self, app: web.Application) -> None:
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        self._site: web.TCPSite | None = None
        self.port = 0

    async def start(self) -> None:
        if not self.port:
            await self._runner.setup()
        self._site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await self._site.start()
        self.port = self._site.port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def stop(self) -> None:
        """No new connections; those that are there are cut."""
        if self._site is not None:
            await self._site.stop()
        server = self._runner.server
        assert server is not None
        for connection in server.connections:
            if connection.transport is not None:
                connection.transport.abort()

    async def close(self) -> None:
        await self._runner.cleanup()


@asynccontextmanager
async def a_browser(
    chromium: str, password: str, url: str = "", *, by_form: bool = False
) -> AsyncIterator[Open]:
    """``await open_page("/board", "sue")``: a page of a browser of its own, signed in.

    ``chromium`` is the fixture. A console elsewhere than at ``url``, or another password, is named
    with the page. At the end nothing may have been said on the browser's console: a blocked script,
    a broken module, a missing file. Not ``by_form``: the browser is signed in without showing two
    pages, that of the form and the first one behind it, which take longer than most tests.
    """
    complaints: list[str] = []
    async with async_playwright() as play:
        browser = await play.chromium.connect(chromium)

        async def open_one(
            path: str,
            name: str,
            language: str = "en",
            width: int = 1280,
            *,
            at: str = url,
            password: str = password,
        ) -> Page:
            size: Any = {"width": width, "height": 900}
            context = await browser.new_context(locale=language, viewport=size)
            page = await context.new_page()
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on(
                "console",
                lambda said: (
                    complaints.append(said.text)
                    if said.type == "error"
                    and not _EXPECTED.search(f"{said.text} {said.location['url']}")
                    else None
                ),
            )
            if by_form:
                await page.goto(f"{at}/login")
                await page.fill("#name", name)
                await page.fill("#password", password)
                await page.click("button.btn-primary")
                await page.wait_for_url(lambda url: "/login" not in url)
            else:
                await sign_in(context, at, name, password)
            await page.goto(f"{at}{path}")
            return page

        yield open_one
        await browser.close()
    assert not complaints, complaints


async def sign_in(context: BrowserContext, at: str, name: str, password: str) -> None:
    """Sign a browser in as the form of the page /login does."""
    shown = await context.request.get(f"{at}/login")
    token = re.search(r'name="csrf"[^>]*value="([^"]*)"', await shown.text())
    assert token is not None, "the page /login has no form"
    form: dict[str, Any] = {"csrf": html.unescape(token[1]), "name": name, "password": password}
    answer = await context.request.post(f"{at}/login", form=form, max_redirects=0)
    assert answer.status == 303, await answer.text()
