"""Follows the directory: hands on each change, whoever made it, in this process or in another."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import asyncpg
import structlog

from centre.directory_copy import DirectoryCopy
from centre.directory_store import CHANNEL, DirectoryBroken, DirectoryStore, ThingKey
from storage.announced import ANSWERS_WITHIN_S, LOOK_EVERY_S, Announced

log = structlog.get_logger()

Take = Callable[[DirectoryCopy], Awaitable[None]]


class FollowedDirectory:
    """The directory as this process knows it; ``found`` is what it begins with."""

    def __init__(
        self, pool: asyncpg.Pool, found: DirectoryCopy, *, look_every_s: float = LOOK_EVERY_S
    ) -> None:
        self.found = found
        self._taken = found.kept
        self._store = DirectoryStore(pool)
        self._announced = Announced(pool, CHANNEL, look_every_s=look_every_s)

    def look(self, _change: int = 0) -> None:
        """Look now: somebody in this process has made a change."""
        self._announced.look()

    def secrets(self) -> Mapping[ThingKey, str]:
        """The secrets as they are now."""
        return self.found.secrets

    async def follow(self, take: Take) -> None:
        """Give ``take`` each newer directory with its secrets, until cancelled.

        While the database is away, nothing can have changed. What can't be understood is logged,
        and the directory before it goes on. If ``take`` raises one of
        ``storage.database_errors.AWAY``, it is given the same directory again.
        """

        async def read(whole: bool) -> None:
            await self._read(take, whole=whole)

        await self._announced.follow(read, (DirectoryBroken,), _tell)

    async def _read(self, take: Take, *, whole: bool) -> None:
        before = self._taken
        async with asyncio.timeout(ANSWERS_WITHIN_S):
            kept = await self._store.read(None if whole else before)
            if (kept.revision, kept.at) == (before.revision, before.at):
                return
            secrets = await self._store.secrets()
        self.found = DirectoryCopy(kept, secrets)
        await take(self.found)
        self._taken = kept  # if it raises, it is given the same again


def _tell(error: Exception) -> None:
    log.error("the directory can't be read; what is in force goes on", why=str(error))
