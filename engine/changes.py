"""Wakes those who watch the board when something on it has changed."""

import asyncio


class Changes:
    """A version that goes up with each change."""

    def __init__(self) -> None:
        self.version = 1
        self._watchers: set[asyncio.Future[None]] = set()

    def touch(self) -> None:
        """Note that something on the board has changed."""
        self.version += 1
        watchers, self._watchers = self._watchers, set()
        for watcher in watchers:
            if not watcher.done():
                watcher.set_result(None)

    async def after(self, version: int) -> int:
        """Wait for a version above ``version`` and return it."""
        while self.version <= version:
            watcher: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._watchers.add(watcher)
            try:
                await watcher
            finally:
                self._watchers.discard(watcher)
        return self.version
