"""What runs of campaigns leave behind and find again: decisions, and the count of their limit."""

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import asyncpg

from campaigns.attempts import abandon_history
from campaigns.campaign import CampaignSettings
from campaigns.campaign_service import Campaign
from campaigns.pacing_log import PacingLog
from dialer.abandon_count import History
from engine.outbound.campaign_run import Decision


class CampaignBooks:
    """The books of all campaigns. ``zone`` is the one in which their limits' days begin."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        zone: ZoneInfo,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._pool = pool
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
