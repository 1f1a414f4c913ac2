"""Follows the directory: hands on each change, whoever made it, in this process or in another."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import asyncpg
import structlog

from centre.directory_copy import DirectoryCopy
from centre.directory_store import CHANNEL, DirectoryBroken, DirectoryStore, ThingKey
from storage.database_errors import AWAY

log = structlog.get_logger()

LOOK_EVERY_S = 5.0
"""How often we look though nothing was announced: an announcement may be lost with its line."""
RETRY_FIRST_S, RETRY_LAST_S = 0.25, 5.0
ANSWERS_WITHIN_S = 10.0


Take = Callable[[DirectoryCopy], Awaitable[None]]


class FollowedDirectory:
    """The directory as this process knows it; ``found`` is what it begins with."""

    def __init__(
        self, pool: asyncpg.Pool, found: DirectoryCopy, *, look_every_s: float = LOOK_EVERY_S
    ) -> None:
        self.found = found
        self._taken = found.kept
        self._pool = pool
        self._store = DirectoryStore(pool)
        self._look_every_s = look_every_s
        self._look = asyncio.Event()

    def look(self, _change: int = 0) -> None:
        """Look now: somebody in this process has made a change."""
        self._look.set()

    def secrets(self) -> Mapping[ThingKey, str]:
        """The secrets as they are now."""
        return self.found.secrets

    async def follow(self, take: Take) -> None:
        """Give ``take`` each newer directory with its secrets, until cancelled.

        While the database is away, nothing can have changed. What can't be understood is logged,
        and the directory before it goes on. If ``take`` raises one of
        ``storage.database_errors.AWAY``, it is given the same directory again.
        """
        retry_s = RETRY_FIRST_S
        said = ""
        while True:
            try:
                async with self._announcements():
                    retry_s = RETRY_FIRST_S
                    whole = True  # perhaps an older database came back: a backup
                    while True:
                        self._look.clear()
                        await self._read(take, whole=whole)
                        whole, said = False, ""
                        with contextlib.suppress(TimeoutError):
                            await asyncio.wait_for(self._look.wait(), self._look_every_s)
            except AWAY:
                pass  # reported elsewhere: the outbox needs the same database
            # The latter: an older schema is back, or somebody's hands are in the tables.
            except (DirectoryBroken, asyncpg.PostgresError) as error:
                if str(error) != said:
                    said = str(error)
                    log.error("the directory can't be read; what is in force goes on", why=said)
            await asyncio.sleep(retry_s * random.uniform(0.5, 1.0))  # noqa: S311
            retry_s = min(2 * retry_s, RETRY_LAST_S)

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

    @contextlib.asynccontextmanager
    async def _announcements(self) -> AsyncIterator[None]:
        """A connection of our own on which changes are announced."""

        def announced(*_: object) -> None:
            self._look.set()

        async with self._pool.acquire(timeout=ANSWERS_WITHIN_S) as db:
            await db.add_listener(CHANNEL, announced)
            db.add_termination_listener(announced)
            try:
                yield
            finally:
                with contextlib.suppress(*AWAY):
                    db.remove_termination_listener(announced)
                    await db.remove_listener(CHANNEL, announced)
