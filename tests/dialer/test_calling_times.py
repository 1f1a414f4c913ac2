"""When customers may be called, by the clock on their wall."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.calling_times import CallingTimes, Quiet, WeekHours, next_midnight

WORK = WeekHours(frozenset(range(5)), time(9), time(18))
NIGHT = WeekHours(frozenset((4,)), time(22), time(2))  # into Saturday
SHANGHAI = ZoneInfo("Asia/Shanghai")
ZONES = ["Asia/Shanghai", "Asia/Kathmandu", "Asia/Kolkata", "America/New_York", "Europe/Berlin"]


NEW_YORK = ZoneInfo("America/New_York")
EVENING = Quiet(time(21), time(8))


def opens_at(hours: Sequence[WeekHours], now: datetime, zone: ZoneInfo) -> datetime | None:
    """When these hours begin; None: it is within them."""
    opens = CallingTimes(hours=tuple(hours)).opens_at(now, zone)
    return None if opens == now else opens


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
    late = (WeekHours(frozenset((0,)), time(20), time()),)
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
    night = (WeekHours(frozenset((6,)), time(1), time(2)),)
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
    hours = (WeekHours(frozenset(days), start, end),)
    opens = opens_at(hours, now.replace(tzinfo=UTC), ZoneInfo(name))
    if opens is not None:
        assert opens > now.replace(tzinfo=UTC)
        assert opens_at(hours, opens, ZoneInfo(name)) is None


# Quiet times, and days on which nobody is called


def test_quiet_time_ends_in_the_morning_of_the_customer() -> None:
    times = CallingTimes(quiet=(EVENING,))
    assert times.opens_at(local("2026-03-02T21:00"), SHANGHAI) == local("2026-03-03T08:00")
    assert times.opens_at(local("2026-03-03T07:59"), SHANGHAI) == local("2026-03-03T08:00")
    assert times.is_open(local("2026-03-02T20:59:59"), SHANGHAI)


def test_hours_and_quiet_times_hold_together() -> None:
    times = CallingTimes((EVENING, Quiet(time(12), time(14))), (WORK, NIGHT))
    assert times.opens_at(local("2026-03-06T11:59"), SHANGHAI) == local("2026-03-06T11:59")
    assert times.opens_at(local("2026-03-06T12:00"), SHANGHAI) == local("2026-03-06T14:00")
    assert times.opens_at(local("2026-03-06T22:30"), SHANGHAI) == local("2026-03-09T09:00")


def test_hours_that_are_always_quiet_never_come() -> None:
    night = WeekHours(frozenset(range(7)), time(22), time(7))
    assert CallingTimes((EVENING,), (night,)).opens_at(local("2026-03-06T12:00"), SHANGHAI) is None


def test_nobody_is_called_on_a_holiday_of_theirs() -> None:
    times = CallingTimes((EVENING,), (WORK,), frozenset((date(2026, 3, 3), date(2026, 3, 4))))
    assert times.opens_at(local("2026-03-02T18:00"), SHANGHAI) == local("2026-03-05T09:00")
    # It is still the 2nd in New York when the holiday begins in Shanghai.
    begins = local("2026-03-03T00:30")
    assert times.is_open(begins, NEW_YORK) and not times.is_open(begins, SHANGHAI)


def test_hours_past_midnight_end_where_a_holiday_begins() -> None:
    times = CallingTimes((), (NIGHT,), frozenset((date(2026, 3, 7),)))
    assert times.is_open(local("2026-03-06T23:59"), SHANGHAI)
    assert times.opens_at(local("2026-03-07T00:00"), SHANGHAI) == local("2026-03-13T22:00")


def test_a_year_of_holidays_is_a_closed_campaign() -> None:
    days = frozenset(date(2026, 3, 2) + timedelta(days=ahead) for ahead in range(500))
    closed = CallingTimes((), (), days)
    assert closed.opens_at(local("2026-03-02T12:00"), SHANGHAI) is None


# Clocks that are changed


@pytest.mark.parametrize("fold", [0, 1])
def test_quiet_time_lasts_through_both_half_past_ones(fold: int) -> None:
    times = CallingTimes(quiet=(Quiet(time(1, 15), time(1, 45)),))
    now = local("2026-11-01T01:30", NEW_YORK, fold)
    assert times.opens_at(now, NEW_YORK) == local("2026-11-01T01:45", NEW_YORK, fold)


def test_an_hour_that_comes_twice_is_open_twice_and_closed_between() -> None:
    times = CallingTimes(hours=(WeekHours(frozenset((6,)), time(1), time(1, 30)),))
    between = local("2026-11-01T01:40", NEW_YORK, fold=0)
    assert times.opens_at(between, NEW_YORK) == local("2026-11-01T01:00", NEW_YORK, fold=1)


def test_what_falls_into_the_gap_of_the_spring_never_comes() -> None:
    times = CallingTimes(hours=(WeekHours(frozenset((6,)), time(2), time(3)),))
    night = local("2026-03-08T01:30", NEW_YORK)
    assert times.opens_at(night, NEW_YORK) == local("2026-03-15T02:00", NEW_YORK)


def test_quiet_time_is_an_hour_shorter_in_the_night_of_the_spring() -> None:
    opens = CallingTimes(quiet=(EVENING,)).opens_at(local("2026-03-07T21:00", NEW_YORK), NEW_YORK)
    assert opens == local("2026-03-08T08:00", NEW_YORK)
    assert opens - local("2026-03-07T21:00", NEW_YORK) == timedelta(hours=10)


def test_a_day_ends_at_midnight_however_long_it_was() -> None:
    noon = datetime(2026, 11, 1, 17, tzinfo=UTC)
    assert next_midnight(noon, NEW_YORK) == datetime(2026, 11, 2, 5, tzinfo=UTC)


CHANGES = [
    ("America/New_York", datetime(2026, 3, 8, 7)),
    ("America/New_York", datetime(2026, 11, 1, 6)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15)),  # by half an hour
    ("America/Havana", datetime(2026, 3, 8, 5)),  # at midnight
    ("America/Havana", datetime(2026, 11, 1, 5)),
    ("Asia/Beirut", datetime(2026, 10, 24, 21)),  # from midnight back to 23:00
    ("Asia/Kathmandu", datetime(2026, 3, 8, 5)),
]
QUARTERS = st.integers(0, 95).map(lambda count: time(count // 4, count % 4 * 15))


@given(
    st.sampled_from(CHANGES),
    st.integers(-2_880, 2_880),
    st.lists(st.builds(Quiet, QUARTERS, QUARTERS), max_size=2),
    st.lists(
        st.builds(WeekHours, st.frozensets(st.integers(0, 6), min_size=1), QUARTERS, QUARTERS),
        max_size=2,
    ),
    st.booleans(),
)
def test_it_is_open_as_the_clock_on_the_wall_says(
    change: tuple[str, datetime],
    minutes: int,
    quiet: list[Quiet],
    hours: list[WeekHours],
    holiday: bool,
) -> None:
    zone, around = ZoneInfo(change[0]), change[1].replace(tzinfo=UTC)
    closed = frozenset((around.astimezone(zone).date(),)) if holiday else frozenset[date]()
    times = CallingTimes(tuple(quiet), tuple(hours), closed)
    now = around + timedelta(minutes=minutes)
    assert times.is_open(now, zone) is by_the_wall(times, now.astimezone(zone))
    opens = times.opens_at(now, zone)
    if opens is not None:
        assert opens >= now and by_the_wall(times, opens.astimezone(zone))
        just_before = opens - timedelta(seconds=1)
        assert opens == now or not by_the_wall(times, just_before.astimezone(zone))


def by_the_wall(times: CallingTimes, there: datetime) -> bool:
    """The same, by looking at the clock."""
    clock, today = there.time(), there.weekday()
    if there.date() in times.closed_on or times.quiet_at(there):
        return False
    return not times.hours or any(_within(each, clock, today) for each in times.hours)


def _within(each: WeekHours, clock: time, today: int) -> bool:
    if each.start < each.end:
        return today in each.days and each.start <= clock < each.end
    begun = today in each.days and clock >= each.start
    return begun or ((today - 1) % 7 in each.days and clock < each.end)


# Until when


def test_hours_without_a_break_end_together() -> None:
    morning, noon = (WeekHours(frozenset(range(7)), time(h), time(h + 3)) for h in (9, 12))
    times = CallingTimes((), (morning, noon))
    assert times.closes_at(local("2026-03-02T10:00"), SHANGHAI) == local("2026-03-02T15:00")
    assert times.closes_at(local("2026-03-02T15:00"), SHANGHAI) == local("2026-03-02T15:00")


def test_times_that_never_end_have_no_end() -> None:
    assert CallingTimes().closes_at(local("2026-03-02T10:00"), SHANGHAI) is None
    closed = CallingTimes(closed_on=frozenset({date(2026, 3, 4)}))
    assert closed.closes_at(local("2026-03-02T10:00"), SHANGHAI) == local("2026-03-04T00:00")
