"""A client that does what a browser does with cookies and forms, and nothing else."""

import re
from collections.abc import Mapping
from typing import Any, Self

from aiohttp import ClientResponse, CookieJar, FormData, web
from aiohttp.test_utils import TestClient, TestServer

_TOKEN = re.compile(r'<meta name="form-token" content="([0-9a-f]*)">')


class Client:
    """One browser's worth of cookies. Redirects aren't followed."""

    def __init__(self, http: "TestClient[web.Request, web.Application]") -> None:
        self.http = http
        self.token = ""

    @classmethod
    async def start(cls, app: web.Application) -> Self:
        """Serves ``app`` on a free port of this machine."""
        http = TestClient(TestServer(app), cookie_jar=CookieJar(unsafe=True))
        await http.start_server()
        return cls(http)

    async def close(self) -> None:
        await self.http.close()

    async def get(self, path: str, **more: Any) -> ClientResponse:
        """A page; its form token is kept for the next post."""
        answer = await self.http.get(path, allow_redirects=False, **more)
        if answer.content_type == "text/html" and (found := _TOKEN.search(await answer.text())):
            self.token = found[1]
        return answer

    async def post(self, path: str, fields: Any = None, **more: Any) -> ClientResponse:
        """A form with its token, unless ``fields`` has one."""
        form = {"csrf": self.token, **(fields or {})}
        return await self.http.post(path, data=form, allow_redirects=False, **more)

    async def send(
        self,
        path: str,
        data: bytes,
        name: str = "agents.csv",
        *,
        fields: Mapping[str, str] | None = None,
        **more: Any,
    ) -> ClientResponse:
        """A form with a file, its token and other fields."""
        form = FormData({"csrf": self.token, **(fields or {})})
        form.add_field("file", data, filename=name)
        return await self.http.post(path, data=form, allow_redirects=False, **more)

    async def sign_in(self, name: str, password: str) -> ClientResponse:
        """Opens the login page and fills it in."""
        await self.get("/login")
        answer = await self.post("/login", {"name": name, "password": password})
        if answer.status == 303:
            await self.get("/account")
        return answer

    def cookie(self, name: str) -> str:
        """A cookie's value. Raises KeyError if there is none."""
        cookies = self.http.session.cookie_jar.filter_cookies(self.http.make_url("/"))
        return cookies[name].value
