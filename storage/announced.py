"""Follows what the database announces: reads it again after each change, whoever made it."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg

from storage.database_errors import AWAY

LOOK_EVERY_S = 5.0
"""How often we look though nothing was announced: an announcement may be lost with its line."""
RETRY_FIRST_S, RETRY_LAST_S = 0.25, 5.0
ANSWERS_WITHIN_S = 10.0

ReadAgain = Callable[[bool], Awaitable[None]]
"""Reads what there is now. True: perhaps an older database came back, a backup."""


class Announced:
    """What is announced on one channel; ``look_every_s``: see ``LOOK_EVERY_S``."""

    def __init__(
        self, pool: asyncpg.Pool, channel: str, *, look_every_s: float = LOOK_EVERY_S
    ) -> None:
        self._pool = pool
        self._channel = channel
        self._look_every_s = look_every_s
        self._look = asyncio.Event()

    def look(self) -> None:
        """Look now: somebody in this process has made a change."""
        self._look.set()

    async def follow(
        self,
        read: ReadAgain,
        broken: tuple[type[Exception], ...],
        tell: Callable[[Exception], None],
    ) -> None:
        """Call ``read`` at once and whenever there may be something new, until cancelled.

        While the database is away, nothing can have changed. If ``read`` raises one of ``broken``,
        or what the database says of another schema, ``tell`` is told, once for each text; then it
        is called again after a while.
        """
        retry_s = RETRY_FIRST_S
        said = ""
        while True:
            try:
                async with self._announcements():
                    retry_s = RETRY_FIRST_S
                    again = True
                    while True:
                        self._look.clear()
                        await read(again)
                        again, said = False, ""
                        with contextlib.suppress(TimeoutError):
                            await asyncio.wait_for(self._look.wait(), self._look_every_s)
            except AWAY:
                pass  # reported elsewhere: the outbox needs the same database
            # The latter: an older schema is back, or somebody's hands are in the tables.
            except (*broken, asyncpg.PostgresError) as error:
                if str(error) != said:
                    said = str(error)
                    tell(error)
            await asyncio.sleep(retry_s * random.uniform(0.5, 1.0))  # noqa: S311
            retry_s = min(2 * retry_s, RETRY_LAST_S)

    @contextlib.asynccontextmanager
    async def _announcements(self) -> AsyncIterator[None]:
        """A connection of our own on which changes are announced."""

        def announced(*_: object) -> None:
            self._look.set()

        async with self._pool.acquire(timeout=ANSWERS_WITHIN_S) as db:
            await db.add_listener(self._channel, announced)
            db.add_termination_listener(announced)
            try:
                yield
            finally:
                with contextlib.suppress(*AWAY):
                    db.remove_termination_listener(announced)
                    await db.remove_listener(self._channel, announced)
