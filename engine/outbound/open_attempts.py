"""Looks up attempts whose fate nobody has reported: on a start, and now and then.

An attempt's row is committed before anything is sent, and its first fact is in the outbox before
Asterisk is asked. So a row without any fact was never sent, and is closed as that. One with facts
whose channel is gone is settled from Asterisk's log by ``engine.reconcile``; if neither knows
anything, its fate stays unknown for a while, and then counts as a call that nobody answered.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import structlog

from campaigns.attempts import Attempts, StoredAttempt
from domain.facts import CallEnded, CallFact, CallPlaced, NotReached
from domain.identity import CallId
from domain.reasons import Cause, Party
from engine.calls.live_calls import LiveCalls
from engine.calls.logged import fact_id
from records.call_queries import CallStore
from storage.outbox import Outbox

log = structlog.get_logger()

YOUNG = timedelta(seconds=30)
"""A younger one may be on its way out."""
HOPELESS = timedelta(hours=2)
"""No call lasts so long that nobody has heard of since."""


class OpenAttempts:
    """Settles them. ``give_up`` lets the fate of one stay unknown."""

    def __init__(
        self,
        attempts: Attempts,
        records: CallStore,
        calls: LiveCalls,
        outbox: Outbox,
        give_up: Callable[[CallId, datetime], Awaitable[bool]],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._attempts = attempts
        self._records = records
        self._calls = calls
        self._outbox = outbox
        self._give_up = give_up
        self._clock = clock

    async def settle(self) -> None:
        """Settle those that can be settled. Raises one of ``storage.database_errors.AWAY``."""
        now = self._clock()
        for attempt in await self._attempts.open():
            known = attempt.attempt in self._calls.by_id or attempt.attempt in self._calls.unclosed
            if known or now - attempt.reserved_at < YOUNG:
                continue
            if now - attempt.reserved_at > HOPELESS:
                await self._give_up(attempt.attempt, now)
            elif await self._records.get(attempt.attempt, projects=None) is None:
                self._never_sent(attempt)

    def _never_sent(self, attempt: StoredAttempt) -> None:
        log.info("a call was reserved and never placed", call=attempt.attempt)
        placed = CallPlaced(
            attempt.campaign,
            attempt.project,
            attempt.line,
            attempt.number,
            attempt.caller_id,
            attempt.lead,
            attempt.mode,
        )
        for what in (placed, NotReached(Cause.FAILED), CallEnded(Party.SYSTEM, 0, why=None)):
            identity = fact_id(attempt.attempt, what.kind)
            self._outbox.put(CallFact(identity, attempt.attempt, attempt.reserved_at, what))
