"""The centre's own day: when it begins, and that board and console agree on it."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from configuration.secrets import load_or_create
from domain.centre import Centre
from domain.identity import QueueName
from engine.board_ports import QueueView
from engine.engine import Engine
from engine.recorder import Recorder
from engine.running_centre import RunningCentre, midnight
from farend.console_client import ConsoleClient
from records.call_queries import CallStore, QueueFigures
from records.writing import write
from storage.database import Database, open_database
from storage.outbox import Outbox
from tests.conftest import CentreFile, PortBlocks
from tests.offhook.command import Serving
from tests.records.test_call_queries import store_of
from tests.storage.days import NOON, answered

DAYS = [
    ("Asia/Shanghai", "2026-03-02T00:00:00+08:00", "2026-03-02T00:00:00+08:00"),
    ("Asia/Shanghai", "2026-03-01T23:59:59+08:00", "2026-03-01T00:00:00+08:00"),
    # Clocks were changed since midnight: it was in the other time.
    ("Europe/Berlin", "2026-03-29T12:00:00+02:00", "2026-03-29T00:00:00+01:00"),
    ("Europe/Berlin", "2026-10-25T12:00:00+01:00", "2026-10-25T00:00:00+02:00"),
    # They go from 01:00 back to 00:00: there are two midnights, the day begins with the first.
    ("America/Havana", "2026-11-01T00:30:00-04:00", "2026-11-01T00:00:00-04:00"),
    ("America/Havana", "2026-11-01T00:30:00-05:00", "2026-11-01T00:00:00-04:00"),
    # From 24:00 back to 23:00: that hour is still the day before.
    ("Africa/Cairo", "2026-10-29T23:30:00+02:00", "2026-10-29T00:00:00+03:00"),
    ("Africa/Cairo", "2026-10-30T12:00:00+02:00", "2026-10-30T00:00:00+02:00"),
    # From 24:00 on to 01:00: there is no midnight.
    ("America/Santiago", "2026-09-06T12:00:00-03:00", "2026-09-06T01:00:00-03:00"),
]


@pytest.mark.parametrize(("zone", "now", "begun"), DAYS)
def test_a_day_begins_at_midnight_of_its_zone(zone: str, now: str, begun: str) -> None:
    at = datetime.fromisoformat(now).astimezone(UTC)
    assert midnight(at, ZoneInfo(zone)) == datetime.fromisoformat(begun)


@pytest.fixture
def machine_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """To set TZ with, for the time of a test."""
    yield monkeypatch
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(("zone", "now", "begun"), DAYS)
def test_without_a_zone_it_is_the_machines(
    zone: str, now: str, begun: str, machine_zone: pytest.MonkeyPatch
) -> None:
    machine_zone.setenv("TZ", zone)
    time.tzset()
    at = datetime.fromisoformat(now).astimezone(UTC)
    assert midnight(at, None) == datetime.fromisoformat(begun)


def offset_zone(hours: int) -> str:
    """The zone whose clocks are ``hours`` ahead of UTC (POSIX counts the other way round)."""
    return f"Etc/GMT{-hours:+d}"


def where_it_is(hour: int, now: datetime) -> int:
    """How many hours ahead of UTC it is ``hour`` o'clock now."""
    return (hour - now.hour + 11) % 24 - 11


@pytest.mark.live
@pytest.mark.long
@pytest.mark.parametrize(("hour", "today"), [(12, 2), (1, 1)])
async def test_today_is_the_centres(
    hour: int, today: int, centre_file: CentreFile, dsn: str, ports: PortBlocks, tmp_path: Path
) -> None:
    """Calls of five hours and of half an hour ago: where it is noon, and where it is past one."""
    now = datetime.now(UTC)
    early, late = now - timedelta(hours=5), now - timedelta(minutes=30)
    database = await open_database(dsn, pool_size=1)
    for name, at in (("pbx1-1.1", early), ("pbx1-1.2", late)):
        await store_of(database, answered(name, (at - NOON).total_seconds()))
    await database.close()
    ahead = where_it_is(hour, now)
    file = centre_file(add=f"timezone: {offset_zone(ahead)}\n")
    block = replace(ports(), ami=1)  # there is no Asterisk
    state = tmp_path / "state"
    async with Serving(file, state, block, dsn, tmp_path / "log"):
        password = load_or_create(state).admin
        url = f"http://127.0.0.1:{block.console}"
        async with ConsoleClient(url, "admin", password) as client:
            board: dict[str, Any] = {}
            async with asyncio.timeout(60):
                while not board or not offered(board):  # figures come after the console
                    board = await client.board()
            assert offered(board) == today
            shown = (await client.fetch("calls"))[1].decode()
    local = early + timedelta(hours=ahead)
    assert f"{local:%Y-%m-%d}" in shown and f"{local:%H:%M:%S}" in shown


