"""Looks whether the centre's calendars are open now, by the centre's clock."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from centre import calendars
from centre.calendars import DayRule
from centre.public_holidays import holiday_year
from domain.centre import Calendar, Centre
from engine.inbound.notice import IsOpen
from ivr_flows.steps import OpeningState
from machine.local_zone import zone_here

OPEN_BY_CALENDAR: IsOpen = partial(calendars.is_open, holidays=holiday_year)


class OpeningHours:
    """Reads calendars; ``now`` is the time, in any zone."""

    def __init__(
        self,
        *,
        holidays: calendars.Holidays = holiday_year,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._holidays = holidays
        self._now = now

    def local(self, centre: Centre) -> datetime:
        """What the centre's clock shows."""
        return self._now().astimezone(zone_here(centre.timezone))

    def is_open(self, calendar: Calendar, at: datetime) -> bool:
        """Whether a calendar is open when the centre's clock shows ``at``."""
        return calendars.is_open(calendar, at, self._holidays)

    def state(self, calendar: Calendar, centre: Centre) -> OpeningState:
        """What the calendar says of this moment. It is a holiday if the calendar is closed on a
        public holiday, or on a whole day by an exception of its own."""
        at = self.local(centre)
        if self.is_open(calendar, at):
            return OpeningState.OPEN
        day = calendars.day_of(calendar, at.date(), self._holidays)
        off = not day.spans and day.rule in (DayRule.HOLIDAY, DayRule.EXCEPTION)
        return OpeningState.HOLIDAY if off else OpeningState.CLOSED
