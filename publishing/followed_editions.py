"""Follows the editions of flows: hands on each newer one, whoever published it, and where; and
publishes what was planned for now."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import asyncpg
import structlog

from publishing.flow_words import FlowEdition
from publishing.publications import CHANNEL, Publications
from storage.announced import ANSWERS_WITHIN_S, LOOK_EVERY_S, Announced
from storage.database_errors import AWAY

log = structlog.get_logger()

LOOK_AT_CLOCK_S = 0.25
"""How often the clock is compared with the next plan: somebody may set it."""

TakeEdition = Callable[[FlowEdition], Awaitable[None]]


class FollowedEditions:
    """The newest edition as this process knows it."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        publications: Publications,
        *,
        look_every_s: float = LOOK_EVERY_S,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._clock = clock
        self._next_due: datetime | None = None
        self._publications = publications
        self._announced = Announced(pool, CHANNEL, look_every_s=look_every_s)
        self._taken: FlowEdition | None = None

    async def follow(self, take: TakeEdition) -> None:
        """Give ``take`` the newest edition, and then each newer one, until cancelled.

        While the database is away, nothing can have changed. If ``take`` raises one of
        ``storage.database_errors.AWAY``, it is given the same edition again.
        """

        async def read(whole: bool) -> None:
            await self._read(take, whole=whole)

        await self._announced.follow(read, (), _tell)

    async def _read(self, take: TakeEdition, *, whole: bool) -> None:
        before = self._taken
        async with asyncio.timeout(ANSWERS_WITHIN_S):
            self._next_due = await self._publications.next_due()
            number = await self._publications.newest_number()
            if before is not None and number == before.edition and not whole:
                return
            now = await self._publications.newest()
        if now != before:
            await take(now)
            self._taken = now

    async def publish_due(self) -> None:
        """Publish each plan when its time has come, until cancelled; one that came while nothing
        ran, at once. Runs beside ``follow``, in the controller that works."""
        while True:
            if self._next_due is not None and self._clock() >= self._next_due:
                try:
                    await self._publications.publish_due()
                    self._next_due = await self._publications.next_due()
                except AWAY:
                    self._next_due = None  # ``follow`` finds it again once the database is back
            await asyncio.sleep(LOOK_AT_CLOCK_S)


def _tell(error: Exception) -> None:
    log.error("the published flows can't be read; those in force go on", why=str(error))
