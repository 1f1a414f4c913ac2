"""When a customer may be called, by the clock on their wall.

Three things decide: the quiet times of the rules, the hours of the campaign, and days on which
nobody is called. All are read off the customer's own clock. Where clocks go back, an hour that
comes twice counts both times; where they go forward, what falls into the gap never comes. A time
after midnight belongs to the day that it is on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

MOST_DAYS = 400
"""How many days ahead we look for a time at which the customer may be called."""
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_WEEK = range(7)
_Span = tuple[timedelta, timedelta]
"""From when until when, counted from a day's 00:00 on the wall."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """Quiet time: nobody is called from ``start`` until ``end``. It may pass midnight; if both are
    the same, it is never quiet."""

    start: time
    end: time

    def holds(self, local: time) -> bool:
        """Return whether it is quiet time."""
        if self.start <= self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end


@dataclass(frozen=True, slots=True)
class WeekHours:
    """Hours that begin on some days of the week (0 is Monday). They may pass midnight; if both
    times are the same, they last for 24 hours."""

    days: frozenset[int]
    start: time
    end: time


@dataclass(frozen=True, slots=True)
class CallingTimes:
    """All that is said about when customers may be called. Hours: none means always."""

    quiet: tuple[Quiet, ...] = ()
    hours: tuple[WeekHours, ...] = ()
    closed_on: frozenset[date] = frozenset()

    def quiet_at(self, local: datetime) -> Quiet | None:
        """Return the quiet time that holds at ``local``, if one does."""
        clock = local.time()
        return next((each for each in self.quiet if each.holds(clock)), None)

    def is_open(self, at: datetime, zone: ZoneInfo) -> bool:
        """Return whether a customer in ``zone`` may be called then."""
        return self.opens_at(at, zone) == at

    def opens_at(self, at: datetime, zone: ZoneInfo) -> datetime | None:
        """Return the first moment, from ``at`` on, at which a customer in ``zone`` may be called.

        It is in UTC. None: there is none within MOST_DAYS. Raises ValueError for a time without a
        zone.
        """
        now = in_utc(at)
        if not _ever_open(self.quiet, self.hours):
            return None
        day = now.astimezone(zone).date()
        for ahead in range(MOST_DAYS):
            for start, end in _open_spans(self, zone, day + ahead * _DAY):
                if now < end:
                    return max(now, start)
        return None

    def closes_at(self, at: datetime, zone: ZoneInfo) -> datetime | None:
        """Return until when, from ``at`` on, a customer in ``zone`` may be called without a break;
        ``at`` itself if not even then.

        It is in UTC. None: there is no end within MOST_DAYS. Raises ValueError for a time without a
        zone.
        """
        until = in_utc(at)
        if not self.is_open(until, zone):
            return until
        day = until.astimezone(zone).date()
        for ahead in range(MOST_DAYS):
            for start, end in _open_spans(self, zone, day + ahead * _DAY):
                if start > until:
                    return until
                until = max(until, end)
        return None


def in_utc(at: datetime) -> datetime:
    """Return the same moment in UTC; raise ValueError for a time without a zone."""
    if at.tzinfo is UTC:
        return at
    if at.utcoffset() is None:
        raise ValueError(f"{at.isoformat()} has no zone; expected an aware time")
    return at.astimezone(UTC)


def next_midnight(at: datetime, zone: ZoneInfo) -> datetime:
    """Return when the day of ``at`` is over in ``zone``, in UTC."""
    day = at.astimezone(zone).date() + _DAY
    return datetime.combine(day, time(), zone).astimezone(UTC)


@lru_cache(maxsize=256)
def _ever_open(quiet: tuple[Quiet, ...], hours: tuple[WeekHours, ...]) -> bool:
    times = CallingTimes(quiet, hours)
    monday = date(2024, 1, 1)
    return any(_wall_spans(times, monday + ahead * _DAY) for ahead in _WEEK)


@lru_cache(maxsize=4_096)
def _open_spans(
    times: CallingTimes, zone: ZoneInfo, day: date
) -> tuple[tuple[datetime, datetime], ...]:
    """Return when a customer in ``zone`` may be called on that day of theirs, in UTC."""
    walls = _wall_spans(times, day)
    return tuple(sorted(moments for span in walls for moments in _moments(span, day, zone)))


def _wall_spans(times: CallingTimes, day: date) -> list[_Span]:
    if day in times.closed_on:
        return []
    spans: Iterable[_Span] = [(timedelta(), _DAY)]
    if times.hours:
        spans = _merged(_hours_on(times.hours, day))
    for each in times.quiet:
        start, end = _clock(each.start), _clock(each.end)
        cuts = [(start, end)] if start <= end else [(timedelta(), end), (start, _DAY)]
        for cut in cuts:
            spans = [part for span in spans for part in _without(span, cut)]
    return list(spans)


def _hours_on(hours: Sequence[WeekHours], day: date) -> Iterable[_Span]:
    today, yesterday = day.weekday(), (day - _DAY).weekday()
    for each in hours:
        start, end = _clock(each.start), _clock(each.end)
        if end > start:
            if today in each.days:
                yield start, end
            continue
        if today in each.days:
            yield start, _DAY
        if yesterday in each.days and end:
            yield timedelta(), end


def _merged(spans: Iterable[_Span]) -> list[_Span]:
    found: list[_Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def _without(span: _Span, cut: _Span) -> Iterable[_Span]:
    (start, end), (from_, until) = span, cut
    if from_ >= until:
        yield span
        return
    if start < min(end, from_):
        yield start, min(end, from_)
    if max(start, until) < end:
        yield max(start, until), end


def _moments(span: _Span, day: date, zone: ZoneInfo) -> Iterable[tuple[datetime, datetime]]:
    """Return the moments at which the wall shows a time within the span: two spans of them, or
    none, on a day on which the clocks are changed."""
    midnight = datetime.combine(day, time(), UTC)
    start, end = midnight + span[0], midnight + span[1]
    before, after = _offset(start - _DAY, zone), _offset(end + _DAY, zone)
    if before == after:
        yield start - before, end - before
        return
    change = _change(start - _DAY, end + _DAY, zone)
    first = (start - before, min(end - before, change))
    second = (max(start - after, change), end - after)
    yield from (each for each in (first, second) if each[0] < each[1])


def _change(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """Return when, between two moments, the offset from UTC changes."""
    before = _offset(low, zone)
    low, high = low.replace(microsecond=0), high.replace(microsecond=0)
    while high - low > _SECOND:
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if _offset(middle, zone) == before:
            low = middle
        else:
            high = middle
    return high


def _offset(at: datetime, zone: ZoneInfo) -> timedelta:
    offset = at.astimezone(zone).utcoffset()
    assert offset is not None  # noqa: S101 - every moment has one in every zone
    return offset


def _clock(at: time) -> timedelta:
    return timedelta(
        hours=at.hour, minutes=at.minute, seconds=at.second, microseconds=at.microsecond
    )
