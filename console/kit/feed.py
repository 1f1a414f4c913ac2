"""Feeds live pages; all who see the same share one feed, so ten supervisors cost as much as one.

A page gets everything first, then only rows that changed. Frames are JSON text:
``{"v", "at", "all": sections}``, then ``{"v", "at", "set": sections, "gone": {section: [keys]},
"order": {section: [keys]}}``; a quiet floor sends ``{"v", "at"}`` every few seconds, so that a
page knows that it is up to date.
"""

import asyncio
import json
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, Protocol, TypeVar

import structlog

log = structlog.get_logger()

PACE_S = 0.25
"""The least time between two frames, so that a busy floor doesn't take the engine's time."""
BACKLOG = 32
"""How many frames a slow reader may be behind before they get the whole picture again."""

Row = dict[str, Any]
Sections = dict[str, dict[str, Row]]
"""Section name to rows by key; rows keep their order."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What a user sees at one moment."""

    version: int
    sections: Sections


SightT = TypeVar("SightT")
SightIn = TypeVar("SightIn", contravariant=True)


class Source(Protocol[SightIn]):
    """Where the pictures of a feed come from."""

    def picture(self, sight: SightIn) -> Picture:
        """What ``sight`` shows now."""
        ...

    async def changed(self, after: int) -> int:
        """Waits until the version is above ``after``; returns the new version."""
        ...


def difference(before: Sections, after: Sections) -> dict[str, Any]:
    """What a page must change to get from one picture to the next."""
    changed: dict[str, Any] = {}
    gone: dict[str, list[str]] = {}
    order: dict[str, list[str]] = {}
    for name, rows in after.items():
        old = before.get(name, {})
        new = {key: row for key, row in rows.items() if old.get(key) != row}
        if new:
            changed[name] = new
        lost = [key for key in old if key not in rows]
        if lost:
            gone[name] = lost
        if list(old) != list(rows):
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


class Feed(Generic[SightT]):
    """Watches the source for one sight while it has readers."""

    def __init__(self, source: Source[SightT], sight: SightT, beat_s: float) -> None:
        self._beat_s = beat_s
        self._source = source
        self._sight = sight
        self._now: Sections = {}
        self._version = -1
        self._readers: set[Subscription] = set()
        self._task: asyncio.Task[None] | None = None

    @property
    def watched(self) -> bool:
        """Whether it has readers."""
        return bool(self._readers)

    def join(self) -> Subscription:
        """A new reader; their first frame is the whole picture as it is now."""
        reader = Subscription()
        self._catch_up()
        self._readers.add(reader)
        reader.restart(self._whole())
        if self._task is None:
            self._task = asyncio.create_task(self._watch(), name="feed")
        return reader

    async def leave(self, reader: Subscription) -> None:
        """Removes a reader; after the last one, the watching stops."""
        self._readers.discard(reader)
        if not self._readers and self._task is not None:
            task, self._task = self._task, None
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def _whole(self) -> str:
        return _text({"v": self._version, "at": _now(), "all": self._now})

    def _catch_up(self) -> None:
        picture = self._source.picture(self._sight)
        before, self._now = self._now, picture.sections
        self._version = picture.version
        change = difference(before, self._now)
        frame = _text({"v": self._version, "at": _now(), **change})
        for reader in self._readers:
            if reader.behind and reader.empty:
                reader.restart(self._whole())
            else:
                reader.offer(frame)

    async def _watch(self) -> None:
        while True:
            try:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._beat_s):
                        await self._source.changed(self._version)
                self._catch_up()
            except Exception as error:
                log.error(
                    "a live page could not be made; trying again",
                    trace="".join(traceback.format_exception(error)),
                )
            await asyncio.sleep(PACE_S)


def _now() -> float:
    return round(datetime.now(UTC).timestamp(), 3)


class Feeds(Generic[SightT]):
    """The feeds in use, by sight. A frame comes at least every ``beat_s`` seconds."""

    def __init__(self, source: Source[SightT], *, beat_s: float) -> None:
        self._beat_s = beat_s
        self._source = source
        self._feeds: dict[SightT, Feed[SightT]] = {}

    @asynccontextmanager
    async def reader(self, sight: SightT) -> AsyncIterator[Subscription]:
        """A reader of the feed for ``sight``, as long as the block runs."""
        feed = self._feeds.setdefault(sight, Feed(self._source, sight, self._beat_s))
        reader = feed.join()
        try:
            yield reader
        finally:
            await feed.leave(reader)
            if not feed.watched and self._feeds.get(sight) is feed:
                del self._feeds[sight]
