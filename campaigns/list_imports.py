"""Imports uploaded lists in the background: batch by batch, each in a transaction of its own.

An import that was cut off, by whatever, is seen as unfinished: it can go on after the last batch,
or be undone. The file is kept in the database until then.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg
import structlog

from campaigns.do_not_call import LISTERS, must
from campaigns.import_progress import (
    DuplicatePolicy,
    ImportProgress,
    ImportState,
    RowFate,
    progress_of,
)
from campaigns.judging import CentresZone
from campaigns.lead_columns import (
    ColumnUse,
    MappingFault,
    MappingRefused,
    chosen,
    guessed,
    heading_set,
    mapping_of,
    numbers_alone,
)
from campaigns.lead_lists import LIST_CHANGERS, LIST_VIEWERS, ListRefusal, ListRefused, read_list
from campaigns.lead_storing import LeadTarget, store_rows
from campaigns.list_files import FileRow, ListLook, look, rows_of
from campaigns.listed_rows import put_rows
from campaigns.seen_imports import read_import
from documents.sheets import SheetUnreadable
from domain.identity import ProjectName
from domain.roles import Actor, Role
from storage.database import connection
from storage.database_errors import AWAY
from storage.queries import load

log = structlog.get_logger()

MOST_UNDER_WAY = 2
"""Files that are read at a time."""
UPLOADS_KEPT = timedelta(days=1)
"""How long a file that was uploaded waits for somebody to begin its import."""
MOST_IMPORTS = 100
"""Of a page."""
MOST_FILE_NAME = 200
RETRY_AFTER_S = (1.0, 5.0, 15.0, 30.0, 60.0)
"""While the database is away; after that an import stays unfinished until somebody continues it."""
_UNDONE_AT_ONCE = 1000

_SQL = load("lists")


@dataclass(frozen=True, slots=True)
class ListingWish:
    """From when on the numbers of a do-not-call list's file are not called, and why they are on it.

    ``since`` None: from the import on; ``column``: the heading of the column that says it for each
    row, where that isn't empty. ``reason`` "": the file's name is kept.
    """

    since: datetime | None = None
    column: str | None = None
    reason: str = ""


AT_ONCE = ListingWish()


class ListImports:
    """All imports. While the database is away, each call raises one of
    ``storage.database_errors.AWAY``. ``zone`` is the centre's."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        zone: CentresZone,
        *,
        retry_after_s: Sequence[float] = RETRY_AFTER_S,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._retry_after_s = retry_after_s
        self._pool = pool
        self._zone = zone
        self._clock = clock
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._looks = 0

    @property
    def under_way(self) -> frozenset[int]:
        """The imports that are going on in this process."""
        return frozenset(self._tasks)

    async def upload(self, actor: Actor, into: int, file_name: str, data: bytes) -> ImportProgress:
        """Look at a file and keep it. What its columns are for is guessed, or as it was the last
        time with these headings; begin the import once somebody has looked at that.

        Raises ListRefused, or SheetUnreadable.
        """
        async with connection(self._pool) as db:
            found = await read_list(db, actor, into, LIST_CHANGERS)
        now = self._clock()
        seen, digest = await self._look(data, found.country, now)
        async with connection(self._pool) as db, db.transaction():
            await db.execute(_SQL["forget_uploads"], now - UPLOADS_KEPT)
            kept = await db.fetchval(_SQL["remembered_mapping"], found.project, seen.heading_set)
            mapping = seen.mapping
            if kept is not None:
                known = mapping_of(kept)
                uses = dict(zip(known.headings, known.uses, strict=True))
                mapping = guessed(mapping.headings, uses)
            number = await db.fetchval(
                _SQL["insert_import"],
                *(into, _kept_name(file_name)),
                *(digest, len(data), data),
                *(seen.headings_row, seen.sample, mapping.plain, seen.rows, actor.name, now),
            )
            return await self._read(db, actor, number)

    async def upload_numbers(
        self, actor: Actor, project: ProjectName, file_name: str, data: bytes, *, country: str
    ) -> ImportProgress:
        """Look at a file of numbers for a do-not-call list, and keep it, as ``upload`` does.

        ``country``: where numbers without a country's code are. Raises DoNotCallRefused,
        ListRefused (TOO_MANY), or SheetUnreadable.
        """
        must(actor, project, LISTERS)
        now = self._clock()
        seen, digest = await self._look(data, country, now)
        mapping = numbers_alone(seen.mapping)
        async with connection(self._pool) as db, db.transaction():
            await db.execute(_SQL["forget_uploads"], now - UPLOADS_KEPT)
            number = await db.fetchval(
                _SQL["insert_numbers_import"],
                *(project, country, _kept_name(file_name), digest, len(data), data),
                *(seen.headings_row, seen.sample, mapping.plain, seen.rows, actor.name, now),
            )
            return await self._read(db, actor, number)

    async def begin(
        self,
        actor: Actor,
        number: int,
        uses: Mapping[str, ColumnUse],
        *,
        duplicates: DuplicatePolicy = DuplicatePolicy.SKIP,
        listing: ListingWish = AT_ONCE,
    ) -> ImportProgress:
        """Begin an import with this use of its columns, by their headings; it goes on by itself.

        ``duplicates`` counts for leads, ``listing`` for the numbers of a do-not-call list. Raises
        ListRefused, or MappingRefused.
        """
        self._must_have_room()
        async with connection(self._pool) as db, db.transaction():
            found = await self._read(db, actor, number, LIST_CHANGERS)
            mapping = chosen(found.mapping.headings, uses)
            if listing.column is not None and listing.column not in mapping.headings:
                raise MappingRefused(MappingFault.NO_SUCH_COLUMN, listing.column)
            columns = (number, mapping.plain, duplicates.value, self._clock())
            when = (listing.since, listing.column, listing.reason)
            if await db.fetchval(_SQL["begin_import"], *columns, *when) is None:
                raise ListRefused(ListRefusal.NOT_FROM_HERE, found.state)
            if found.list is not None:
                headings = heading_set(mapping.headings)
                await db.execute(_SQL["remember_mapping"], found.project, headings, mapping.plain)
        return await self._go(actor, number)

    async def resume(self, actor: Actor, number: int) -> ImportProgress:
        """Let an unfinished import go on after the last row that was taken. Raises ListRefused."""
        if number in self._tasks:
            raise ListRefused(ListRefusal.UNDER_WAY, str(number))
        self._must_have_room()
        async with connection(self._pool) as db, db.transaction():
            found = await self._read(db, actor, number, LIST_CHANGERS)
            if await db.fetchval(_SQL["resume_import"], number, self._clock()) is None:
                raise ListRefused(ListRefusal.NOT_FROM_HERE, found.state)
        return await self._go(actor, number)

    async def undo(self, actor: Actor, number: int) -> ImportProgress:
        """Remove the leads of an import that were never dialled, whether it is finished or not.

        Those that were dialled stay, and so do those that are about to be; undo it again for
        these. Numbers stay on a do-not-call list: a person takes them off, and says why. Raises
        ListRefused.
        """
        async with connection(self._pool) as db:
            found = await self._read(db, actor, number, LIST_CHANGERS)
            if found.list is None:
                raise ListRefused(ListRefusal.NOT_FROM_HERE, found.state)
            await db.fetchval(_SQL["begin_undo"], number, self._clock())
        if task := self._tasks.get(number):
            await asyncio.wait([task])  # it stops before its next batch
        last = 0
        while True:
            async with connection(self._pool) as db, db.transaction():
                rows = await db.fetch(
                    _SQL["leads_to_undo"], number, self._clock(), _UNDONE_AT_ONCE, last
                )
                leads = [row["lead"] for row in rows]
                gone = int((await db.execute(_SQL["undo_leads"], leads)).split()[-1])
                await db.execute(_SQL["count_undone"], number, gone)
            if len(leads) < _UNDONE_AT_ONCE:
                return await self.progress(actor, number)
            last = leads[-1]

    async def progress(self, actor: Actor, number: int) -> ImportProgress:
        """How far an import is. Raises ListRefused."""
        async with connection(self._pool) as db:
            return await self._read(db, actor, number)

    async def of_list(self, actor: Actor, number: int) -> Sequence[ImportProgress]:
        """A list's imports that were begun, the newest first, at most MOST_IMPORTS. Raises
        ListRefused."""
        async with connection(self._pool) as db:
            await read_list(db, actor, number, LIST_VIEWERS)
            rows = await db.fetch(_SQL["imports"], None, number, MOST_IMPORTS, None)
        return [progress_of(row, row["import"] in self._tasks) for row in rows]

    async def of_numbers(self, actor: Actor, project: ProjectName) -> Sequence[ImportProgress]:
        """The imports into a do-not-call list, as ``of_list``. Raises DoNotCallRefused."""
        must(actor, project, LISTERS)
        async with connection(self._pool) as db:
            rows = await db.fetch(_SQL["imports"], None, None, MOST_IMPORTS, project)
        return [progress_of(row, row["import"] in self._tasks) for row in rows]

    async def close(self) -> None:
        """Cut off what is under way; it can go on later."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _must_have_room(self) -> None:
        if self._looks + len(self._tasks) >= MOST_UNDER_WAY:
            raise ListRefused(ListRefusal.TOO_MANY)

    async def _read(
        self,
        db: asyncpg.Connection,
        actor: Actor,
        number: int,
        roles: frozenset[Role] = LIST_VIEWERS,
    ) -> ImportProgress:
        return await read_import(db, actor, number, roles, under_way=number in self._tasks)

    async def _look(self, data: bytes, country: str, now: datetime) -> tuple[ListLook, str]:
        """What is in a file, and its SHA-256. Raises ListRefused, or SheetUnreadable."""
        self._must_have_room()
        self._looks += 1
        try:
            seen = await look(data, country=country, now=now, zone=self._zone())
            digest = await asyncio.to_thread(lambda: hashlib.sha256(data).hexdigest())
        finally:
            self._looks -= 1
        return seen, digest

    async def _go(self, actor: Actor, number: int) -> ImportProgress:
        async with connection(self._pool) as db:
            found = await self._read(db, actor, number)
            data = await db.fetchval(_SQL["file_of"], number)
        if data is None or number in self._tasks:
            raise ListRefused(ListRefusal.NOT_FROM_HERE, found.state)
        task = asyncio.create_task(self._run(found, data), name=f"import {number}")
        self._tasks[number] = task
        task.add_done_callback(lambda _: self._tasks.pop(number, None))
        return await self.progress(actor, number)

    async def _run(self, found: ImportProgress, data: bytes) -> None:
        try:
            for wait_s in (*self._retry_after_s, None):
                try:
                    await self._read_through(found, data)
                    return
                except AWAY as error:
                    log.warning("list import cut off", number=found.number, why=str(error))
                if wait_s is not None:
                    await asyncio.sleep(wait_s)
        except Exception:
            log.exception("list import cut off", number=found.number)

    async def _read_through(self, found: ImportProgress, data: bytes) -> None:
        """Take the rows that are not taken yet, and say how it ended. Raises one of AWAY."""
        async with connection(self._pool) as db:
            after = await db.fetchval(_SQL["lock_import"], found.number)
        if after is None:  # undone
            return
        rows = rows_of(
            data,
            found.mapping,
            country=found.country,
            after=after,
            now=found.begun_at,
            zone=self._zone(),
        )
        state, why = ImportState.FINISHED, None
        try:
            async with aclosing(rows):
                async for batch in rows:
                    if not await self._take(found, after, batch):
                        return
                    after = batch[-1].number
        except SheetUnreadable as error:
            state, why = ImportState.FAILED, error.code.value
        async with connection(self._pool) as db:
            await db.execute(_SQL["finish_import"], found.number, state.value, why, self._clock())

    async def _take(self, found: ImportProgress, after: int, batch: Sequence[FileRow]) -> bool:
        """Store a batch; False if the import was undone, or somebody else has taken it over."""
        async with connection(self._pool) as db, db.transaction():
            if await db.fetchval(_SQL["lock_import"], found.number) != after:
                return False
            now = self._clock()
            if found.list is None:
                stored = await put_rows(db, found, batch, now, self._zone())
            else:
                project = ProjectName(found.project)
                target = LeadTarget(found.list, project, found.number, found.duplicates)
                stored = await store_rows(db, target, batch, now)
            await db.execute(
                _SQL["advance_import"],
                *(found.number, batch[-1].number, len(batch)),
                stored.count(RowFate.IMPORTED, RowFate.PARTLY),
                *(stored.count(RowFate.PARTLY), stored.do_not_call),
                *(stored.count(RowFate.KNOWN), stored.count(RowFate.DUPLICATE)),
                *(stored.count(RowFate.ELSEWHERE), stored.count(RowFate.REJECTED)),
            )
        return True


def _kept_name(file_name: str) -> str:
    return file_name[-MOST_FILE_NAME:].replace("\0", "")
