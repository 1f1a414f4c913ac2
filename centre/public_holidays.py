"""Reads public holidays, and the days that are worked to make up for them, from the library
``holidays``."""

from datetime import date, timedelta
from functools import lru_cache

from holidays import HolidayBase, country_holidays

from centre.calendars import HolidayYear

MADE_UP_EACH_YEAR = frozenset({"CN"})
"""Countries that announce make-up days for each year, so that a year without is not known yet: the
State Council publishes those of the next year in November or December."""

_NEVER = HolidayYear()


def has_holidays(code: str) -> bool:
    """Whether the holidays of a country (``CN``), or of a part of one (``DE-BY``), are known."""
    return _read(code, None) is not None


@lru_cache(maxsize=1024)
def holiday_year(code: str, year: int) -> HolidayYear:
    """The holidays of a year; none if nothing is known of such a country or year."""
    found = _read(code, year)
    if found is None:
        return _NEVER
    # The library has make-up days of other years among them, whatever year is asked for.
    made_up = {day for day in getattr(found, "weekend_workdays", ()) if day.year == year}
    each_year = code.partition("-")[0] in MADE_UP_EACH_YEAR
    published = bool(made_up) or not each_year
    if not published:
        # Which days are given for holidays at a weekend is not known either.
        found = _read(code, year, observed=False) or found
    days_off = {day for day in found if day.year == year}
    if each_year and published:
        days_off |= _weekends_beside(days_off, made_up, found.weekend)
    return HolidayYear(frozenset(days_off - made_up), frozenset(made_up), published)


def _weekends_beside(days_off: set[date], made_up: set[date], weekend: set[int]) -> set[date]:
    """The days of weekends beside a holiday: the State Council counts them among its days off (1 to
    7 October, 7 days), the library does not."""
    beside: set[date] = set()
    for day in days_off:
        for step in (timedelta(days=1), timedelta(days=-1)):
            near = day + step
            while near.weekday() in weekend and near.year == day.year and near not in made_up:
                beside.add(near)
                near += step
    return beside


def _read(code: str, year: int | None, *, observed: bool = True) -> HolidayBase | None:
    country, _, part = code.partition("-")
    try:
        return country_holidays(country, subdiv=part or None, years=year, observed=observed)
    except NotImplementedError:
        return None
