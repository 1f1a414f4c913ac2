"""Keeps sheets of agents between their preview and the last look at what came of them.

They are in memory alone, for an hour, and a few at once: a file of staff, and new passwords, have
no place on a disk. What is gone, after a restart too, has to be sent again.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence, Set
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from aiohttp import web

from centre.agent_sheets import AgentSheet, RowState
from centre.directory_faults import Fault
from centre.directory_service import Conflict, WishedThing, wishes_of
from centre.directory_store import DirectoryChange, KeptDirectory
from centre.kinds import Kind
from centre.organisation_settings import AgentSettings
from console.centre.first_access import FirstAccess
from console.kit.error_pages import BUSY, RequestRefused

KEPT_S = 3600.0
MOST = 12
MOST_OF_A_USER = 3
MOST_WAITING = 6


class SheetStage(StrEnum):
    """How far a sheet has come."""

    LOOKED_AT = "looked at"
    """It was judged; nothing has been changed."""
    BEING_MADE = "being made"
    UNSURE = "unsure"
    """The database went away when the change was made; whether it was is not known yet."""
    MADE = "made"


class SheetRefusal(StrEnum):
    """Why a sheet that looked right was not taken; nothing was changed."""

    CONFLICT = "conflict"
    """Somebody else has changed the same agents since the preview."""
    FAULTY = "faulty"
    """Something else would no longer fit."""
    FORBIDDEN = "forbidden"
    NOTHING = "nothing"
    """All is as the sheet has it, by now."""
    STOPPED = "stopped"
    """Offhook is being stopped, or made a mistake."""


@dataclass(frozen=True, slots=True)
class SheetLook:
    """A sheet, judged against what was there."""

    sheet: AgentSheet
    kept: KeptDirectory
    make: frozenset[Kind]
    """Which unknown things it makes."""
    taken: Set[str] = frozenset()
    """New agents who won't get a console user: somebody has the name, or works as them."""

    @property
    def wishes(self) -> list[WishedThing]:
        """What taking it changes of what was seen, and nothing else."""
        return wishes_of(self.sheet.edits, self.kept)

    @property
    def newcomers(self) -> Sequence[AgentSettings]:
        """The agents that are made."""
        new = (row.after for row in self.sheet.rows if row.state is RowState.NEW)
        return [agent for agent in new if agent is not None]


@dataclass(eq=False, slots=True)
class SheetInHand:
    """One sheet on its way, of one user."""

    user: str
    name: str
    """What the browser calls the file."""
    data: bytes
    look: SheetLook
    id: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    stage: SheetStage = SheetStage.LOOKED_AT
    looks: int = 1
    """How often it was judged; what is confirmed is the last look."""
    with_users: bool = True
    note: str = ""
    done: int = 0
    """Of the PINs and passwords, how many are ready; of ``total``."""
    total: int = 0
    begun_at: datetime | None = None
    making: asyncio.Task[None] | None = None
    refusal: SheetRefusal | None = None
    conflicts: Sequence[Conflict] = ()
    faults: Sequence[Fault] = ()
    change: DirectoryChange | None = None
    access: FirstAccess | None = None
    """New PINs and passwords, until they are handed out once."""

    def __repr__(self) -> str:
        return f"SheetInHand({self.id!r}, {self.stage})"

    @property
    def is_needed(self) -> bool:
        """Whether something would be lost with it that can't be sent again."""
        busy = self.stage in (SheetStage.BEING_MADE, SheetStage.UNSURE)
        return busy or self.access is not None

    def refuse(
        self,
        why: SheetRefusal,
        conflicts: Sequence[Conflict] = (),
        faults: Sequence[Fault] = (),
    ) -> None:
        """Back to the preview: it was not taken."""
        self.stage, self.refusal, self.access = SheetStage.LOOKED_AT, why, None
        self.conflicts, self.faults = tuple(conflicts), tuple(faults)

    def made(self, change: DirectoryChange) -> None:
        """It was taken. The file itself is no longer needed."""
        self.stage, self.change, self.data = SheetStage.MADE, change, b""

    def hand_out(self) -> FirstAccess | None:
        """The new PINs and passwords, this once."""
        found, self.access = self.access, None
        return found


class SheetsInHand:
    """The sheets of all users. Those that are kept too long, or that are too many, are dropped."""

    def __init__(self, *, kept_s: float = KEPT_S, most: int = MOST) -> None:
        self.kept_s = kept_s
        self._most = most
        self._found: dict[str, SheetInHand] = {}
        self._expiring: dict[str, asyncio.TimerHandle] = {}
        self._reading = asyncio.Semaphore(1)
        self._waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """For whoever reads or writes a file in a thread: one at a time, for that is plain Python,
        which calls wait for. Raises RequestRefused if too many wait already."""
        if self._waiting >= MOST_WAITING:
            raise RequestRefused(BUSY)
        self._waiting += 1
        try:
            await self._reading.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._reading.release()

    def add(self, sheet: SheetInHand) -> None:
        """Keep it, and drop others for it. Raises RequestRefused if all of them are needed."""
        own = [one for one in self._found.values() if one.user == sheet.user and not one.is_needed]
        for one in own[: max(0, len(own) - MOST_OF_A_USER + 1)]:
            self.drop(one)
        others = [one for one in self._found.values() if not one.is_needed]
        while len(self._found) >= self._most and others:
            self.drop(others.pop(0))
        if len(self._found) >= self._most:
            raise RequestRefused(BUSY)
        self._found[sheet.id] = sheet
        self.keep(sheet)

    def keep(self, sheet: SheetInHand) -> None:
        """Keep it from now on as long as one that has just come."""
        if (expiring := self._expiring.pop(sheet.id, None)) is not None:
            expiring.cancel()
        if sheet.id in self._found:
            loop = asyncio.get_running_loop()
            self._expiring[sheet.id] = loop.call_later(self.kept_s, self._expire, sheet)

    def get(self, sheet: str, user: str) -> SheetInHand | None:
        """The user's sheet of this id; None if there is none, or no more."""
        found = self._found.get(sheet)
        return found if found is not None and found.user == user else None

    def drop(self, sheet: SheetInHand) -> None:
        """Forget it."""
        self._found.pop(sheet.id, None)
        if (expiring := self._expiring.pop(sheet.id, None)) is not None:
            expiring.cancel()

    async def close(self) -> None:
        """Stop what is being made: it is made as a whole or not at all."""
        for sheet in tuple(self._found.values()):
            if sheet.making is not None:
                sheet.making.cancel()
                await asyncio.wait([sheet.making])
            self.drop(sheet)

    def _expire(self, sheet: SheetInHand) -> None:
        if sheet.stage is SheetStage.BEING_MADE:
            self.keep(sheet)
        else:
            self.drop(sheet)


SHEETS: web.AppKey[SheetsInHand] = web.AppKey("sheets_in_hand")


def prepare(app: web.Application) -> None:
    """Adds to the application the sheets on their way."""
    app[SHEETS] = SheetsInHand()

    async def close(app: web.Application) -> None:
        await app[SHEETS].close()

    app.on_shutdown.append(close)
