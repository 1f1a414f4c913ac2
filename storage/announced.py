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
        self._retry_s, self._said = RETRY_FIRST_S, ""

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
        is called again after a while, or once something is announced.
        """
        self._retry_s, self._said = RETRY_FIRST_S, ""
        while True:
            try:
                async with self._announcements():
                    await self._read_on(read, broken, tell)
            except AWAY:
                pass  # reported elsewhere: the outbox needs the same database
            except asyncpg.PostgresError as error:  # somebody's hands are in the database
                self._say(error, tell)
            await asyncio.sleep(self._before_retry_s())

    async def _read_on(
        self,
        read: ReadAgain,
        broken: tuple[type[Exception], ...],
        tell: Callable[[Exception], None],
    ) -> None:
        """Read whenever there may be something new. Raises one of AWAY."""
        again = True
        while True:
            self._look.clear()
            wait_s = self._look_every_s
            try:
                await read(again)
                again, self._said, self._retry_s = False, "", RETRY_FIRST_S
            except AWAY:
                raise
            # The latter: an older schema is back, or somebody's hands are in the tables.
            except (*broken, asyncpg.PostgresError) as error:
                self._say(error, tell)
                again, wait_s = True, self._before_retry_s()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._look.wait(), wait_s)

    def _say(self, error: Exception, tell: Callable[[Exception], None]) -> None:
        if str(error) != self._said:
            self._said = str(error)
            tell(error)

    def _before_retry_s(self) -> float:
        """How long to wait before the next try; longer each time, until one succeeds."""
        wait_s = self._retry_s * random.uniform(0.5, 1.0)  # noqa: S311
        self._retry_s = min(2 * self._retry_s, RETRY_LAST_S)
        return wait_s

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
