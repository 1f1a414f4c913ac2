"""What the library ``holidays`` says, against the State Council's own announcements."""

from datetime import date, timedelta

import pytest

from centre.public_holidays import has_holidays, holiday_year


def days(year: int, *spans: str) -> set[date]:
    """Days given as ``0215-0223`` or ``0101``."""
    found = set()
    for span in spans:
        begins, _, ends = span.partition("-")
        first = date(year, int(begins[:2]), int(begins[2:]))
        last = date(year, int(ends[:2]), int(ends[2:])) if ends else first
        found |= {first + timedelta(days=n) for n in range((last - first).days + 1)}
    return found


ANNOUNCED = {
    2025: (
        ("0101", "0128-0204", "0404-0406", "0501-0505", "0531-0602", "1001-1008"),
        ("0126", "0208", "0427", "0928", "1011"),
    ),
    2026: (
        (
            *("0101-0103", "0215-0223", "0404-0406", "0501-0505", "0619-0621", "0925-0927"),
            "1001-1007",
        ),
        ("0104", "0214", "0228", "0509", "0920", "1010"),
    ),
}


@pytest.mark.parametrize("year", ANNOUNCED)
def test_china_s_days_are_those_that_were_announced(year: int) -> None:
    found = holiday_year("CN", year)
    days_off, made_up = ANNOUNCED[year]
    assert found.published
    assert found.days_off == days(year, *days_off)
    assert found.made_up == days(year, *made_up)


def test_a_year_that_was_not_announced_has_its_statutory_days_alone() -> None:
    found = holiday_year("CN", 2091)
    assert not found.published
    assert found.made_up == frozenset()
    assert date(2091, 10, 1) in found.days_off
    assert date(2091, 5, 1) in found.days_off
    assert all(day.year == 2091 for day in found.days_off)
    # 1 October 2095 is a Saturday: which working day is given for it is not known.
    assert date(2095, 10, 1) in holiday_year("CN", 2095).days_off
    assert date(2095, 10, 4) not in holiday_year("CN", 2095).days_off


def test_other_countries_need_no_announcement() -> None:
    germany = holiday_year("DE-BY", 2027)
    assert germany.published
    assert germany.days_off >= days(2027, "0106", "1003", "1101")
    assert date(2027, 1, 6) not in holiday_year("DE-BE", 2027).days_off
    assert holiday_year("HU", 2026).made_up == days(2026, "0110", "0808")


@pytest.mark.parametrize("code", ["CN", "HK", "TW", "DE", "DE-BY", "US-CA"])
def test_countries_and_their_parts_are_known(code: str) -> None:
    assert has_holidays(code)


@pytest.mark.parametrize("code", ["XX", "DE-XX", "CN-BJ", "ZZ-1", ""])
def test_others_are_not(code: str) -> None:
    assert not has_holidays(code)
    assert holiday_year(code, 2026).days_off == frozenset()


@pytest.mark.parametrize("year", [1, 1800, 9999])
def test_of_years_beyond_what_is_known_there_are_no_days(year: int) -> None:
    found = holiday_year("CN", year)
    assert found.days_off == frozenset()
    assert found.made_up == frozenset()
