"""When a running campaign dials by its plan."""

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from campaigns.campaign import CallingHours, CampaignSettings
from campaigns.judging import no_days_off, rules_of
from campaigns.plan import ALWAYS, PlanState, plan_state
from centre.calendars import HolidayYear, days_off
from domain.centre import Calendar

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
WEEKDAYS = (0, 1, 2, 3, 4)
WORK = (
    CallingHours(days=WEEKDAYS, start=time(9), end=time(12)),
    CallingHours(days=WEEKDAYS, start=time(13, 30), end=time(20)),
)
FRIDAY = date(2026, 3, 6)


def settings(**more: Any) -> CampaignSettings:
    return CampaignSettings(title="Spring", queue="tea", line="carrier", **more)


def at(wall: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(wall).replace(tzinfo=zone).astimezone(UTC)


def state(wall: str, zone: ZoneInfo = SHANGHAI, **more: Any) -> PlanState:
    return plan_state(settings(**more), no_days_off, at(wall, zone), zone)


def test_without_a_plan_it_dials_at_any_time() -> None:
    assert state("2026-03-06T03:00") == ALWAYS


@pytest.mark.parametrize(
    ("now", "open_now", "until"),
    [
        ("2026-03-06T08:59:59", False, "2026-03-06T09:00"),
        ("2026-03-06T09:00", True, "2026-03-06T12:00"),
        ("2026-03-06T12:00", False, "2026-03-06T13:30"),
        ("2026-03-06T19:59:59", True, "2026-03-06T20:00"),
        ("2026-03-06T20:00", False, "2026-03-09T09:00"),  # over the weekend
    ],
)
def test_it_starts_and_ends_with_its_hours(now: str, open_now: bool, until: str) -> None:
    assert state(now, runs=WORK) == PlanState(open_now, at(until))


def test_hours_over_midnight_are_one_stretch() -> None:
    nights = (CallingHours(days=range(7), start=time(22), end=time(2)),)
    assert state("2026-03-06T23:00", runs=nights) == PlanState(True, at("2026-03-07T02:00"))
    assert state("2026-03-07T01:59", runs=nights) == PlanState(True, at("2026-03-07T02:00"))
    all_day = (CallingHours(days=range(7), start=time(), end=time()),)
    assert state("2026-03-06T23:00", runs=all_day) == PlanState(True, None)


def test_it_waits_for_its_first_day_and_ends_after_its_last() -> None:
    days: dict[str, Any] = {"first_day": FRIDAY, "last_day": date(2026, 3, 9)}
    assert state("2026-03-05T12:00", **days) == PlanState(False, at("2026-03-06T00:00"))
    assert state("2026-03-05T12:00", **days, runs=WORK) == PlanState(False, at("2026-03-06T09:00"))
    assert state("2026-03-07T12:00", **days) == PlanState(True, at("2026-03-10T00:00"))
    assert state("2026-03-09T20:00", **days, runs=WORK) == PlanState(False, None)
    assert state("2026-03-10T00:00", **days) == PlanState(False, None, ended=True)


def test_a_day_on_which_nobody_is_called_is_passed_over() -> None:
    closed: dict[str, Any] = {"closed_on": (FRIDAY,), "runs": WORK}
    assert state("2026-03-06T10:00", **closed) == PlanState(False, at("2026-03-09T09:00"))
    assert state("2026-03-06T10:00", closed_on=(FRIDAY,)) == PlanState(
        False, at("2026-03-07T00:00")
    )
    assert state("2026-03-05T10:00", closed_on=(FRIDAY,)) == PlanState(True, at("2026-03-06T00:00"))


def test_days_off_come_from_the_calendar() -> None:
    office = Calendar(
        "office",
        ((),) * 7,
        "CN",
        exceptions={date(2026, 3, 9): (), date(2026, 3, 10): ((540, 720),)},
    )
    years = {2026: HolidayYear(frozenset({FRIDAY, date(2026, 3, 10)}))}
    days = days_off(office, (2026, 2027), lambda _, year: years.get(year, HolidayYear()))
    assert days == {FRIDAY, date(2026, 3, 9)}  # an exception with hours goes before a holiday
    wish = settings(runs=WORK, calendar="office")
    found = plan_state(wish, lambda _: days, at("2026-03-06T10:00"), SHANGHAI)
    assert found == PlanState(False, at("2026-03-10T09:00"))
    assert rules_of(wish, lambda _: days).closed_on == days
    assert rules_of(wish).closed_on == frozenset()


def test_the_centres_clock_counts_also_when_it_is_changed() -> None:
    night = (CallingHours(days=(6,), start=time(1), end=time(4)),)
    spring = state("2026-03-29T01:30", BERLIN, runs=night)  # 02:00 to 03:00 never comes
    assert spring == PlanState(True, at("2026-03-29T04:00", BERLIN))
    assert spring.until == datetime(2026, 3, 29, 2, 0, tzinfo=UTC)


def test_a_last_day_before_the_first_is_refused() -> None:
    with pytest.raises(ValidationError, match="before the first day"):
        settings(first_day=FRIDAY, last_day=date(2026, 3, 5))
