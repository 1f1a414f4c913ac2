"""Reads the live streams as a page does."""

import asyncio
import json
from typing import Any

from aiohttp import ClientWebSocketResponse

from tests.console.browserless import Client


async def frame(socket: ClientWebSocketResponse) -> dict[str, Any]:
    """The next frame that says something."""
    async with asyncio.timeout(60):
        while True:
            said: dict[str, Any] = json.loads(await socket.receive_str())
            if set(said) - {"v", "at"}:
                return said


async def listen(client: Client, path: str = "/board/live") -> ClientWebSocketResponse:
    origin = str(client.http.make_url("/")).rstrip("/")
    return await client.http.ws_connect(path, headers={"Origin": origin})
