"""Feeds live pages; all who see the same share one feed, so ten supervisors cost as much as one.

A page gets everything first, then only rows that changed. Frames are JSON text:
``{"v", "at", "all": sections}``, then ``{"v", "at", "set": sections, "gone": {section: [keys]},
"order": {section: [keys]}}``; when nothing changes for it, a page is sent ``{"v", "at"}`` every few
seconds, so that it knows that it is up to date.

Pages must not slow down calls. One look at the source serves all feeds; feeds take turns, and after
each of them whatever calls need is done first.
"""

import asyncio
import json
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Generic, Protocol, TypeVar

import structlog

from console.kit.turns import Turns

log = structlog.get_logger()

LOOK_S = 0.1
"""The least time between two looks at the source, so that a busy floor doesn't take the engine's
time."""
AGAIN_S = 1.0
"""How soon it is tried again if a page could not be made."""
BACKLOG = 32
"""How many frames a slow reader may be behind before they get the whole picture again."""

Row = dict[str, Any]
Sections = dict[str, dict[str, Row]]
"""Section name to rows by key; rows keep their order, and are never changed once they are made."""
SightT = TypeVar("SightT")
SightIn = TypeVar("SightIn", contravariant=True)


class Source(Protocol[SightIn]):
    """Where the pictures of a feed come from."""

    async def changed(self, after: int) -> int:
        """Waits until the version is above ``after``; returns the new version."""
        ...

    def look(self) -> int:
        """Looks at how everything is now; returns the version of that."""
        ...

    def picture(self, sight: SightIn) -> Sections:
        """What ``sight`` showed at the last look.

        Rows and whole sections that have not changed had better be the same objects as before.
        """
        ...

    def concerns(self, sight: SightIn) -> bool:
        """Whether the last look may have found something new to this sight."""
        ...

    def urgent(self, sight: SightIn) -> bool:
        """Whether the last look found something that this sight must not wait for."""
        ...

    def pace_s(self, sight: SightIn) -> float:
        """How often ``sight`` is sent what is not urgent, in seconds."""
        ...


def difference(before: Sections, after: Sections) -> dict[str, Any]:
    """What a page must change to get from one picture to the next; empty: nothing."""
    changed: dict[str, Any] = {}
    gone: dict[str, list[str]] = {}
    order: dict[str, list[str]] = {}
    for name, rows in after.items():
        old = before.get(name, {})
        if old is rows:
            continue
        new = {
            key: row for key, row in rows.items() if (was := old.get(key)) is not row and was != row
        }
        if new:
            changed[name] = new
        lost = [key for key in old if key not in rows]
        if lost:
            gone[name] = lost
        # A page keeps the rows that it has in their places, and puts new ones at the end.
        kept = [key for key in old if key in rows]
        if kept + [key for key in rows if key not in old] != list(rows):
            order[name] = list(rows)
    frame: dict[str, Any] = {}
    if changed:
        frame["set"] = changed
    if gone:
        frame["gone"] = gone
    if order:
        frame["order"] = order
    return frame


def _text(frame: dict[str, Any]) -> str:
    return json.dumps(frame, ensure_ascii=False, separators=(",", ":"))


class Subscription:
    """One page's frames, in order."""

    def __init__(self) -> None:
        self._frames: asyncio.Queue[str] = asyncio.Queue()
        self.behind = False

    def offer(self, frame: str) -> None:
        """Adds a frame, or notes that the reader is too slow for it."""
        if self._frames.qsize() >= BACKLOG:
            self.behind = True
        else:
            self._frames.put_nowait(frame)

    def restart(self, whole: str) -> None:
        """Drops the waiting frames and starts again from the whole picture."""
        while not self._frames.empty():
            self._frames.get_nowait()
        self._frames.put_nowait(whole)
        self.behind = False

    async def next(self) -> str:
        """The next frame."""
        return await self._frames.get()

    @property
    def empty(self) -> bool:
        """Whether the reader has taken everything."""
        return self._frames.empty()


