"""The days by which a running campaign's limit counts."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from campaigns.campaign import CampaignSettings, Mode
from dialer.abandon_count import History, Tally
from dialer.limit import Window
from engine.outbound.run_pacer import day_began, new_pacer

_HOUR_S = 3_600.0
_SETTINGS = CampaignSettings(title="Spring", queue="sales", line="carrier", mode=Mode.POWER)
"""Their limit is of a day, and of 30."""


@pytest.mark.parametrize(
    ("zone", "at", "hours"),
    [
        ("Asia/Shanghai", "2026-11-28T00:30+08:00", 0.5),
        ("Europe/Berlin", "2027-03-28T23:00+02:00", 22),  # this day has 23 hours
        ("Europe/Berlin", "2026-10-25T23:00+01:00", 24),  # and this one 25
        ("Africa/Cairo", "2026-04-24T02:00+03:00", 1),  # it has no midnight
        ("America/Havana", "2026-11-01T00:30-05:00", 1.5),  # its midnight comes twice
        ("America/New_York", "2026-12-31T23:59-05:00", 23 + 59 / 60),
    ],
)
def test_a_day_began_at_midnight_of_its_zone(zone: str, at: str, hours: float) -> None:
    when = datetime.fromisoformat(at)
    today = day_began(when, ZoneInfo(zone), 1_000_000.0)
    assert today.day == when.date().toordinal()
    assert today.midnight == pytest.approx(1_000_000.0 - hours * _HOUR_S)


def test_a_clock_put_back_over_midnight_begins_no_day_anew() -> None:
    zone = ZoneInfo("UTC")
    midnight = datetime(2027, 1, 1, tzinfo=UTC)
    new_year = day_began(midnight, zone, 100.0)
    history = History({new_year.day - 1: Tally(3, 100), new_year.day: Tally(1, 50)})
    pacer = new_pacer(_SETTINGS, history, new_year, 100.0)
    before = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)
    pacer.handle(day_began(before, zone, 100.5), 100.5)
    assert pacer.situation.midnight == pytest.approx(100.5 - 86_399)
    pacer.handle(day_began(midnight, zone, 101.5), 101.5)
    assert pacer.situation.midnight == pytest.approx(101.5)
    assert pacer.limit.tally(Window.DAY, 101.5) == Tally(1, 50)
    assert pacer.limit.tally(Window.DAYS_30, 101.5) == Tally(4, 150)


def test_a_day_that_a_nearer_zone_goes_back_to_is_counted_by_its_own_calls() -> None:
    """A campaign is started again after the centre has moved from Shanghai to New York."""
    at = datetime(2026, 11, 28, 1, tzinfo=ZoneInfo("Asia/Shanghai"))
    today = day_began(at, ZoneInfo("America/New_York"), 100.0)
    assert today.day == datetime(2026, 11, 27).toordinal()
    history = History({today.day: Tally(2, 80), today.day - 1: Tally(5, 90)})
    pacer = new_pacer(_SETTINGS, history, today, 100.0)
    assert pacer.limit.tally(Window.DAY, 100.0) == Tally(2, 80)
