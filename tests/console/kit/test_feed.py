"""Live pages: one feed for all who see the same, even for slow readers."""

import asyncio
import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


async def test_ten_pages_cost_no_more_tasks_than_one_and_none_is_left(visit: Visit) -> None:
    def feeding() -> list[str]:
        return [name for t in asyncio.all_tasks() if (name := t.get_name()).startswith("feeds")]

    client = await visit("sue")
    sockets = [await listen(client)]
    await frame(sockets[0])
    for_one = feeding()
    sockets += [await listen(await visit(name)) for name in ("sue", "ada", "ben") for _ in range(3)]
    for socket in sockets[1:]:
        await frame(socket)
    assert for_one and sorted(feeding()) == sorted(for_one)
    for socket in sockets:
        await socket.close()
    await until(lambda: not feeding(), 3)


def test_only_what_changed_is_sent() -> None:
    kept, old, new = {"n": 1}, {"n": 2}, {"n": 3}
    calls = {"a": kept, "b": old}
    assert feed.difference({"calls": calls}, {"calls": calls}) == {}
    assert feed.difference({"calls": calls}, {"calls": {"a": {"n": 1}, "b": new}}) == {
        "set": {"calls": {"b": new}}
    }
    # A page drops what is gone and puts what is new at the end: that needs no word about the order.
    assert feed.difference({"calls": calls}, {"calls": {"b": old, "c": new}}) == {
        "set": {"calls": {"c": new}},
        "gone": {"calls": ["a"]},
    }
    assert feed.difference({"calls": calls}, {"calls": {"c": new, "a": kept, "b": old}}) == {
        "set": {"calls": {"c": new}},
        "order": {"calls": ["c", "a", "b"]},
    }


Numbers = dict[str, int]


@given(st.lists(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 2)), min_size=2))
def test_a_page_that_takes_every_change_shows_the_last_picture(pictures: list[Numbers]) -> None:
    made = [{"rows": {key: {"n": n} for key, n in one.items()}} for one in pictures]
    shown = dict(made[0]["rows"])
    for before, after in pairwise(made):
        change = feed.difference(before, after)
        shown |= change.get("set", {}).get("rows", {})
        for key in change.get("gone", {}).get("rows", ()):
            del shown[key]
        shown = {key: shown[key] for key in change.get("order", {}).get("rows", shown)}
        assert list(shown.items()) == list(after["rows"].items())


class Source:
    """Counts up; what a sight shows is the count, and the sight "own" can't wait."""

    def __init__(self) -> None:
        self.version, self.looks = 0, 0
        self.asked: list[str] = []
        self.fails = False
        self._moved = asyncio.Condition()

    async def move(self) -> None:
        async with self._moved:
            self.version += 1
            self._moved.notify_all()

    async def changed(self, after: int) -> int:
        async with self._moved:
            await self._moved.wait_for(lambda: self.version > after)
            return self.version

    def look(self) -> int:
        self.looks += 1
        return self.version

    def picture(self, sight: str) -> feed.Sections:
        self.asked.append(sight)
        if self.fails:
            raise RuntimeError("no picture")
        return {"rows": {"n": {"n": 0 if sight == "quiet" else self.version}}}

    def concerns(self, sight: str) -> bool:
        return sight != "apart"

    def urgent(self, sight: str) -> bool:
        return sight == "own"

    def pace_s(self, sight: str) -> float:
        return 60.0 if sight in ("own", "slow") else 0.02


async def heard(reader: feed.Subscription) -> dict[str, Any]:
    async with asyncio.timeout(60):
        said: dict[str, Any] = json.loads(await reader.next())
        return said


async def test_what_is_urgent_does_not_wait_and_what_is_not_does() -> None:
    source = Source()
    feeds = feed.Feeds(source, beat_s=60.0)
    async with feeds.reader("own") as own, feeds.reader("slow") as slow:
        await heard(own)
        await heard(slow)
        await source.move()
        assert (await heard(own))["set"]["rows"]["n"] == {"n": 1}
        assert slow.empty


async def test_a_page_that_nothing_changed_for_is_sent_nothing() -> None:
    source = Source()
    feeds = feed.Feeds(source, beat_s=60.0)
    async with feeds.reader("quiet") as quiet, feeds.reader("board") as board:
        await heard(quiet)
        await heard(board)
        for _ in range(3):
            await source.move()
            await heard(board)
        await until(lambda: source.asked[2:].count("quiet") >= 3, 3)
        assert quiet.empty


async def test_a_page_that_a_look_does_not_concern_costs_no_turn() -> None:
    source = Source()
    feeds = feed.Feeds(source, beat_s=60.0)
    async with feeds.reader("apart") as apart, feeds.reader("board") as board:
        await heard(apart)
        await heard(board)
        for _ in range(3):
            await source.move()
            await heard(board)
        assert source.asked.count("apart") == 1 and apart.empty


async def test_a_burst_of_changes_costs_few_looks() -> None:
    source = Source()
    feeds = feed.Feeds(source, beat_s=60.0)
    async with feeds.reader("board") as board:
        await heard(board)
        for _ in range(500):
            await source.move()
        while (await heard(board))["set"]["rows"]["n"] != {"n": 500}:
            pass
    assert source.looks < 10


async def test_a_picture_that_cannot_be_made_is_tried_again() -> None:
    source = Source()
    feeds = feed.Feeds(source, beat_s=60.0)
    async with feeds.reader("board") as board:
        await heard(board)
        source.fails = True
        tried = len(source.asked)
        await source.move()
        await until(lambda: len(source.asked) > tried, 3)
        source.fails = False
        assert (await heard(board))["set"]["rows"]["n"] == {"n": 1}


async def test_a_slow_page_gets_the_whole_board_again() -> None:
    reader = feed.Subscription()
    for n in range(feed.BACKLOG + 5):
        reader.offer(f"frame {n}")
    assert reader.behind
    reader.restart("whole")
    assert await reader.next() == "whole"
    assert reader.empty and not reader.behind