def offered(board: dict[str, Any]) -> int:
    (sales,) = (queue for queue in board["queues"] if queue["name"] == "sales")
    return int(sales["offered_today"])


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    """With nothing in it."""
    outbox = Outbox(tmp_path / "outbox.jsonl")
    yield outbox
    outbox.close()


class WatchedStore(CallStore):
    """Notes when figures have been read."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        super().__init__(pool)
        self.read = asyncio.Event()

    async def queue_figures(self, *args: Any, **more: Any) -> dict[QueueName, QueueFigures]:
        found = await super().queue_figures(*args, **more)
        self.read.set()
        return found


class Board:
    """A running centre's, whose figures are read twenty times a second; it is ``now`` there."""

    def __init__(self, centre: Centre, calls: CallStore, outbox: Outbox, folder: Path) -> None:
        self.now = NOON
        self.engine = Engine(replace(centre, timezone="Asia/Shanghai"), outbox, {})
        recorder = Recorder(
            self.engine.calls, asyncio.Queue(), folder / "spool", folder / "root", calls, outbox
        )
        self._running = RunningCentre(
            self.engine, calls, outbox, recorder, now=lambda: self.now, figures_every_s=0.05
        )
        self._keeping = asyncio.create_task(self._running.keep_figures())

    async def until(self, today: int) -> QueueView:
        async with asyncio.timeout(60):
            while True:
                version = self.engine.changes.version
                sales, *_ = self._running.board(None).queues
                if sales.offered_today == today:
                    return sales
                await self._running.changed(version)

    def close(self) -> None:
        self._keeping.cancel()


@pytest.mark.live
async def test_a_new_day_begins_by_itself(
    centre: Centre, database: Database, outbox: Outbox, tmp_path: Path
) -> None:
    """Nobody calls at night: the figures go to nothing all the same."""
    calls = await store_of(database, answered("pbx1-1.1"))
    board = Board(centre, calls, outbox, tmp_path)
    try:
        assert (await board.until(1)).answered_today == 1
        board.now += timedelta(days=1)
        assert (await board.until(0)).answered_today == 0
    finally:
        board.close()


@pytest.mark.live
async def test_a_queue_that_comes_into_force_has_the_days_figures(
    centre: Centre, database: Database, outbox: Outbox, tmp_path: Path
) -> None:
    """Its name was there in the morning, and its calls count."""
    calls = await store_of(database, answered("pbx1-1.1"))
    without = tuple(queue for queue in centre.queues if queue.name != "sales")
    board = Board(replace(centre, queues=without), calls, outbox, tmp_path)
    try:
        assert (await board.until(0)).name != "sales"
        board.engine.take(replace(centre, timezone="Asia/Shanghai"))
        assert (await board.until(1)).name == "sales"
        board.engine.take(replace(centre, queues=without, timezone="Asia/Shanghai"))
        assert (await board.until(0)).name != "sales"
    finally:
        board.close()


@pytest.mark.live
async def test_the_last_call_is_counted_though_nothing_happens_after_it(
    centre: Centre, database: Database, outbox: Outbox, tmp_path: Path
) -> None:
    """Its facts reach the database a moment after the floor has heard of its end."""
    await store_of(database, answered("pbx1-1.1"))
    calls = WatchedStore(database.pool)
    board = Board(centre, calls, outbox, tmp_path)
    try:
        await board.until(1)
        for fact in answered("pbx1-1.2"):
            outbox.put(fact)
        calls.read.clear()
        board.engine.changes.touch()
        async with asyncio.timeout(60):
            await calls.read.wait()  # and it is not among them
        pumping = asyncio.create_task(outbox.pump(database.pool, write))
        assert (await board.until(2)).answered_today == 2
        pumping.cancel()
    finally:
        board.close()
