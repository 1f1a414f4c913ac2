"""A client of the console for programs: signs in as a person would and reads the board."""

import html
import re
from contextlib import AbstractAsyncContextManager
from typing import Any, Self

import aiohttp

from domain.errors import OffhookError


class ConsoleRefused(OffhookError):  # noqa: N818
    """The console refused our login or a request."""


class ConsoleClient:
    """A signed-in user of the console at ``url``."""

    def __init__(self, url: str, name: str, password: str) -> None:
        self._url = url.rstrip("/")
        self._name = name
        self._password = password
        self._http = aiohttp.ClientSession(
            headers={"Accept-Language": "en"}, cookie_jar=aiohttp.CookieJar(unsafe=True)
        )

    async def __aenter__(self) -> Self:
        try:
            await self.sign_in()
        except BaseException:
            await self._http.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()

    async def sign_in(self) -> None:
        """Sign in with the name and password. Raises ConsoleRefused."""
        async with self._http.get(f"{self._url}/login") as page:
            token = _token(await page.text())
        form = {"csrf": token, "name": self._name, "password": self._password, "next": "/board"}
        async with self._http.post(f"{self._url}/login", data=form) as answer:
            if answer.status != 200 or answer.url.path != "/board":
                raise ConsoleRefused(f"{self._url}: {self._name} was refused")

    async def fetch(self, path: str) -> tuple[int, bytes]:
        """GET a page or a file; its status and what it contains."""
        async with self._http.get(f"{self._url}/{path}") as answer:
            return answer.status, await answer.read()

    async def submit(self, path: str, on: str, **form: str | list[str]) -> tuple[int, str]:
        """POST ``form`` to ``path`` as the page ``on`` does; status and text of the answer. A field
        with a list is sent once for each of it."""
        fields = [
            (name, one) for name, v in form.items() for one in (v if isinstance(v, list) else [v])
        ]
        async with self._http.get(f"{self._url}/{on}") as page:
            headers = {"X-CSRF-Token": _token(await page.text())}
        async with self._http.post(f"{self._url}/{path}", data=fields, headers=headers) as answer:
            return answer.status, await answer.text()

    def listen(self, path: str) -> AbstractAsyncContextManager[aiohttp.ClientWebSocketResponse]:
        """A page's live connection."""
        return self._http.ws_connect(f"{self._url}/{path}", origin=self._url)

    async def board(self) -> dict[str, Any]:
        """The live board as JSON (GET /api/v1/board)."""
        async with self._http.get(f"{self._url}/api/v1/board") as answer:
            if answer.status != 200:
                raise ConsoleRefused(f"the board answered {answer.status}")
            found: dict[str, Any] = await answer.json()
            return found


def _token(page: str) -> str:
    found = re.search(r'name="csrf"[^>]*value="([^"]*)"', page)
    if found is None:
        raise ConsoleRefused("the login page has no form")
    return html.unescape(found[1])
