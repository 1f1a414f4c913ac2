"""That something which the board shows has changed, for those who watch."""

import asyncio


class Changes:
    """A version that goes up with each change."""

    def __init__(self) -> None:
        self.version = 1
        self._watchers: set[asyncio.Future[None]] = set()

    def touch(self) -> None:
        """Something that the board shows has changed."""
        self.version += 1
        watchers, self._watchers = self._watchers, set()
        for watcher in watchers:
            if not watcher.done():
                watcher.set_result(None)

    async def after(self, version: int) -> int:
        """Waits for a version above ``version``, and returns it."""
        while self.version <= version:
            watcher: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._watchers.add(watcher)
            try:
                await watcher
            finally:
                self._watchers.discard(watcher)
        return self.version
