"""Sheets between preview and change: how long, how many; and the database going away."""

import asyncio
from itertools import islice
from typing import Any

import pytest

from centre.agent_sheets import AgentSheet
from centre.authority import SYSTEM
from centre.directory_service import DirectoryService, WishedThing
from centre.directory_store import DirectoryChange, DirectoryStore, KeptDirectory
from centre.kinds import Kind
from centre.pins import AgentPins
from console.centre.first_access import FirstAccess
from console.centre.sheet_making import Pace
from console.centre.sheets_in_hand import (
    MOST_OF_A_USER,
    MOST_WAITING,
    SheetInHand,
    SheetLook,
    SheetsInHand,
    SheetStage,
)
from console.kit.context import DIRECTORY
from console.kit.error_pages import RequestRefused
from documents.sheet_reading import read_sheet
from documents.sheets import SheetUnreadable, Unreadable
from domain.identity import AgentCode
from storage.database import Database
from storage.database_errors import DatabaseUnreachable
from tests.centre.small import small_directory
from tests.console.centre.sheets import a_csv, handed_out, looked_at, take, text_at
from tests.console.conftest import Console, Visit
from tests.waiting import until

ZHAO = ("1003", "Zhao", "Tea")
LOOK = SheetLook(AgentSheet((), {}, (), ()), KeptDirectory(), frozenset())


def a_sheet(user: str = "ada") -> SheetInHand:
    return SheetInHand(user, "a.csv", b"", LOOK)


def needed(user: str) -> SheetInHand:
    sheet = a_sheet(user)
    sheet.access = FirstAccess((), {}, {}, {})
    return sheet


async def test_a_user_has_a_few_and_the_oldest_goes() -> None:
    sheets = SheetsInHand()
    own = [a_sheet() for _ in range(MOST_OF_A_USER + 1)]
    others = a_sheet("otto")
    for sheet in (others, *own):
        sheets.add(sheet)
    assert sheets.get(own[0].id, "ada") is None
    assert [sheets.get(sheet.id, "ada") for sheet in own[1:]] == own[1:]
    assert sheets.get(others.id, "otto") is others and sheets.get(others.id, "ada") is None
    await sheets.close()
    assert sheets.get(others.id, "otto") is None


async def test_what_can_t_be_had_again_makes_no_room() -> None:
    sheets = SheetsInHand(most=2)
    first, second = a_sheet("a"), needed("b")
    for sheet in (first, second, needed("c")):
        sheets.add(sheet)
    assert sheets.get(first.id, "a") is None
    with pytest.raises(RequestRefused):
        sheets.add(a_sheet("d"))
    assert second.hand_out() is not None and second.hand_out() is None
    sheets.add(a_sheet("d"))
    assert sheets.get(second.id, "b") is None
    await sheets.close()


async def test_a_sheet_expires_but_not_while_it_is_being_made() -> None:
    sheets = SheetsInHand(kept_s=0.02)
    gone, busy = a_sheet(), a_sheet()
    busy.stage = SheetStage.BEING_MADE
    for sheet in (gone, busy):
        sheets.add(sheet)
    await until(lambda: sheets.get(gone.id, "ada") is None)
    assert sheets.get(busy.id, "ada") is busy
    busy.stage = SheetStage.MADE
    await until(lambda: sheets.get(busy.id, "ada") is None)


async def test_one_file_is_read_at_a_time_and_few_wait() -> None:
    sheets = SheetsInHand()
    reading = 0
    go_on = asyncio.Event()

    async def read() -> int:
        nonlocal reading
        async with sheets.turn():
            reading += 1
            most = reading
            await go_on.wait()
            reading -= 1
            return most

    async with asyncio.TaskGroup() as tasks:
        found = [tasks.create_task(read()) for _ in range(MOST_WAITING + 1)]
        await until(lambda: reading > 0)
        for _ in range(MOST_WAITING):
            await asyncio.sleep(0)
        with pytest.raises(RequestRefused):
            await read()
        go_on.set()
    assert [task.result() for task in found] == [1] * (MOST_WAITING + 1)


def test_a_file_that_takes_too_long_is_given_up() -> None:
    read = islice(read_sheet(b"\n" * 1_000_000, lambda _: False, Pace(0.01)), 1)
    with pytest.raises(SheetUnreadable) as refusal:
        list(read)
    assert refusal.value.code is Unreadable.TOO_LARGE


def test_secrets_are_not_shown_by_accident() -> None:
    access = FirstAccess((), {"1001": "4711"}, {"1001": "pa55word"}, {"1001": "5ecret"})
    sheet = a_sheet()
    sheet.access = access
    for text in (repr(access), repr(sheet), f"{[sheet]}"):
        assert not any(secret in text for secret in ("4711", "pa55word", "5ecret"))


class LostAfterwards:
    """Whoever is notified of a change loses the database, once it is on."""

    def __init__(self) -> None:
        self.on = False

    def __call__(self, change: int) -> None:
        if self.on:
            self.on = False
            raise DatabaseUnreachable(f"the answer to change {change} is lost")


class LostBefore(DirectoryStore):
    """Loses the database while a change is written, once it is on."""

    on = False

    async def write(self, *args: Any, **more: Any) -> DirectoryChange:
        if self.on:
            self.on = False
            raise DatabaseUnreachable("nobody answers")
        return await super().write(*args, **more)


async def set_up(directory: DirectoryService) -> None:
    things = small_directory()
    await directory.change(SYSTEM, [WishedThing(t.KIND, t.key, t, None) for t in things])


async def test_a_change_whose_answer_was_lost_is_found_again(
    visit: Visit, console: Console, database: Database
) -> None:
    lost = LostAfterwards()
    console.app[DIRECTORY] = DirectoryService(DirectoryStore(database.pool), on_change=lost)
    await set_up(console.directory)
    ada = await visit("ada")
    sheet = await looked_at(ada, a_csv(ZHAO))
    lost.on = True
    await take(ada, sheet)
    assert "in force now" in await text_at(ada, sheet)
    (zhao,) = await handed_out(ada, sheet)
    secrets = await DirectoryStore(database.pool).secrets()
    assert await AgentPins(lambda: secrets).fits(AgentCode("1003"), zhao["PIN"])


async def test_a_change_that_was_lost_can_be_made_again(
    visit: Visit, console: Console, database: Database
) -> None:
    store = LostBefore(database.pool)
    console.app[DIRECTORY] = DirectoryService(store)
    await set_up(console.directory)
    ada = await visit("ada")
    sheet = await looked_at(ada, a_csv(ZHAO))
    store.on = True
    await take(ada, sheet)
    text = await text_at(ada, sheet)
    assert "Nothing was changed: the work was interrupted" in text
    assert not (await console.directory.read()).directory.has(Kind.AGENT, "1003")
    assert await console.users.get("1003") is None
    await take(ada, sheet)
    assert len(await handed_out(ada, sheet)) == 1
