"""A campaign's hours, by the customer's clock."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.calling_hours import opens_at
from campaigns.campaign import CallingHours

WORK = CallingHours(days=(0, 1, 2, 3, 4), start=time(9), end=time(18))
NIGHT = CallingHours(days=(4,), start=time(22), end=time(2))  # into Saturday
SHANGHAI = ZoneInfo("Asia/Shanghai")
ZONES = ["Asia/Shanghai", "Asia/Kathmandu", "Asia/Kolkata", "America/New_York", "Europe/Berlin"]


def local(text: str, zone: ZoneInfo = SHANGHAI, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-03-02T09:00", None),  # a Monday
        ("2026-03-02T08:59:59", "2026-03-02T09:00"),
        ("2026-03-02T17:59:59", None),
        ("2026-03-02T18:00", "2026-03-03T09:00"),
        ("2026-03-06T18:00", "2026-03-06T22:00"),
        ("2026-03-07T01:59", None),
        ("2026-03-07T02:00", "2026-03-09T09:00"),
    ],
)
def test_hours_of_some_days_also_past_midnight(now: str, opens: str | None) -> None:
    expected = None if opens is None else local(opens)
    assert opens_at((WORK, NIGHT), local(now), SHANGHAI) == expected


def test_without_hours_it_is_always_allowed() -> None:
    assert opens_at((), local("2026-03-02T03:00"), SHANGHAI) is None


def test_hours_that_end_at_midnight_end_with_the_day() -> None:
    late = (CallingHours(days=(0,), start=time(20), end=time()),)
    assert opens_at(late, local("2026-03-02T23:59"), SHANGHAI) is None
    assert opens_at(late, local("2026-03-03T00:00"), SHANGHAI) == local("2026-03-09T20:00")


@pytest.mark.parametrize(("zone", "minutes"), [("Asia/Kolkata", 330), ("Asia/Kathmandu", 345)])
def test_zones_of_30_and_45_minutes(zone: str, minutes: int) -> None:
    nine = datetime(2026, 3, 2, 9, tzinfo=UTC) - timedelta(minutes=minutes)
    assert opens_at((WORK,), nine, ZoneInfo(zone)) is None
    assert opens_at((WORK,), nine - timedelta(minutes=1), ZoneInfo(zone)) == nine


@pytest.mark.parametrize("fold", [0, 1])
def test_both_half_past_ones_of_the_night_when_clocks_go_back(fold: int) -> None:
    zone = ZoneInfo("America/New_York")
    night = (CallingHours(days=(6,), start=time(1), end=time(2)),)
    now = local("2026-11-01T01:30", zone, fold)
    assert opens_at(night, now, zone) is None


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),
    st.sampled_from(ZONES),
    st.sets(st.integers(0, 6), min_size=1),
    st.times(),
    st.times(),
)
def test_it_is_open_when_it_is_said_to_open(
    now: datetime, name: str, days: set[int], start: time, end: time
) -> None:
    hours = (CallingHours(days=tuple(days), start=start, end=end),)
    opens = opens_at(hours, now.replace(tzinfo=UTC), ZoneInfo(name))
    if opens is not None:
        assert opens > now.replace(tzinfo=UTC)
        assert opens_at(hours, opens, ZoneInfo(name)) is None
