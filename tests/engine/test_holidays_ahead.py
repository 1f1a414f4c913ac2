"""Holidays are read before a call needs them, and missing ones are reported."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from structlog.testing import capture_logs

from centre.calendars import HolidayYear, UnpublishedYear
from domain.centre import Calendar, Centre
from engine.engine import Engine
from engine.holidays_ahead import HolidaysAhead
from tests.waiting import until

WEEK = (((540, 1080),),) * 7


def with_calendar(centre: Centre, holidays: str | None) -> Centre:
    office = Calendar("office", WEEK, holidays=holidays)
    (hotline,) = centre.hotlines
    return replace(centre, hotlines=(replace(hotline, calendar=office),), timezone="Asia/Shanghai")


@contextmanager
def kept(ahead: HolidaysAhead) -> Iterator[None]:
    task = asyncio.get_running_loop().create_task(ahead.keep())
    try:
        yield
    finally:
        task.cancel()


async def test_a_year_that_is_not_published_is_reported_once_and_until_it_is_needed_no_more(
    engine: Engine,
) -> None:
    asked: set[tuple[str, int]] = set()

    def holidays(code: str, year: int) -> HolidayYear:
        asked.add((code, year))
        return HolidayYear(published=year < 2027)

    def now() -> datetime:
        return datetime(2026, 11, 30, 17, tzinfo=UTC)  # it is December in Shanghai

    ahead = HolidaysAhead(engine, holidays=holidays, now=now, look_every_s=0.01)
    version = engine.changes.version
    with capture_logs() as logs, kept(ahead):
        engine.take(with_calendar(engine.centre, "CN"))
        await until(lambda: ahead.unpublished)
        assert ahead.unpublished == (UnpublishedYear("CN", 2027, ("office",)),)
        assert asked == {("CN", 2026), ("CN", 2027)}
        assert engine.changes.version > version  # the board is told
        engine.take(replace(engine.centre, languages=("en",)))
        engine.take(with_calendar(engine.centre, None))
        await until(lambda: not ahead.unpublished)
    warnings = [entry for entry in logs if entry["log_level"] == "warning"]
    assert [(w["year"], w["country"], w["calendars"]) for w in warnings] == [
        (2027, "CN", ("office",))
    ]


async def test_the_next_year_is_read_ahead(engine: Engine) -> None:
    asked: set[int] = set()

    def holidays(_code: str, year: int) -> HolidayYear:
        asked.add(year)
        return HolidayYear()

    def now() -> datetime:
        return datetime(2026, 3, 1, tzinfo=UTC)

    engine.take(with_calendar(engine.centre, "DE-BY"))
    with kept(HolidaysAhead(engine, holidays=holidays, now=now)):
        await until(lambda: asked == {2026, 2027})
