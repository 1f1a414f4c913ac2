"""Knows the days off of the centre's calendars, for campaigns that call nobody then."""

from collections.abc import Callable, Set
from datetime import UTC, date, datetime

from centre.calendars import Holidays, days_off
from centre.public_holidays import holiday_year
from domain.centre import Calendar, Centre


class CalendarDaysOff:
    """The days off of the calendars of the centre in force, of last year, this year and the next.

    ``engine.holidays_ahead`` has read them before, so that nobody waits for it here.
    """

    def __init__(
        self,
        centre: Callable[[], Centre],
        *,
        holidays: Holidays = holiday_year,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._centre = centre
        self._holidays = holidays
        self._now = now
        self._known: dict[str, tuple[Calendar, int, frozenset[date]]] = {}

    def __call__(self, calendar: str | None) -> Set[date]:
        """Those of the calendar of this name; none if there is no such calendar."""
        found = None if calendar is None else self._centre().calendars.get(calendar)
        if found is None:
            return frozenset()
        year = self._now().year
        known = self._known.get(found.name)
        if known is None or known[0] is not found or known[1] != year:
            days = days_off(found, range(year - 1, year + 2), self._holidays)
            known = self._known[found.name] = (found, year, days)
        return known[2]