@dataclass(slots=True, eq=False)
class Feed(Generic[SightT]):
    """What the readers of one sight have been sent."""

    sight: SightT
    readers: set[Subscription] = field(default_factory=set)
    version: int = -1
    """Of the look that they have been sent, or that had nothing new for them."""
    sections: Sections = field(default_factory=dict)
    sent_at: float = 0.0
    """When they were last sent anything, by the loop's clock."""

    def join(self) -> Subscription:
        """A new reader; their first frame is the whole picture, as the others have it."""
        reader = Subscription()
        self.readers.add(reader)
        reader.restart(self._frame({"all": self.sections}))
        return reader

    def take(self, version: int, sections: Sections, *, beat: bool) -> bool:
        """Sends the readers what is new to them; returns whether there was anything.

        ``beat``: send them a frame even if there is nothing new.
        """
        change = difference(self.sections, sections)
        self.version, self.sections = version, sections
        late = [reader for reader in self.readers if reader.behind and reader.empty]
        if not (change or beat or late):
            return False
        frame = self._frame(change)
        whole = self._frame({"all": sections}) if late else ""
        for reader in self.readers:
            if reader.behind and reader.empty:
                reader.restart(whole)
            else:
                reader.offer(frame)
        return True

    def _frame(self, change: dict[str, Any]) -> str:
        now = round(datetime.now(UTC).timestamp(), 3)
        return _text({"v": self.version, "at": now, **change})


class Feeds(Generic[SightT]):
    """The feeds in use, by sight. A frame comes at least every ``beat_s`` seconds."""

    def __init__(self, source: Source[SightT], *, beat_s: float) -> None:
        self._beat_s = beat_s
        self._source = source
        self._feeds: dict[SightT, Feed[SightT]] = {}
        self._turns: Turns[SightT] = Turns()
        self._version = -1
        self._looked_at = float("-inf")
        self._asked = asyncio.Event()
        """Set when a turn may have become due earlier than it was."""
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def reader(self, sight: SightT) -> AsyncIterator[Subscription]:
        """A reader of the feed for ``sight``, as long as the block runs."""
        feed, reader = self._join(sight)
        try:
            yield reader
        finally:
            feed.readers.discard(reader)
            if not feed.readers and self._feeds.get(sight) is feed:
                del self._feeds[sight]
                self._turns.leave(sight)
            if not self._feeds and self._task is not None:
                task, self._task = self._task, None
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    def _join(self, sight: SightT) -> tuple[Feed[SightT], Subscription]:
        if _now() - self._looked_at > LOOK_S:  # hundreds may come at once, after a restart
            self._look()
        feed = self._feeds.get(sight)
        if feed is None:
            feed = self._feeds[sight] = Feed(sight)
            self._turns.join(sight, self._source.pace_s(sight))
        self._serve(feed)
        reader = feed.join()
        self._asked.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="feeds")
        return feed, reader

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_looking(), name="feeds: looking")
            tasks.create_task(self._keep_serving(), name="feeds: serving")

    async def _keep_looking(self) -> None:
        """Looks at every change, and at every beat at what no change says."""
        while True:
            try:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._beat_s):
                        await self._source.changed(self._version)
                self._look()
            except Exception as error:
                _complain(error)
                await asyncio.sleep(AGAIN_S)
            await asyncio.sleep(LOOK_S)

    def _look(self) -> None:
        """Looks, and gives a turn to every feed that may have something new to show."""
        version = self._source.look()
        now = self._looked_at = _now()
        if version == self._version:
            return
        self._version = version
        for sight in self._feeds:
            if self._source.urgent(sight):
                self._turns.ask(sight, now)
            elif self._source.concerns(sight):
                self._turns.ask_at_moment(sight, now)
        self._asked.set()

    async def _keep_serving(self) -> None:
        while True:
            self._asked.clear()
            sight = self._turns.take(_now())
            if sight is None:
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(self._turns.next()):
                        await self._asked.wait()
                continue
            try:
                self._serve(self._feeds[sight])
            except Exception as error:
                _complain(error)
                self._turns.ask(sight, _now() + AGAIN_S)
            await asyncio.sleep(0)  # calls first

    def _serve(self, feed: Feed[SightT]) -> None:
        now = _now()
        beat = now - feed.sent_at >= self._beat_s
        if feed.take(self._version, self._source.picture(feed.sight), beat=beat):
            feed.sent_at = now
        self._turns.ask(feed.sight, feed.sent_at + self._beat_s)


def _now() -> float:
    return asyncio.get_running_loop().time()


def _complain(error: Exception) -> None:
    log.error(
        "a live page could not be made; trying again",
        trace="".join(traceback.format_exception(error)),
    )
