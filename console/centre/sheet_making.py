"""Looks at a sheet of agents without holding up calls, and takes it into the directory."""

import asyncio
import time
import traceback
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

import asyncpg
import structlog
from aiohttp import web

from centre.agent_columns import setting_of
from centre.agent_sheets import AgentSheet, judge
from centre.authority import may_make, refused
from centre.directory import Directory, Edit, directory_of
from centre.directory_service import (
    ChangeConflict,
    ChangeForbidden,
    ChangeRefused,
    NothingToChange,
)
from centre.kinds import Kind
from centre.organisation_settings import AgentSettings
from centre.things import MODELS
from console.centre.first_access import FirstAccess, first_access, hash_access
from console.centre.reach import SeenDirectory
from console.centre.sheets_in_hand import (
    SHEETS,
    SheetInHand,
    SheetLook,
    SheetRefusal,
    SheetStage,
)
from console.kit.context import DIRECTORY, USERS
from documents.sheet_reading import read_sheet
from documents.sheets import SheetUnreadable, Unreadable
from domain.identity import AgentCode
from domain.roles import Actor
from storage.database_errors import AWAY

T = TypeVar("T")

log = structlog.get_logger()

MAKEABLE = (Kind.STATION, Kind.SKILL)
"""What a sheet may make besides agents."""
USUALLY_MADE = frozenset({Kind.STATION})
"""Not skills: an unknown one is rather mistyped, and nobody would call an agent who has it."""
MOST_WORK_S = 20.0
"""Of a processor, for reading a file; 5,000 agents take a tenth of it."""
_WORK_S, _REST_S = 0.002, 0.0005
_LOOKED_AT_AFTER_DOUBT = 20


async def look_at(
    app: web.Application, actor: Actor, data: bytes, make: Collection[Kind]
) -> SheetLook:
    """Judge a file against the directory as it is now. Raises SheetUnreadable, or RequestRefused if
    too many are being looked at."""
    kept = await app[DIRECTORY].read()
    making = frozenset(kind for kind in make if kind in MAKEABLE and may_make(actor, kind))
    async with app[SHEETS].turn():
        sheet = await asyncio.to_thread(_judged, data, kept.directory, actor, making)
    look = SheetLook(sheet, kept, making)
    codes = [AgentCode(agent.code) for agent in look.newcomers]
    taken = await app[USERS].names_in_the_way(codes) if codes else frozenset()
    return replace(look, taken=taken)


def begin_to_make(app: web.Application, sheet: SheetInHand, actor: Actor) -> asyncio.Task[None]:
    """Take the sheet in, in the background: how far it is, and what came of it, stands in it."""
    sheet.stage, sheet.refusal, sheet.conflicts, sheet.faults = SheetStage.BEING_MADE, None, (), ()
    sheet.making = asyncio.create_task(_make(app, sheet, actor), name="agents' sheet")
    return sheet.making


async def settle(app: web.Application, sheet: SheetInHand) -> None:
    """Find out whether a change was made before the database went away. Raises one of AWAY."""
    if sheet.stage is not SheetStage.UNSURE or sheet.begun_at is None:
        return
    wished = {(wish.kind, wish.key): wish.after for wish in sheet.look.wishes}
    for found in await app[DIRECTORY].history(by=sheet.user, limit=_LOOKED_AT_AFTER_DOUBT):
        if found.at < sheet.begun_at or found.note != sheet.note:
            continue
        change = await app[DIRECTORY].made(found.id)
        if all(edit.after == wished.get((edit.kind, edit.key)) for edit in change.edits):
            sheet.made(change)
            app[SHEETS].keep(sheet)
            return
    sheet.refuse(SheetRefusal.STOPPED)


def _judged(data: bytes, directory: Directory, actor: Actor, make: Collection[Kind]) -> AgentSheet:
    sight = SeenDirectory(actor, directory)
    seen = directory_of(thing for kind in MODELS for thing in sight.of(kind))

    def may_not(edit: Edit) -> bool:
        return refused(actor, replace(edit, before=directory.get(edit.kind, edit.key)))

    return judge(
        read_sheet(data, lambda text: setting_of(text) is not None, Pace()),
        seen,
        make=make,
        may_not=may_not,
        hidden=directory.of(AgentSettings).keys() - seen.of(AgentSettings).keys(),
    )


class Pace:
    """Rests now and then in a long work, and ends one that is too long."""

    def __init__(self, most_s: float = MOST_WORK_S) -> None:
        self._most_s = most_s
        self._begun = self._rested = time.thread_time()

    def __call__(self) -> None:
        now = time.thread_time()
        if now - self._begun > self._most_s:
            raise SheetUnreadable(Unreadable.TOO_LARGE)
        if now - self._rested > _WORK_S:
            time.sleep(_REST_S)  # else whoever waits for Python's lock would wait 5 ms each time
            self._rested = time.thread_time()


def paced(rows: Iterable[T]) -> Iterator[T]:
    """The rows, for a long work in a thread that rests now and then."""
    pace = Pace()
    for row in rows:
        pace()
        yield row


async def _make(app: web.Application, sheet: SheetInHand, actor: Actor) -> None:
    look = sheet.look
    sheet.done, sheet.total, access = 0, 0, None
    try:
        access = await asyncio.to_thread(
            first_access,
            look.sheet.edits,
            lambda agent: sheet.with_users and agent.code not in look.taken,
        )
        sheet.total = len(access.pins) + len(access.passwords)
        await _change(app, sheet, actor, access)
    except ChangeConflict as error:
        sheet.refuse(SheetRefusal.CONFLICT, conflicts=error.conflicts)
    except ChangeRefused as error:
        sheet.refuse(SheetRefusal.FAULTY, faults=error.faults)
    except ChangeForbidden:
        sheet.refuse(SheetRefusal.FORBIDDEN)
    except NothingToChange:
        sheet.refuse(SheetRefusal.NOTHING)
    except AWAY:
        # It may have been made all the same: only the answer was lost.
        sheet.stage, sheet.access = SheetStage.UNSURE, access
    except asyncio.CancelledError:
        sheet.refuse(SheetRefusal.STOPPED)
        raise
    except Exception as error:
        # Not log.exception: a renderer that shows local variables would show passwords.
        log.error("a sheet of agents broke", trace="".join(traceback.format_exception(error)))
        sheet.refuse(SheetRefusal.STOPPED)
    app[SHEETS].keep(sheet)


async def _change(
    app: web.Application, sheet: SheetInHand, actor: Actor, access: FirstAccess
) -> None:
    def step(done: int) -> None:
        sheet.done += done

    hashed = await hash_access(access, step)
    employ = app[USERS].employing_all(hashed.users, by=actor.name)
    got: frozenset[str] = frozenset()

    async def employ_them(db: asyncpg.Connection) -> None:
        nonlocal got
        got = await employ(db)

    sheet.begun_at = datetime.now(UTC)
    change = await app[DIRECTORY].change(
        actor,
        sheet.look.wishes,
        note=sheet.note,
        secrets=hashed.secrets,
        also=employ_them if hashed.users else None,
    )
    sheet.made(change)
    sheet.access = access.without_users(access.passwords.keys() - got) if access.agents else None
