"""What is said in place of a hotline's flow, and to whom."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from domain.centre import Calendar, Emergency, Hotline
from domain.identity import ProjectName
from domain.reasons import NoEntry
from engine.inbound.notice import Notice, all_texts, notice
from engine.inbound.opening_hours import OPEN_BY_CALENDAR

NOW = datetime(2026, 11, 26, 12, tzinfo=timezone(timedelta(hours=8)))
CALENDAR = Calendar("office", ((),) * 7)
BOTH = ("zh-CN", "en")
SHUT = {"en": "We are closed.", "zh-CN": "现在是非服务时间。"}
FIRE = {"en": "There is a fire.", "zh-CN": "发生火情。"}


def hotline(emergency: Emergency | None = None, calendar: Calendar | None = CALENDAR) -> Hotline:
    return Hotline(
        "+864008001000",
        ProjectName("tea"),
        "hotline",
        calendar=calendar,
        closed_message=SHUT,
        emergency=emergency,
    )


def said(
    number: Hotline,
    *,
    is_open: bool = False,
    language: str | None = None,
    languages: tuple[str, ...] = BOTH,
) -> Notice | None:
    def look(calendar: Calendar, at: datetime) -> bool:
        assert (calendar, at) == (CALENDAR, NOW)
        return is_open

    return notice(number, languages, language, NOW, look)


def texts(found: Notice | None) -> list[str]:
    assert found is not None
    return [text.text for text in found.texts]


def test_a_closed_number_says_so_in_each_of_its_languages_in_their_order() -> None:
    found = said(hotline())
    assert found is not None
    assert found.why is NoEntry.CLOSED
    assert texts(found) == [SHUT["zh-CN"], SHUT["en"]]
    assert texts(said(hotline(), languages=("en", "zh-CN"))) == [SHUT["en"], SHUT["zh-CN"]]
    assert texts(said(hotline(), languages=("en",))) == [SHUT["en"]]


def test_the_sounds_are_named_after_the_number() -> None:
    found = said(hotline())
    assert found is not None
    assert {text.name for text in found.texts} == {"closed-864008001000"}


def test_a_caller_whose_language_is_known_hears_that_one() -> None:
    assert texts(said(hotline(), language="en")) == [SHUT["en"]]


def test_what_is_there_in_no_wanted_language_is_said_as_it_is() -> None:
    fire = hotline(Emergency({"en": FIRE["en"]}))
    assert texts(said(fire, languages=("zh-CN",), language="zh-CN")) == [FIRE["en"]]


def test_an_open_number_leads_into_its_flow() -> None:
    assert said(hotline(), is_open=True) is None
    assert said(hotline(calendar=None)) is None


@pytest.mark.parametrize(
    ("until", "lasts"),
    [
        (None, True),
        (NOW.astimezone(UTC) + timedelta(seconds=1), True),
        (NOW.astimezone(UTC), False),
    ],
)
def test_an_emergency_goes_before_the_hours_until_its_time(
    until: datetime | None, lasts: bool
) -> None:
    found = said(hotline(Emergency(FIRE, until)), is_open=True)
    assert (found is not None) is lasts
    if found is not None:
        assert found.why is NoEntry.EMERGENCY
        assert texts(found) == [FIRE["zh-CN"], FIRE["en"]]


def test_all_that_may_be_said_is_spoken_in_advance() -> None:
    fire = hotline(Emergency(FIRE))
    assert {text.text for text in all_texts(fire)} == {*SHUT.values(), *FIRE.values()}
    closed, burning = said(hotline()), said(fire)
    assert closed is not None and burning is not None
    assert {*closed.texts, *burning.texts} == set(all_texts(fire))
    assert all_texts(hotline(calendar=None)) == all_texts(hotline())


def test_hours_are_the_calendars_with_its_holidays() -> None:
    """A Thursday in Shanghai at noon, and National Day."""
    nine_to_six = ((9 * 60, 18 * 60),)
    office = Calendar("office", (nine_to_six,) * 5 + ((), ()), holidays="CN")
    number = hotline(calendar=office)
    assert notice(number, BOTH, None, NOW, OPEN_BY_CALENDAR) is None
    evening = NOW.replace(hour=18)
    assert texts(notice(number, BOTH, None, evening, OPEN_BY_CALENDAR)) == list(SHUT.values())[::-1]
    national_day = NOW.replace(month=10, day=1)
    assert texts(notice(number, BOTH, "en", national_day, OPEN_BY_CALENDAR)) == [SHUT["en"]]
