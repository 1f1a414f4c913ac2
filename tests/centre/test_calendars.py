"""When a calendar is open: the order of its rules, and the clock on the wall."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from centre.calendars import (
    MOST_DAYS,
    DayRule,
    HolidayYear,
    HoursChange,
    UnpublishedYear,
    day_of,
    is_open,
    next_change,
    unpublished,
)
from domain.centre import Calendar, Spans

OFFICE: Spans = ((9 * 60, 12 * 60), (13 * 60, 18 * 60))
ALL_DAY: Spans = ((0, 1440),)
WEEKDAYS: tuple[Spans, ...] = (OFFICE,) * 5 + ((), ())
SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
SANTIAGO = ZoneInfo("America/Santiago")  # changes its clocks at midnight
APIA = ZoneInfo("Pacific/Apia")  # had no 30 December 2011
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # half an hour
NEWFOUNDLAND = ZoneInfo("America/St_Johns")  # changed its clocks at 00:01 until 2011

NATIONAL_DAY, MADE_UP = date(2026, 10, 1), date(2026, 10, 10)


def china(code: str, year: int) -> HolidayYear:
    """A holiday and its make-up day in 2026; nothing is published of any other year."""
    assert code == "CN"
    if year == 2026:
        return HolidayYear(frozenset({NATIONAL_DAY}), frozenset({MADE_UP}))
    return HolidayYear(frozenset({date(year, 10, 1)}), published=False)


def calendar(
    week: tuple[Spans, ...] = WEEKDAYS,
    *,
    name: str = "office",
    holidays: str | None = "CN",
    exceptions: Mapping[date, Spans] | None = None,
) -> Calendar:
    return Calendar(name, week, holidays, ((540, 1080),), exceptions or {})


def open_at(of: Calendar, day: date, hour: int, minute: int = 0) -> bool:
    at = datetime(day.year, day.month, day.day, hour, minute, tzinfo=SHANGHAI)
    return is_open(of, at, china)


def test_the_week_holds_on_usual_days() -> None:
    tuesday = date(2026, 11, 24)
    shown = [
        open_at(calendar(), tuesday, *at) for at in ((8, 59), (9, 0), (11, 59), (12, 0), (17, 59))
    ]
    assert shown == [False, True, True, False, True]
    assert not open_at(calendar(), tuesday, 18)
    assert not open_at(calendar(), date(2026, 11, 28), 10)
    assert day_of(calendar(), tuesday, china).rule is DayRule.WEEK


def test_a_holiday_is_closed_and_its_make_up_day_open_with_the_work_hours() -> None:
    assert day_of(calendar(), NATIONAL_DAY, china).rule is DayRule.HOLIDAY
    assert not open_at(calendar(), NATIONAL_DAY, 10)
    assert day_of(calendar(), MADE_UP, china).rule is DayRule.MADE_UP
    assert open_at(calendar(), MADE_UP, 12)  # no lunch: not the hours of a weekday


def test_exceptions_go_before_holidays_and_make_up_days() -> None:
    own = calendar(exceptions={NATIONAL_DAY: ((600, 660),), MADE_UP: ()})
    assert open_at(own, NATIONAL_DAY, 10)
    assert not open_at(own, NATIONAL_DAY, 9)
    assert not open_at(own, MADE_UP, 10)
    assert day_of(own, MADE_UP, china).rule is DayRule.EXCEPTION


def test_without_a_country_no_holiday_is_kept() -> None:
    assert open_at(calendar(holidays=None), NATIONAL_DAY, 10)
    assert not open_at(calendar(holidays=None), MADE_UP, 10)


def test_an_unpublished_year_closes_its_holidays_and_leaves_weekends_to_the_week() -> None:
    assert not open_at(calendar(), date(2027, 10, 1), 10)
    assert open_at(calendar(), date(2027, 10, 4), 10)
    assert not open_at(calendar(), date(2027, 10, 9), 10)  # a Saturday


def test_24_00_is_the_end_of_a_day_and_goes_on_into_the_next() -> None:
    late = calendar((((1320, 1440),), ((0, 120),), (), (), (), (), ()), holidays=None)
    monday = datetime(2026, 11, 23, 23, 59, 59, tzinfo=SHANGHAI)
    assert is_open(late, monday, china)
    assert next_change(late, monday, china) == HoursChange(
        datetime(2026, 11, 24, 2, tzinfo=SHANGHAI), False
    )


@pytest.mark.parametrize(
    ("at", "then", "opens"),
    [
        ((2026, 11, 26, 8, 0), (2026, 11, 26, 9, 0), True),
        ((2026, 11, 26, 9, 0), (2026, 11, 26, 12, 0), False),
        ((2026, 11, 26, 12, 30), (2026, 11, 26, 13, 0), True),
        ((2026, 11, 27, 18, 0), (2026, 11, 30, 9, 0), True),  # over the weekend
        ((2026, 9, 30, 18, 0), (2026, 10, 2, 9, 0), True),  # over the holiday
        ((2026, 10, 9, 20, 0), (2026, 10, 10, 9, 0), True),  # to the make-up day
        ((2026, 12, 31, 18, 0), (2027, 1, 1, 9, 0), True),
        ((2028, 2, 28, 18, 0), (2028, 2, 29, 9, 0), True),  # a leap day
    ],
)
def test_it_says_when_it_opens_or_closes_next(
    at: tuple[int, ...], then: tuple[int, ...], opens: bool
) -> None:
    found = next_change(calendar(), datetime(*at, tzinfo=SHANGHAI), china)  # type: ignore[misc,arg-type]
    assert found == HoursChange(datetime(*then, tzinfo=SHANGHAI), opens)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize("week", [(ALL_DAY,) * 7, ((),) * 7])
def test_what_never_changes_has_no_next_change(week: tuple[Spans, ...]) -> None:
    at = datetime(2026, 11, 26, 12, tzinfo=BERLIN)
    assert next_change(calendar(week, holidays=None), at, china) is None


def test_an_exception_far_ahead_is_found() -> None:
    at = datetime(2026, 11, 26, 12, tzinfo=SHANGHAI)
    day = at.date() + timedelta(days=MOST_DAYS - 10)
    rare = calendar(((),) * 7, holidays=None, exceptions={day: ((600, 660),)})
    found = next_change(rare, at, china)
    assert found is not None
    assert (found.at.date(), found.at.hour) == (day, 10)


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        next_change(calendar(), datetime(2026, 11, 26, 12), china)


def test_an_opening_in_the_gap_of_spring_comes_when_the_clock_jumps() -> None:
    night = calendar((((150, 300),),) * 7, holidays=None)  # 02:30-05:00
    found = next_change(night, datetime(2026, 3, 29, 1, tzinfo=BERLIN), china)
    assert found == HoursChange(datetime(2026, 3, 29, 3, tzinfo=BERLIN), True)


def test_hours_within_the_gap_never_happen() -> None:
    night = calendar((((130, 150),),) * 7, holidays=None)  # 02:10-02:30
    found = next_change(night, datetime(2026, 3, 29, 1, tzinfo=BERLIN), china)
    assert found == HoursChange(datetime(2026, 3, 30, 2, 10, tzinfo=BERLIN), True)


def test_an_hour_that_comes_twice_is_open_twice() -> None:
    night = calendar((((60, 150),),) * 7, holidays=None)  # 01:00-02:30
    at = datetime(2026, 10, 25, 1, 30, tzinfo=BERLIN)
    turns = []
    for _ in range(3):
        found = next_change(night, at, china)
        assert found is not None
        turns.append((found.at.astimezone(UTC).strftime("%d %H:%M"), found.opens))
        at = found.at
    assert turns == [("25 00:30", False), ("25 01:00", True), ("25 01:30", False)]


moments = st.datetimes(datetime(2009, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
day_spans = (
    st.lists(st.integers(0, 96), unique=True, max_size=6)
    .map(sorted)
    .map(
        lambda quarters: tuple(
            (15 * begins, 15 * ends)
            for begins, ends in zip(quarters[::2], quarters[1::2], strict=False)
        )
    )
)


@given(
    week=st.tuples(*[day_spans] * 7),
    at=moments
    | st.sampled_from(
        [
            datetime(2011, 12, 29, 20, tzinfo=UTC),  # Apia leaps over a day
            datetime(2010, 11, 7, 1, tzinfo=UTC),  # St. John's goes back to the day before
            datetime(2026, 4, 4, 14, tzinfo=UTC),  # Lord Howe goes back half an hour
            datetime(2026, 9, 6, 3, tzinfo=UTC),  # Santiago has no midnight
        ]
    ),
    zone=st.sampled_from([SHANGHAI, BERLIN, SANTIAGO, APIA, LORD_HOWE, NEWFOUNDLAND]),
)
def test_the_next_change_is_the_first_moment_that_differs(
    week: tuple[Spans, ...], at: datetime, zone: ZoneInfo
) -> None:
    of = calendar(week, holidays=None)
    local = at.astimezone(zone)
    was = is_open(of, local, china)
    found = next_change(of, local, china)
    end = at + timedelta(days=3) if found is None else min(found.at, at + timedelta(days=3))
    if found is not None:
        assert found.at > at
        assert found.opens is not was
        assert is_open(of, found.at, china) is found.opens
    minute = at
    while minute < end:
        assert is_open(of, minute.astimezone(zone), china) is was
        minute += timedelta(minutes=7)
    if found is not None:
        just_before = max(at, found.at.astimezone(UTC) - timedelta(seconds=1))
        assert is_open(of, just_before.astimezone(zone), china) is was


def test_a_day_that_clocks_leap_over() -> None:
    """In Apia the Friday of 30 December 2011 never came."""
    of = calendar(((), (), (), (), (), ((15, 30),), ()), holidays=None)
    found = next_change(of, datetime(2011, 12, 29, 20, tzinfo=UTC).astimezone(APIA), china)
    assert found == HoursChange(datetime(2011, 12, 31, 0, 15, tzinfo=APIA), True)


def test_ops_are_warned_of_the_next_year_from_december_on() -> None:
    kept = [calendar(), calendar(name="shop"), calendar(), calendar(name="free", holidays=None)]
    assert unpublished(kept, date(2026, 11, 30), china) == ()
    assert unpublished(kept, date(2026, 12, 1), china) == (
        UnpublishedYear("CN", 2027, ("office", "shop")),
    )


def test_ops_are_warned_all_through_a_year_that_stays_unpublished() -> None:
    assert unpublished([calendar()], date(2027, 6, 1), china) == (
        UnpublishedYear("CN", 2027, ("office",)),
    )


def test_whoever_entered_make_up_days_by_hand_is_not_warned() -> None:
    by_hand = calendar(exceptions={date(2027, 10, 9): ((540, 1080),)})
    closed = calendar(name="closed", exceptions={date(2027, 10, 9): ()})
    assert unpublished([by_hand, closed], date(2027, 6, 1), china) == (
        UnpublishedYear("CN", 2027, ("closed",)),
    )
