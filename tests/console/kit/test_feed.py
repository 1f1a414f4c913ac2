"""Live pages: one feed for all who see the same, even for slow readers."""

import asyncio
import json

import pytest

from console.kit import feed
from console.kit.context import ConsoleTiming
from tests.console.conftest import Visit
from tests.console.streams import frame, listen
from tests.waiting import until


@pytest.mark.parametrize("timing", [ConsoleTiming(beat_s=0.1)])
async def test_a_quiet_floor_still_beats(visit: Visit) -> None:
    socket = await listen(await visit("ada"))
    await frame(socket)
    async with asyncio.timeout(3):
        assert set(json.loads(await socket.receive_str())) == {"v", "at"}


async def test_ten_pages_cost_one_feed_and_none_is_left(visit: Visit) -> None:
    client = await visit("sue")
    sockets = [await listen(client) for _ in range(10)]
    for socket in sockets:
        await frame(socket)
    feeds = [t for t in asyncio.all_tasks() if t.get_name() == "feed"]
    assert len(feeds) == 1
    for socket in sockets:
        await socket.close()
    await until(lambda: not any(t.get_name() == "feed" for t in asyncio.all_tasks()), 3)


async def test_a_slow_page_gets_the_whole_board_again() -> None:
    reader = feed.Subscription()
    for n in range(feed.BACKLOG + 5):
        reader.offer(f"frame {n}")
    assert reader.behind
    reader.restart("whole")
    assert await reader.next() == "whole"
    assert reader.empty and not reader.behind
