"""Keeps the directory in PostgreSQL: its things, their secrets, and every change ever made.

A change is one transaction. Whoever makes one holds the directory's lock until it is committed, so
changes have an order and each is checked against all those before it.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import TypedDict

import asyncpg
from pydantic import ValidationError

from centre.directory import Content, Directory, Edit, content, directory_of, thing_of
from centre.kinds import Kind, Thing
from domain.errors import OperatorError
from storage.database import connection
from storage.queries import load

_SQL = load("directory")

CHANNEL = "offhook_directory"
"""What PostgreSQL notifies of each change."""

AT_ONCE = 100
"""So many things are read or written before calls have their turn: a sheet may have thousands."""

ThingKey = tuple[Kind, str]


class DirectoryBroken(OperatorError):  # noqa: N818
    """What the database holds is not a directory: another version's, or somebody's own edits."""


@dataclass(frozen=True, slots=True)
class KeptDirectory:
    """The directory as it is kept, after the change ``revision`` (0: none was ever made)."""

    revision: int = 0
    directory: Directory = field(default_factory=Directory)
    changed: Mapping[ThingKey, int] = field(default_factory=dict)
    """The change that made each thing what it is."""
    at: datetime | None = None
    """When ``revision`` was made: in a backup that came back, another change may have its number.
    None: not known."""

    def after(
        self, revision: int, edits: Iterable[Edit], at: datetime | None = None
    ) -> "KeptDirectory":
        """What is kept once a change has made these edits."""
        edits = tuple(edits)
        changed = dict(self.changed)
        for edit in edits:
            if edit.after is None:
                changed.pop((edit.kind, edit.key), None)
            else:
                changed[edit.kind, edit.key] = revision
        return KeptDirectory(revision, self.directory.after(edits), MappingProxyType(changed), at)


@dataclass(frozen=True, slots=True)
class DirectoryChange:
    """A change that was made, with its edits."""

    id: int
    at: datetime
    by: str
    note: str
    undoes: int | None
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class ChangeSummary:
    """A line of the history."""

    id: int
    at: datetime
    by: str
    note: str
    undoes: int | None
    edits: int
    """How many things it changed."""
    undone_by: int | None
    """The change that has undone it; None if that was undone, too."""


class ThingRow(TypedDict):
    """A row of ``directory_things``."""

    kind: str
    key: str
    content: Content
    change: int


class EditRow(TypedDict):
    """A row of ``directory_edits``."""

    kind: str
    key: str
    before: Content | None
    after: Content | None


class ChangeRow(TypedDict):
    """A row of ``directory_changes``."""

    id: int
    at: datetime
    by: str
    note: str
    undoes: int | None


class SummaryRow(ChangeRow):
    """A row of the query ``history``."""

    edits: int
    undone_by: int | None


class DirectoryStore:
    """The directory's tables. While the database is away, each call raises one of
    ``storage.database_errors.AWAY``; DirectoryBroken if it holds what no directory does."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def read(self, known: KeptDirectory | None = None) -> KeptDirectory:
        """What is kept now; only what has changed since ``known`` is fetched, if this database
        has ever been so."""
        async with (
            connection(self._pool) as db,
            db.transaction(isolation="repeatable_read", readonly=True),
        ):
            return await self.read_with(db, known)

    async def read_with(
        self, db: asyncpg.Connection, known: KeptDirectory | None = None
    ) -> KeptDirectory:
        """The same, in a transaction in which nobody else's change comes between."""
        if known is not None and known.revision > 0:
            made_at: datetime | None = await db.fetchval(_SQL["made_at"], known.revision)
            if made_at is not None and known.at in (made_at, None):
                return await self._newer(db, known)
        last = await db.fetchrow(_SQL["revision"])
        revision, at = (0, None) if last is None else (last["id"], last["at"])
        things, changed = [], {}
        async for row in db.cursor(_SQL["things"], prefetch=AT_ONCE):
            thing = _thing(row["kind"], row["key"], row["content"])
            things.append(thing)
            changed[thing.KIND, thing.key] = row["change"]
        return KeptDirectory(revision, directory_of(things), MappingProxyType(changed), at)

    async def _newer(self, db: asyncpg.Connection, known: KeptDirectory) -> KeptDirectory:
        kept, revision, at = known, known.revision, known.at
        edits: list[Edit] = []
        async for row in db.cursor(_SQL["edits_since"], known.revision, prefetch=AT_ONCE):
            kind, key, after = row["kind"], row["key"], row["after"]
            if row["change"] != revision and edits:
                kept, edits = kept.after(revision, edits, at), []
            revision, at = row["change"], row["at"]
            thing = None if after is None else _thing(kind, key, after)
            before = kept.directory.get(Kind(kind), key)
            if before is not None or thing is not None:
                edits.append(Edit(Kind(kind), key, before, thing))
        return kept.after(revision, edits, at) if edits else replace(kept, revision=revision, at=at)

    @asynccontextmanager
    async def changing(self) -> AsyncIterator[asyncpg.Connection]:
        """A transaction that nobody else's change can overtake. What it raises undoes all of it."""
        async with connection(self._pool) as db, db.transaction():
            await db.execute(_SQL["lock"])
            yield db

    async def write(
        self,
        db: asyncpg.Connection,
        edits: Sequence[Edit],
        *,
        at: datetime,
        by: str,
        note: str = "",
        undoes: int | None = None,
        secrets: Mapping[ThingKey, str] = MappingProxyType({}),
    ) -> DirectoryChange:
        """Write a change, within ``changing``."""
        change: int = await db.fetchval(_SQL["add_change"], at, by, note, undoes)
        for begin in range(0, len(edits), AT_ONCE):
            await _write_edits(db, change, begin, edits[begin : begin + AT_ONCE])
        if secrets:
            await db.execute(
                _SQL["put_secrets"],
                at,
                by,
                change,
                [kind.value for kind, _ in secrets],
                [key for _, key in secrets],
                list(secrets.values()),
            )
        await db.execute(_SQL["announce"], str(change))
        return DirectoryChange(change, at, by, note, undoes, tuple(edits))

    async def secrets(self) -> Mapping[ThingKey, str]:
        """All secrets, those of removed things too."""
        async with connection(self._pool) as db:
            rows = await db.fetch(_SQL["secrets"])
        return {(Kind(row["kind"]), row["key"]): row["secret"] for row in rows}

    async def forget_secrets(
        self, db: asyncpg.Connection, things: Sequence[ThingKey], *, since: int | None = None
    ) -> frozenset[ThingKey]:
        """Forget the secrets of these things, within ``changing``; with ``since``, only those that
        this change or a later one gave them. Returns whose."""
        rows = await db.fetch(
            _SQL["forget_secrets"],
            [kind.value for kind, _ in things],
            [key for _, key in things],
            since,
        )
        return frozenset((Kind(row["kind"]), row["key"]) for row in rows)

    async def with_secret(self, things: Sequence[ThingKey]) -> frozenset[ThingKey]:
        """Those of these things that have a secret."""
        async with connection(self._pool) as db:
            rows = await db.fetch(
                _SQL["with_secret"], [kind.value for kind, _ in things], [key for _, key in things]
            )
        return frozenset((Kind(row["kind"]), row["key"]) for row in rows)

    async def change(self, number: int) -> DirectoryChange | None:
        """One change with its edits; None if there is none of this number."""
        async with connection(self._pool) as db, db.transaction():
            row: ChangeRow | None = await db.fetchrow(_SQL["change"], number)
            if row is None:
                return None
            coming = db.cursor(_SQL["edits"], number, prefetch=AT_ONCE)
            edits = [_edit(edit) async for edit in coming]
        return DirectoryChange(
            row["id"],
            row["at"],
            row["by"],
            row["note"],
            row["undoes"],
            tuple(edits),
        )

    async def first_edits(
        self, changes: Sequence[int], most: int, thing: ThingKey | None = None
    ) -> Mapping[int, tuple[Edit, ...]]:
        """Of each of these changes no more than ``most`` edits, the first ones; with ``thing``,
        only the edit of that."""
        found: dict[int, list[Edit]] = {change: [] for change in changes}
        async with connection(self._pool) as db, db.transaction():
            coming = db.cursor(
                _SQL["first_edits"], list(changes), most, *(thing or (None, None)), prefetch=AT_ONCE
            )
            async for row in coming:
                found[row["change"]].append(_edit(row))
        return {change: tuple(edits) for change, edits in found.items()}

    async def last_changes_of(
        self, db: asyncpg.Connection, things: Sequence[ThingKey]
    ) -> Mapping[ThingKey, DirectoryChange]:
        """The last change of each of these things, as far as there is one; without edits."""
        rows = await db.fetch(
            _SQL["last_changes_of"], [kind.value for kind, _ in things], [key for _, key in things]
        )
        return {
            (Kind(row["kind"]), row["key"]): DirectoryChange(
                row["id"], row["at"], row["by"], row["note"], row["undoes"], ()
            )
            for row in rows
        }

    async def left_by(self, changes: Mapping[ThingKey, int]) -> Mapping[ThingKey, Thing]:
        """What each of these things was after the change that is named with it; without those that
        the change removed, or had nothing to do with."""
        async with connection(self._pool) as db:
            rows = await db.fetch(
                _SQL["left_by"],
                [kind.value for kind, _ in changes],
                [key for _, key in changes],
                [*changes.values()],
            )
        things = [_thing(row["kind"], row["key"], row["after"]) for row in rows]
        return {(thing.KIND, thing.key): thing for thing in things}

    async def history(
        self,
        kind: Kind | None = None,
        key: str | None = None,
        *,
        by: str | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> tuple[ChangeSummary, ...]:
        """Changes, newest first; for the next page, pass the last one's id as ``before``."""
        async with connection(self._pool) as db:
            rows: list[SummaryRow] = await db.fetch(
                _SQL["history"], before, kind, key, by, min(max(1, limit), 500)
            )
        return tuple(ChangeSummary(**row) for row in rows)


async def _write_edits(
    db: asyncpg.Connection, change: int, begin: int, edits: Sequence[Edit]
) -> None:
    """Write some of a change's edits; ``begin`` is how many come before them."""
    await db.execute(
        _SQL["add_edits"],
        change,
        [edit.kind.value for edit in edits],
        [edit.key for edit in edits],
        [_json(edit.before) for edit in edits],
        [_json(edit.after) for edit in edits],
        begin,
    )
    kept = [edit for edit in edits if edit.after is not None]
    gone = [edit for edit in edits if edit.after is None]
    await db.execute(
        _SQL["put_things"],
        change,
        [edit.kind.value for edit in kept],
        [edit.key for edit in kept],
        [_json(edit.after) for edit in kept],
    )
    await db.execute(
        _SQL["remove_things"], [edit.kind.value for edit in gone], [edit.key for edit in gone]
    )


def _thing(kind: str, key: str, found: Content) -> Thing:
    try:
        thing = thing_of(Kind(kind), found)
    except (ValueError, ValidationError) as error:
        raise DirectoryBroken(
            f"the directory in the database has a {kind} {key!r} that this Offhook doesn't"
            f" understand ({' '.join(str(error).split())}); start the version that wrote it, or"
            " restore a backup"
        ) from error
    return thing


def _edit(row: EditRow) -> Edit:
    kind, key = row["kind"], row["key"]
    before = None if row["before"] is None else _thing(kind, key, row["before"])
    after = None if row["after"] is None else _thing(kind, key, row["after"])
    return Edit(Kind(kind), key, before, after)


def _json(thing: Thing | None) -> Content | None:
    return None if thing is None else content(thing)
