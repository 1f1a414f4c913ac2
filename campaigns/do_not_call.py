"""Keeps the lists of numbers that are not to be called: one of each project, and the centre's.

Nothing but a person who says why takes a number off again. Each change is kept.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import asyncpg

from campaigns.number_locks import lock_numbers
from domain.errors import OffhookError
from domain.identity import ProjectName
from domain.roles import Actor, Role
from storage.database import connection
from storage.queries import load

_SQL, _ATTEMPTS = load("do_not_call"), load("attempts")
CENTRE = ProjectName("")
"""Stands for the whole centre's list."""
LISTERS = frozenset((Role.ADMIN, Role.OPS))
"""Who may import files, and take numbers off."""
_ADDERS = LISTERS | {Role.SUPERVISOR}
MOST_ENTRIES = 200
_IN_A_FILE = 5_000
"""Entries that are read at a time for a file."""


class ListingSource(StrEnum):
    """How a number came onto a list."""

    KEY = "key"  # the customer pressed it
    AGENT = "agent"  # the customer told an agent
    IMPORT = "import"
    PAGE = "page"


class DoNotCallRefusal(StrEnum):
    """Why a list was not changed."""

    FORBIDDEN = "forbidden"  # not their role or project; the centre's list is for all projects
    NOT_A_NUMBER = "not_a_number"  # not E.164 with +
    NO_REASON = "no_reason"  # a number is taken off for a reason, which is kept


class DoNotCallRefused(OffhookError):  # noqa: N818
    """Nothing was changed. ``number`` is what it is about, if it is one number."""

    def __init__(self, why: DoNotCallRefusal, number: str = "") -> None:
        super().__init__(why, number)
        self.why = why
        self.number = number


@dataclass(frozen=True, slots=True)
class ListedNumber:
    """A number on a list; ``project`` "" is the centre's."""

    project: ProjectName
    number: str
    since: datetime
    """From when on it is not called."""
    source: str
    by: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class ListedChange:
    """A number was put on a list, or taken off."""

    project: ProjectName
    number: str
    at: datetime
    by: str
    what: str
    """``added`` or ``removed``."""
    source: str
    reason: str


class DoNotCall:
    """The lists. While the database is away, each call raises one of
    ``storage.database_errors.AWAY``, and nothing has been changed."""

    def __init__(
        self, pool: asyncpg.Pool, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._pool = pool
        self._clock = clock

    async def add(
        self,
        actor: Actor,
        project: ProjectName,
        numbers: Sequence[str],
        *,
        since: datetime | None = None,
        source: ListingSource = ListingSource.PAGE,
        reason: str = "",
    ) -> int:
        """Put numbers on a list, and return how many are new there. Raises DoNotCallRefused.

        ``since``: from when on they are not called; None: now.
        """
        must(actor, project, _ADDERS)
        for number in numbers:
            if not is_e164(number):
                raise DoNotCallRefused(DoNotCallRefusal.NOT_A_NUMBER, number)
        now = self._clock()
        async with connection(self._pool) as db, db.transaction():
            new = await put(
                db,
                project,
                numbers,
                at=now,
                since=since or now,
                source=source,
                by=actor.name,
                reason=reason,
            )
        return len(new)

    async def remove(self, actor: Actor, project: ProjectName, number: str, *, reason: str) -> bool:
        """Take a number off a list; False if it wasn't there. Raises DoNotCallRefused.

        Leads that were closed because of it are what they were before (open, finished, paused),
        unless another list has one of their numbers.
        """
        must(actor, project, LISTERS)
        if not reason.strip():
            raise DoNotCallRefused(DoNotCallRefusal.NO_REASON, number)
        now = self._clock()
        async with connection(self._pool) as db, db.transaction():
            await lock_numbers(db, [number])
            rows = await db.fetch(_SQL["take_off"], project, [number])
            if not rows:
                return False
            note = (
                project,
                [number],
                now,
                actor.name,
                "removed",
                ListingSource.PAGE,
                reason.strip(),
            )
            await db.execute(_SQL["note"], *note)
            await db.execute(_ATTEMPTS["lock_leads"], [], [number])
            reopened = await db.fetch(_SQL["reopen_leads"], project, [number], now)
            await _note_leads(db, reopened, now, actor.name, "reopened")
        return True

    async def entries(
        self,
        actor: Actor,
        project: ProjectName,
        *,
        number: str | None = None,
        after: str | None = None,
    ) -> tuple[ListedNumber, ...]:
        """Numbers of a list, in their order, at most MOST_ENTRIES; for the next page, pass the last
        one's number as ``after``. Raises DoNotCallRefused."""
        _may_see(actor, project)
        return await self._entries(project, number, after, MOST_ENTRIES)

    async def all(
        self, actor: Actor, project: ProjectName
    ) -> AsyncIterator[tuple[ListedNumber, ...]]:
        """All numbers of a list in their order, part by part. Raises DoNotCallRefused."""
        _may_see(actor, project)
        part = await self._entries(project, None, None, _IN_A_FILE)
        while part:
            yield part
            part = await self._entries(project, None, part[-1].number, _IN_A_FILE)

    async def _entries(
        self, project: ProjectName, number: str | None, after: str | None, most: int
    ) -> tuple[ListedNumber, ...]:
        async with connection(self._pool) as db:
            rows = await db.fetch(
                _SQL["entries"], [project], number, project if after else None, after, most
            )
        return tuple(ListedNumber(**row) for row in rows)


async def put(
    db: asyncpg.Connection,
    project: ProjectName,
    numbers: Sequence[str],
    *,
    at: datetime,
    since: datetime,
    source: ListingSource,
    by: str,
    reason: str = "",
) -> frozenset[str]:
    """Put numbers on a list within a transaction, and close the leads that have one of them.

    Returns those that are new there, or hold from an earlier date than before. A list that takes
    effect later closes nothing yet: then the rules hold the leads.
    """
    wanted = list(dict.fromkeys(numbers))
    await lock_numbers(db, wanted)
    rows = await db.fetch(_SQL["put"], project, wanted, since, source.value, by, at)
    new = [row["number"] for row in rows]
    await db.execute(_SQL["note"], project, new, at, by, "added", source.value, reason)
    if since <= at:
        await db.execute(_ATTEMPTS["lock_leads"], [], wanted)
        closed = await db.fetch(_SQL["close_leads"], project, wanted)
        await _note_leads(db, closed, at, by, "do_not_call")
    return frozenset(new)


async def _note_leads(
    db: asyncpg.Connection, rows: Sequence[asyncpg.Record], at: datetime, by: str, what: str
) -> None:
    leads, before, why = ([row[name] for row in rows] for name in ("lead", "before", "why"))
    await db.execute(_SQL["note_leads"], leads, at, by, what, before, why)


def _may_see(actor: Actor, project: str) -> None:
    if actor.role is Role.AGENT or not (actor.has(project) or project == CENTRE):
        raise DoNotCallRefused(DoNotCallRefusal.FORBIDDEN)


def must(actor: Actor, project: str, roles: frozenset[Role]) -> None:
    """Refuse whoever hasn't one of these roles, or not for this list. Raises DoNotCallRefused."""
    mine = actor.everywhere if project == CENTRE else actor.has(project)
    if actor.role not in roles or not mine:
        raise DoNotCallRefused(DoNotCallRefusal.FORBIDDEN)


def is_e164(number: str) -> bool:
    """Whether it is written as numbers are stored: + and at most 15 digits."""
    digits = number[1:]
    return number[:1] == "+" and digits.isascii() and digits.isdigit() and len(digits) <= 15
