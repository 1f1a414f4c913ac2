"""Reads public holidays before a call needs them, and notices those that are not published yet."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from centre.calendars import Holidays, UnpublishedYear, unpublished
from centre.public_holidays import holiday_year
from domain.centre import Centre
from engine.engine import Engine
from machine.local_zone import zone_here

log = structlog.get_logger()

LOOK_EVERY_S = 1.0
AGAIN_AFTER_S = 3600.0


class HolidaysAhead:
    """Keeps the holidays of the centre's calendars at hand.

    ``holidays`` remembers what it has read. The first time takes it long enough to be heard in
    calls, so it is asked in a thread.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        holidays: Holidays = holiday_year,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self.unpublished: tuple[UnpublishedYear, ...] = ()
        """The years whose make-up days aren't known, though they are or will soon be needed."""
        self._engine = engine
        self._holidays = holidays
        self._now = now
        self._look_every_s = look_every_s

    async def keep(self) -> None:
        """Read them whenever another centre is in force, and now and then, until cancelled."""
        loop = asyncio.get_running_loop()
        seen: tuple[Centre, float] | None = None
        while True:
            centre = self._engine.centre
            if seen is None or centre is not seen[0] or loop.time() > seen[1] + AGAIN_AFTER_S:
                seen = (centre, loop.time())
                self._take(await asyncio.to_thread(self._read, centre))
            await asyncio.sleep(self._look_every_s)

    def _read(self, centre: Centre) -> tuple[UnpublishedYear, ...]:
        today = self._now().astimezone(zone_here(centre.timezone)).date()
        calendars = [each.calendar for each in centre.hotlines if each.calendar is not None]
        for code in {calendar.holidays for calendar in calendars}:
            if code is not None:
                self._holidays(code, today.year + 1)  # for New Year's Eve
        for code in {calendar.holidays for calendar in centre.calendars.values()}:
            if code is not None:  # campaigns have them, and may call where it is still last year
                for year in (today.year - 1, today.year, today.year + 1):
                    self._holidays(code, year)
        return unpublished(calendars, today, self._holidays)

    def _take(self, found: tuple[UnpublishedYear, ...]) -> None:
        for each in found:
            if each not in self.unpublished:
                log.warning(
                    "the days that are worked to make up for holidays are not published yet; until"
                    " they are, weekends follow the weekly hours. They come with an update of the"
                    " library holidays, or can be entered as exceptions",
                    year=each.year,
                    country=each.code,
                    calendars=each.calendars,
                )
        if found != self.unpublished:
            self.unpublished = found
            self._engine.changes.touch()
