"""What runs of campaigns leave behind and find again: decisions, and the count of their limit."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import asyncpg
import structlog

from campaigns.attempts import abandon_history
from campaigns.campaign import CampaignSettings
from campaigns.pacing_log import PacingLog
from campaigns.stored_campaign import Campaign
from campaigns.unsettled import close_never_placed, free_leases, give_up_unknown
from dialer.abandon_count import History
from engine.outbound.running_attempt import Decision
from machine.one_line import in_one_line
from storage.database_errors import AWAY

log = structlog.get_logger()

SETTLE_EVERY_S = 600.0
RETRY_S = 5.0
CAUGHT_UP_WITHIN_S = 1.0


class CampaignBooks:
    """The books of all campaigns.

    ``name`` is the one under which this controller claims leads. ``flushed`` waits until the
    database has all facts that were put into the outbox, ``caught_up`` until it is recorded what
    happened before this controller began.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        name: str,
        *,
        flushed: Callable[[], Awaitable[None]],
        caught_up: Callable[[], Awaitable[object]],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._pool = pool
        self._flushed = flushed
        self._caught_up = caught_up
        self._began = clock()
        self._name = name
        self._clock = clock
        self._decisions = PacingLog(pool)

    async def history(self, campaign: Campaign, zone: ZoneInfo) -> History:
        """What counts for the campaign's limit from before, by its attempts; ``zone`` is the one
        in which the limit's days begin.

        Those for whom there was no controller count too, so this waits for what Asterisk's log says
        of them, but not for long: customers who answer meanwhile wait with us."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CAUGHT_UP_WITHIN_S):
                await self._caught_up()
                await self._flushed()
        limit = campaign.settings.limit
        return await abandon_history(self._pool, campaign.name, limit, zone, self._clock())

    def decided(self, campaign: Campaign, decision: Decision, _: CampaignSettings) -> None:
        """Keep a decision and why it was made."""
        reason = decision.reason
        self._decisions.note(
            campaign.name, decision.at, reason.text, decision.count, reason.figures
        )

    async def keep(self) -> None:
        """Write decisions until cancelled."""
        await self._decisions.keep(self._clock)

    async def settle(self) -> None:
        """Settle the attempts that an earlier controller has left open, free the leads that it had
        claimed, and look now and then for attempts whose fate stays unknown, until cancelled."""
        placed = False
        while True:
            try:
                if not placed:
                    await self._flushed()
                    await free_leases(self._pool, self._name)
                    await close_never_placed(self._pool, self._began, self._clock())
                    placed = True
                await give_up_unknown(self._pool, self._clock())
            except AWAY as error:
                log.info("open attempts wait for the database", why=in_one_line(error))
            await asyncio.sleep(SETTLE_EVERY_S if placed else RETRY_S)
