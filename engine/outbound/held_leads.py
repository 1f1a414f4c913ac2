"""Has held leads judged anew when the centre's time zone or its calendars' days off change.

The time until which a lead is held was worked out from both as they were then. Changes of a
campaign's own settings are the business of ``campaigns.campaign_service``.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from campaigns.claims import LeadClaims
from campaigns.judging import CentresZone
from domain.centre import Centre
from machine.one_line import in_one_line
from storage.database_errors import AWAY

log = structlog.get_logger()

LOOK_EVERY_S = 1.0


class HeldLeads:
    """``centre`` and ``zone`` are those in force."""

    def __init__(
        self,
        claims: LeadClaims,
        centre: Callable[[], Centre],
        zone: CentresZone,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._claims = claims
        self._centre = centre
        self._zone = zone
        self._clock = clock
        self._look_every_s = look_every_s
        self._seen = self._judged_by()

    async def keep(self) -> None:
        """Look at what is set, until cancelled."""
        while True:
            now = self._judged_by()
            if now != self._seen:
                try:
                    leads = await self._claims.judge_anew(self._clock())
                except AWAY as error:
                    log.info("held leads wait for the database", why=in_one_line(error))
                else:
                    self._seen = now
                    log.info("the time zone or days off have changed: held leads are judged anew",
                             leads=leads)  # fmt: skip
            await asyncio.sleep(self._look_every_s)

    def _judged_by(self) -> object:
        calendars = self._centre().calendars.items()
        return self._zone(), {name: (one.holidays, one.exceptions) for name, one in calendars}
