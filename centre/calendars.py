"""Says when a calendar is open: its own exceptions first, then days that are worked to make up for
a holiday, then the public holidays, then the week.

Hours are read off the clock on the wall. Where a clock is put back, an hour that comes twice is
open both times; where it is put forward, what falls into the gap never happens.
"""

from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from domain.centre import Calendar, Spans

MOST_DAYS = 400
"""How far ahead ``next_change`` looks."""

_WHOLE_DAY: Spans = ((0, 24 * 60),)
_DECEMBER = 12
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class HolidayYear:
    """The public holidays of a country, or of a part of one, in one year."""

    days_off: Set[date] = frozenset()
    made_up: Set[date] = frozenset()
    """Days of weekends that are worked to make up for a holiday."""
    published: bool = True
    """False where each year has such days, and those of this one are not known yet."""


Holidays = Callable[[str, int], HolidayYear]
"""The holidays of a country's or a part's code in a year."""


class DayRule(StrEnum):
    """What a day's hours come from."""

    EXCEPTION = "exception"
    MADE_UP = "made up"  # worked to make up for a holiday
    HOLIDAY = "holiday"
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """The hours of one day, and what they come from."""

    spans: Spans
    rule: DayRule


@dataclass(frozen=True, slots=True)
class HoursChange:
    """A moment from which a calendar is open (``opens``), or closed."""

    at: datetime
    opens: bool


@dataclass(frozen=True, slots=True)
class UnpublishedYear:
    """A year whose make-up days are not known, and the calendars that would need them."""

    code: str
    year: int
    calendars: tuple[str, ...]


def day_of(calendar: Calendar, day: date, holidays: Holidays) -> CalendarDay:
    """The hours of a day."""
    if (spans := calendar.exceptions.get(day)) is not None:
        return CalendarDay(spans, DayRule.EXCEPTION)
    if calendar.holidays is not None:
        year = holidays(calendar.holidays, day.year)
        if day in year.made_up:
            return CalendarDay(calendar.work_hours, DayRule.MADE_UP)
        if day in year.days_off:
            return CalendarDay((), DayRule.HOLIDAY)
    return CalendarDay(calendar.week[day.weekday()], DayRule.WEEK)


def is_open(calendar: Calendar, at: datetime, holidays: Holidays) -> bool:
    """Whether it is open when the centre's clocks show ``at``."""
    minute = at.hour * 60 + at.minute
    spans = day_of(calendar, at.date(), holidays).spans
    return any(begins <= minute < ends for begins, ends in spans)


def next_change(calendar: Calendar, at: datetime, holidays: Holidays) -> HoursChange | None:
    """When it closes next if it is open at ``at``, or opens if it is closed; None if that is not
    within ``MOST_DAYS``.

    ``at`` is in the centre's time zone, and so is the answer. Raises ValueError if it has no zone.
    """
    zone = at.tzinfo
    if zone is None:
        raise ValueError(f"{at} without a time zone")
    was_open = is_open(calendar, at, holidays)
    for days in range(MOST_DAYS):
        # From noon to noon: clocks are changed at night, some of them over midnight.
        last = at.date() + timedelta(days=days)
        for moment in _moments(calendar, last, zone, holidays):
            local = moment.astimezone(zone)
            if moment > at and is_open(calendar, local, holidays) is not was_open:
                return HoursChange(local, not was_open)
    return None


def days_off(calendar: Calendar, years: Iterable[int], holidays: Holidays) -> frozenset[date]:
    """The days of these years on which the calendar is closed out of turn: public holidays, and
    exceptions without hours."""
    found = {day for day, spans in calendar.exceptions.items() if not spans}
    if calendar.holidays is not None:
        for year in years:
            found |= holidays(calendar.holidays, year).days_off - calendar.exceptions.keys()
    return frozenset(found)


def unpublished(
    calendars: Iterable[Calendar], on: date, holidays: Holidays
) -> tuple[UnpublishedYear, ...]:
    """Whom ops must be warned about on a day: calendars that keep holidays of this year, or from
    December on of the next, whose make-up days are not known.

    A calendar that has got such days by hand, as exceptions that open at a weekend, needs none. One
    that several numbers have is named once.
    """
    years = (on.year, on.year + 1) if on.month == _DECEMBER else (on.year,)
    waiting: dict[tuple[int, str], dict[str, None]] = {}
    for calendar in calendars:
        code = calendar.holidays
        if code is None:
            continue
        for year in years:
            if not holidays(code, year).published and not _by_hand(calendar, year):
                waiting.setdefault((year, code), {})[calendar.name] = None
    return tuple(
        UnpublishedYear(code, year, tuple(names)) for (year, code), names in sorted(waiting.items())
    )


def _by_hand(calendar: Calendar, year: int) -> bool:
    return any(
        spans and day.year == year and day.weekday() >= _SATURDAY
        for day, spans in calendar.exceptions.items()
    )


def _moments(
    calendar: Calendar, last: date, zone: tzinfo, holidays: Holidays
) -> Iterator[datetime]:
    """All moments, in order, at which it may open or close between noon of the day before ``last``
    and noon of that day, in UTC."""
    days = [last - timedelta(days=1), last]
    noon, next_noon = (_moment(day, 12 * 60, zone) for day in days)
    offsets = {each.astimezone(zone).utcoffset() for each in (noon, next_noon)}
    if len(offsets) > 1:
        days.append(last + timedelta(days=1))  # clocks may leap over a day: Apia did, in 2011
    spans_of = [day_of(calendar, day, holidays).spans for day in days]
    if all(spans == _WHOLE_DAY for spans in spans_of):
        return
    found = {
        _moment(day, minute, zone, fold)
        for day, spans in zip(days, spans_of, strict=True)
        for span in spans
        for minute in span
        for fold in range(len(offsets))
    }
    if len(offsets) > 1:
        found.add(_clock_change(noon, next_noon, zone))
    yield from sorted(moment for moment in found if noon <= moment < next_noon)


def _moment(day: date, minute: int, zone: tzinfo, fold: int = 0) -> datetime:
    """When clocks show so many minutes after midnight, for the second time with ``fold``."""
    shown = datetime.combine(day, time()) + timedelta(minutes=minute)
    return shown.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def _clock_change(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """The second at which clocks are changed between two moments."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after
