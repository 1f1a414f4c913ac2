"""What runs of campaigns leave behind and find again: decisions, and the count of their limit."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import asyncpg
import structlog

from campaigns.attempts import abandon_history
from campaigns.campaign import CampaignSettings
from campaigns.campaign_service import Campaign
from campaigns.pacing_log import PacingLog
from campaigns.unsettled import close_never_placed, give_up_unknown
from dialer.abandon_count import History
from engine.outbound.running_attempt import Decision
from machine.one_line import in_one_line
from storage.database_errors import AWAY

log = structlog.get_logger()

SETTLE_EVERY_S = 600.0
RETRY_S = 5.0


class CampaignBooks:
    """The books of all campaigns. ``zone`` is the one in which their limits' days begin;
    ``flushed`` waits until the database has all facts that were put into the outbox."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        zone: ZoneInfo,
        *,
        flushed: Callable[[], Awaitable[None]],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._pool = pool
        self._flushed = flushed
        self._began = clock()
        self._zone = zone
        self._clock = clock
        self._decisions = PacingLog(pool)

    async def history(self, campaign: Campaign) -> History:
        """What counts for the campaign's limit from before, by its attempts."""
        limit = campaign.settings.limit
        return await abandon_history(self._pool, campaign.name, limit, self._zone, self._clock())

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
        """Settle the attempts that an earlier controller has left open, and look now and then for
        those whose fate stays unknown, until cancelled."""
        placed = False
        while True:
            try:
                if not placed:
                    await self._flushed()
                    await close_never_placed(self._pool, self._began, self._clock())
                    placed = True
                await give_up_unknown(self._pool, self._clock())
            except AWAY as error:
                log.info("open attempts wait for the database", why=in_one_line(error))
            await asyncio.sleep(SETTLE_EVERY_S if placed else RETRY_S)
