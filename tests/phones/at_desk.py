"""An agent's desk of a house, as its page uses it."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator

import aiohttp

from farend.console_client import ConsoleClient
from tests.faults.scene import Scene
from tests.waiting import until


class OpenDesk:
    """A desk that is open in a browser."""

    def __init__(self, console: ConsoleClient) -> None:
        self.console = console
        self.html = ""

    async def read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            self.html = message.data

    async def shows(self, pattern: str) -> re.Match[str]:
        """Until the desk shows this."""
        found = await until(lambda: re.search(pattern, self.html), what=f"{pattern} at the desk")
        assert found is not None
        return found

    async def lead(self) -> str:
        """The lead that is shown."""
        return (await self.shows(r'data-lead="(\d+)"'))[1]

    async def press(self, what: str, **fields: str) -> tuple[int, str]:
        """What a button of the desk asks for; status and answer."""
        return await self.console.submit(f"desk/{what}", "desk", **fields)


@contextlib.asynccontextmanager
async def open_desk(house: Scene, agent: str) -> AsyncIterator[OpenDesk]:
    """The desk of an agent, which the house's admin has."""
    await house.pool.execute("update users set agent = $1 where name = 'admin'", agent)
    async with ConsoleClient(house.stack.console_url, "admin", house.stack.secrets.admin) as one:
        desk = OpenDesk(one)
        async with one.listen("desk/dials") as socket:
            reading = asyncio.create_task(desk.read(socket))
            try:
                yield desk
            finally:
                reading.cancel()
