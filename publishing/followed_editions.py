"""Follows the editions of flows: hands on each newer one, whoever published it, and where; and
publishes what was planned for now."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import asyncpg
import structlog

from publishing.flow_history import CHANNEL, FlowHistory
from publishing.flow_words import FlowEdition
from publishing.publications import Publications
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
        history: FlowHistory,
        publications: Publications,
        *,
        look_every_s: float = LOOK_EVERY_S,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._clock = clock
        self._next_due: datetime | None = None
        self._history = history
        self._publications = publications
        self._announced = Announced(pool, CHANNEL, look_every_s=look_every_s)
        self._taken: FlowEdition | None = None

    async def follow(self, take: TakeEdition) -> None:
        """Give ``take`` the newest edition, and then each newer one, until cancelled.

        While the database is away, nothing can have changed. Whatever ``take`` raises, it is given
        the newest edition again after a while; what is not ``storage.database_errors.AWAY`` is
        logged, once.
        """

        async def read(whole: bool) -> None:
            await self._read(take, whole=whole)

        await self._announced.follow(read, (Exception,), _tell)

    async def _read(self, take: TakeEdition, *, whole: bool) -> None:
        before = self._taken
        async with asyncio.timeout(ANSWERS_WITHIN_S):
            self._next_due = await self._publications.next_due()
            number = await self._history.newest_number()
            if before is not None and number == before.edition and not whole:
                return
            now = await self._history.newest()
        if now != before:
            await take(now)
            self._taken = now

    async def publish_due(self) -> None:
        """Publish each plan when its time has come, until cancelled; one that came while nothing
        ran, at once. Runs beside ``follow``, in the controller that works."""
        said = ""
        while True:
            if self._next_due is not None and self._clock() >= self._next_due:
                # If it raises, ``follow`` finds the plan again when it looks next.
                due, self._next_due = self._next_due, None
                try:
                    await self._publications.publish_due()
                    self._next_due = await self._publications.next_due()
                    said = ""
                except AWAY:
                    pass
                except Exception as error:
                    if str(error) != said:
                        said = str(error)
                        log.exception(
                            "what is planned of flows can't be published because of a bug; it is"
                            " tried again",
                            due=due.isoformat(),
                        )
            await asyncio.sleep(LOOK_AT_CLOCK_S)


def _tell(error: Exception) -> None:
    if isinstance(error, asyncpg.PostgresError):
        log.error("the published flows can't be read; those in force go on", why=str(error))
        return
    log.error(
        "the published flows can't be put in force because of a bug; those in force go on, and it"
        " is tried again",
        exc_info=error,
    )
