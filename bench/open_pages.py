"""Holds live pages open for a benchmark, as browsers do, and notes when each frame arrives.

A process of its own (``python -m bench.open_pages``), so that its work is not the far end's.
It reads one line of JSON, ``{"url", "pages": [{"name", "path", "token"}], "file"}``, opens the
pages, says "open", and ends when its input does. Then ``file`` has a line for each frame:
``[name, seconds since the epoch, frame]``.
"""

import asyncio
import json
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp

from console.kit.guard import SESSION_COOKIE

AT_ONCE = 20
"""How many pages are being opened at one time."""

Arrival = tuple[str, float, str]


async def hold(asked: dict[str, Any]) -> list[Arrival]:
    """Opens the pages and keeps them open until the input ends; returns what arrived."""
    arrived: list[Arrival] = []
    opening = asyncio.Semaphore(AT_ONCE)
    clock = time.time

    async def keep(http: aiohttp.ClientSession, page: dict[str, str], ready: asyncio.Event) -> None:
        headers = {"Origin": asked["url"], "Cookie": f"{SESSION_COOKIE}={page['token']}"}
        async with opening:
            socket = await http.ws_connect(asked["url"] + page["path"], headers=headers)
            arrived.append((page["name"], clock(), await socket.receive_str()))
        ready.set()
        async for message in socket:
            arrived.append((page["name"], clock(), message.data))  # noqa: PERF401 - kept if cancelled

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as http, asyncio.TaskGroup() as tasks:
        events = [asyncio.Event() for _ in asked["pages"]]
        held = [
            tasks.create_task(keep(http, page, ready))
            for page, ready in zip(asked["pages"], events, strict=True)
        ]
        for ready in events:
            await ready.wait()
        print("open", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        for task in held:
            task.cancel()
    return arrived


def main() -> None:
    """What the process does."""
    asked: dict[str, Any] = json.loads(sys.stdin.readline())
    arrived: list[Arrival] = []
    with suppress(asyncio.CancelledError):
        arrived = asyncio.run(hold(asked))
    text = "".join(json.dumps(each) + "\n" for each in arrived)
    Path(asked["file"]).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
