"""Says when a running campaign dials by its plan, and when that changes. Pure.

The plan is read off the centre's clock: on which days of the week and at which hours, from which
day to which, and on which days not at all. Whom it may call then is another question, which each
customer's own clock answers (``campaigns.judging``).
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from campaigns.campaign import CampaignSettings
from campaigns.judging import DaysOff, closed_days, week_hours
from dialer.calling_times import CallingTimes, in_utc

_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PlanState:
    """What the plan says at a moment."""

    open: bool
    """Whether it may dial."""
    until: datetime | None = None
    """When that changes, in UTC; None: not within a year, as far as is known."""
    ended: bool = False
    """Its last day is over."""


ALWAYS = PlanState(open=True)


def plan_state(
    settings: CampaignSettings, days_off: DaysOff, now: datetime, zone: ZoneInfo
) -> PlanState:
    """What the campaign's plan says now; ``zone`` is the centre's.

    Raises ValueError for a time without a zone.
    """
    now = in_utc(now)
    times = CallingTimes((), week_hours(settings.runs), closed_days(settings, days_off))
    begins = now
    if settings.first_day is not None:
        begins = max(now, datetime.combine(settings.first_day, time(), zone))
    ends = None
    if settings.last_day is not None:
        ends = datetime.combine(settings.last_day + _A_DAY, time(), zone)
        if now >= ends:
            return PlanState(open=False, ended=True)
    if not (times.hours or times.closed_on):
        opens, closes = in_utc(begins), None
    else:
        found = times.opens_at(begins, zone)
        if found is None or (ends is not None and found >= ends):
            return PlanState(open=False)
        opens = found
        closes = times.closes_at(now, zone) if opens == now else None
    if opens > now:
        return PlanState(open=False, until=opens)
    if ends is not None:
        closes = in_utc(ends) if closes is None else min(closes, in_utc(ends))
    return PlanState(open=True, until=closes)
