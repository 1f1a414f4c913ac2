"""Attempts that went no further, whose rows could not be taken back because the database was away.

It goes away at any moment: a row's commit may be done although its answer is lost, and a call that
is not wanted any more can't be withdrawn then. Such a row would hold its lead, and let nobody call
the number, until the controller starts anew (``campaigns.unsettled``).
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from campaigns.attempts import Attempts
from domain.identity import CallId
from storage.database_errors import AWAY

log = structlog.get_logger()

RETRY_S = 5.0
SOUGHT_S = 60.0
"""So long after the database is back a row may still appear whose commit was under way."""


class UnplacedAttempts:
    """The attempts of one controller that may have a row and have no call. Times are in seconds."""

    def __init__(
        self,
        attempts: Attempts,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        retry_s: float = RETRY_S,
        sought_s: float = SOUGHT_S,
    ) -> None:
        self._attempts = attempts
        self._clock = clock
        self._retry_s = retry_s
        self._tries = max(1, round(sought_s / retry_s))
        self._left: dict[CallId, int] = {}
        """How often each is still looked for."""
        self._added = asyncio.Event()

    @property
    def sought(self) -> frozenset[CallId]:
        """Those that are looked for."""
        return frozenset(self._left)

    def add(self, attempt: CallId) -> None:
        """Nothing was sent for this attempt, and nobody knows whether it has an open row."""
        self._left[attempt] = self._tries
        self._added.set()

    async def close(self) -> None:
        """Close their rows as soon as the database can be asked, until cancelled."""
        while True:
            await self._added.wait()
            try:
                await self._look()
            except AWAY:
                pass  # it is asked again
            except Exception:
                log.exception("attempts that were not placed can't be closed because of a bug")
            if not self._left:
                self._added.clear()
            else:
                await asyncio.sleep(self._retry_s)

    async def _look(self) -> None:
        for attempt in list(self._left):
            if await self._attempts.withdraw(attempt, self._clock()):
                log.info("an attempt that was not placed is closed", call=attempt)
                del self._left[attempt]
                continue
            self._left[attempt] -= 1
            if self._left[attempt] < 1:
                del self._left[attempt]
