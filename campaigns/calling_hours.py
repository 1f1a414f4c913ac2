"""Says when a campaign's hours begin again for a customer. Pure."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from campaigns.campaign import CallingHours

_DAY = timedelta(days=1)


def opens_at(hours: Sequence[CallingHours], now: datetime, zone: ZoneInfo) -> datetime | None:
    """When the customer may be dialled next by the campaign's hours; None: now.

    ``zone`` is the customer's, by whose clock the hours are. In the night in which clocks go back,
    an hour that begins within the repeated one begins the first time, and one that ends there ends
    the first time. Without any hours, it is always allowed.
    """
    if not hours:
        return None
    starts: list[datetime] = []
    for start, end in _spans(hours, now, zone):
        if start <= now < end:
            return None
        if start > now and end > start:
            starts.append(start)
    return min(starts)


def _spans(
    hours: Iterable[CallingHours], now: datetime, zone: ZoneInfo
) -> Iterable[tuple[datetime, datetime]]:
    """The spans that may hold now, and those of more than a week from now."""
    today = now.astimezone(zone).date()
    for each in hours:
        for ahead in range(-1, 9):
            day = today + ahead * _DAY
            if day.weekday() in each.days:
                until = day + _DAY if each.end <= each.start or each.end == time() else day
                yield (
                    datetime.combine(day, each.start, zone).astimezone(UTC),
                    datetime.combine(until, each.end, zone).astimezone(UTC),
                )
