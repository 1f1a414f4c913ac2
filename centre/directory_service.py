"""Changes the directory: what pages, the API and the command line use.

Each change is checked as a whole against all that is there, made in one transaction or not at all,
and logged with what was before, so that it can be looked at and taken back.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

import asyncpg

from centre.authority import refers_beyond, refused
from centre.directory import Directory, Edit
from centre.directory_faults import Fault, faults_of
from centre.directory_store import (
    AT_ONCE,
    ChangeSummary,
    DirectoryChange,
    DirectoryStore,
    KeptDirectory,
    ThingKey,
)
from centre.kinds import Kind, Thing
from centre.secret_kinds import secret_of
from domain.errors import OffhookError
from domain.roles import Actor

MOST_NOTE = 2_000


class AnyVersion:
    """Stands for ``WishedThing.seen`` of a program that overwrites whatever is there."""


ANY = AnyVersion()


@dataclass(frozen=True, slots=True)
class WishedThing:
    """What somebody wants a thing to be (``after`` None: to be removed).

    ``seen`` is the change that had made the thing what they saw when they decided; None if they
    saw none of this key. If it is another one by now, the wish is refused.
    """

    kind: Kind
    key: str
    after: Thing | None
    seen: int | AnyVersion | None


@dataclass(frozen=True, slots=True)
class Conflict:
    """A thing that somebody else has changed meanwhile."""

    kind: Kind
    key: str
    now: Thing | None
    change: DirectoryChange | None
    """The last change of it; None if it was never there."""


def wishes_of(edits: Iterable[Edit], kept: KeptDirectory) -> list[WishedThing]:
    """The wishes that make these edits of what was seen in ``kept``, and nothing else."""
    return [
        WishedThing(edit.kind, edit.key, edit.after, kept.changed.get((edit.kind, edit.key)))
        for edit in edits
    ]


class ChangeConflict(OffhookError):  # noqa: N818
    """Somebody else has changed the same things meanwhile; nothing was changed now."""

    def __init__(self, conflicts: Sequence[Conflict]) -> None:
        super().__init__(conflicts)
        self.conflicts = tuple(conflicts)


class ChangeRefused(OffhookError):  # noqa: N818
    """The directory would have faults; nothing was changed."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(faults)
        self.faults = tuple(faults)


class ChangeForbidden(OffhookError):  # noqa: N818
    """The actor may not make some of the edits; nothing was changed."""

    def __init__(self, edits: Sequence[Edit]) -> None:
        super().__init__(edits)
        self.edits = tuple(edits)


class NothingToChange(OffhookError):  # noqa: N818
    """Everything is as it was wished already."""


class NoSuchChange(OffhookError):  # noqa: N818
    """No change has this number."""


Check = Callable[[Directory], Iterable[Fault]]
"""Finds a directory's faults."""

CheckOfNow = Callable[[asyncpg.Connection], Awaitable[Check]]
"""The check with what is there at this moment, by the connection of the change's own
transaction."""

Also = Callable[[asyncpg.Connection], Awaitable[object]]
"""Does something in the change's own transaction."""

Dismiss = Callable[[asyncpg.Connection, str], Awaitable[object]]
"""Takes from an agent's code, in the change's own transaction, what somebody else has got by it."""


class DirectoryService:
    """The directory. While the database is away, each call raises one of
    ``storage.database_errors.AWAY``, and nothing has been changed."""

    def __init__(
        self,
        store: DirectoryStore,
        *,
        check: Check = faults_of,
        check_of_now: CheckOfNow | None = None,
        on_change: Callable[[int], None] = lambda _: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._check = check
        self._check_of_now = check_of_now
        self._on_change = on_change
        self._clock = clock
        self._known: KeptDirectory | None = None

    async def read(self) -> KeptDirectory:
        """The directory as it is now."""
        self._known = await self._store.read(self._known)
        return self._known

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
        return await self._store.history(kind, key, by=by, before=before, limit=limit)

    async def first_edits(
        self, changes: Sequence[int], most: int, thing: ThingKey | None = None
    ) -> Mapping[int, tuple[Edit, ...]]:
        """Of each of these changes no more than ``most`` edits, the first ones; with ``thing``,
        only the edit of that."""
        return await self._store.first_edits(changes, most, thing)

    async def left_by(self, changes: Mapping[ThingKey, int]) -> Mapping[ThingKey, Thing]:
        """What each of these things was after the change that is named with it; without those that
        the change removed, or had nothing to do with."""
        return await self._store.left_by(changes)

    async def made(self, number: int) -> DirectoryChange:
        """A change with its edits. Raises NoSuchChange."""
        found = await self._store.change(number)
        if found is None:
            raise NoSuchChange
        return found

    async def change(
        self,
        actor: Actor,
        wishes: Iterable[WishedThing],
        *,
        note: str = "",
        secrets: Mapping[ThingKey, str] = MappingProxyType({}),
        also: Also | None = None,
        undoes: int | None = None,
        dismiss: Dismiss | None = None,
    ) -> DirectoryChange:
        """Make a change. Raises ChangeConflict, ChangeForbidden, ChangeRefused or NothingToChange;
        then nothing is changed.

        ``secrets`` are the new ones of these things. A thing that is made, or needs another kind of
        secret, has none of what is kept under its key, unless it is brought back by an undo and
        nobody has got another since. ``also`` is done in the same transaction, and ``dismiss`` for
        each agent whose PIN is forgotten.
        """
        async with self._store.changing() as db:
            before = await self._store.read_with(db, self._known)
            edits = await self._edits(before, wishes, db, secrets)
            edits += _with_new_secrets(before, edits, secrets)
            if not edits and also is None:
                raise NothingToChange
            await self._refuse(before, edits, actor, db)
            made = await self._store.write(
                db,
                edits,
                at=self._clock(),
                by=actor.name,
                note=note[:MOST_NOTE],
                undoes=undoes,
                secrets=secrets,
            )
            foreign = await self._forget_foreign(db, edits, secrets, undoes)
            if dismiss is not None:
                for kind, key in foreign:
                    if kind is Kind.AGENT:
                        await dismiss(db, key)
            if also is not None:
                await also(db)
        self._on_change(made.id)
        return made

    async def _forget_foreign(
        self,
        db: asyncpg.Connection,
        edits: Sequence[Edit],
        secrets: Mapping[ThingKey, str],
        undoes: int | None,
    ) -> frozenset[ThingKey]:
        """Forget what is kept under the keys of these things and is not theirs."""
        anew = [
            (edit.kind, edit.key)
            for edit in edits
            if (needed := secret_of(edit.after)) is not None
            and needed is not secret_of(edit.before)
            and (edit.kind, edit.key) not in secrets
        ]
        return await self._store.forget_secrets(db, anew, since=undoes) if anew else frozenset()

    async def lacking_secrets(self, things: Iterable[Thing]) -> frozenset[ThingKey]:
        """Those of these things that need a password or a PIN and have none."""
        need = [(thing.KIND, thing.key) for thing in things if secret_of(thing) is not None]
        return frozenset(need) - await self._store.with_secret(need) if need else frozenset()

    async def undo(
        self, actor: Actor, number: int, *, note: str = "", dismiss: Dismiss | None = None
    ) -> DirectoryChange:
        """Take a change back, as a change of its own. Raises NoSuchChange, ChangeConflict if a
        thing is no longer what the change had made of it, or what ``change`` raises."""
        found = await self.made(number)
        kept = await self.read()
        wishes = [
            WishedThing(edit.kind, edit.key, edit.before, _left_by(edit, number, kept))
            for edit in found.edits
        ]
        return await self.change(actor, wishes, note=note, undoes=number, dismiss=dismiss)

    async def _edits(
        self,
        kept: KeptDirectory,
        wishes: Iterable[WishedThing],
        db: asyncpg.Connection,
        secrets: Mapping[ThingKey, str],
    ) -> tuple[Edit, ...]:
        edits, late = [], []
        for number, wish in enumerate(wishes, 1):
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)  # calls have their turn
            key = (wish.kind, wish.key)
            there = kept.directory.get(*key)
            overtaken = not isinstance(wish.seen, AnyVersion) and wish.seen != kept.changed.get(key)
            if there == wish.after and not (overtaken and key in secrets):
                continue  # else the secret that whoever overtook us was given would be lost
            if overtaken:
                late.append((wish, there))
            else:
                edits.append(Edit(*key, there, wish.after))
        if late:
            keys = [(wish.kind, wish.key) for wish, _ in late]
            last = await self._store.last_changes_of(db, keys)
            raise ChangeConflict(
                [
                    Conflict(wish.kind, wish.key, there, last.get((wish.kind, wish.key)))
                    for wish, there in late
                ]
            )
        return tuple(edits)

    async def _refuse(
        self, before: KeptDirectory, edits: Sequence[Edit], actor: Actor, db: asyncpg.Connection
    ) -> None:
        after = before.directory.after(edits)
        if forbidden := [
            edit for edit in edits if refused(actor, edit) or refers_beyond(actor, edit, after)
        ]:
            raise ChangeForbidden(forbidden)
        await asyncio.sleep(0)
        check = self._check if self._check_of_now is None else await self._check_of_now(db)
        if faults := _faults_after(check, before.directory, edits):
            raise ChangeRefused(faults)

    def faults_after(self, before: Directory, edits: Sequence[Edit]) -> list[Fault]:
        """What these edits would be refused for, whoever made them."""
        return _faults_after(self._check, before, edits)


def _faults_after(check: Check, before: Directory, edits: Sequence[Edit]) -> list[Fault]:
    # What was wrong before (a flow's file is gone) must not stand in the way of other changes.
    known = set(check(before))
    return [fault for fault in check(before.after(edits)) if fault not in known]


def _left_by(edit: Edit, number: int, kept: KeptDirectory) -> int | None:
    """The change after which a thing was as this edit of the change ``number`` left it: the last
    one, if it is so again, because what came in between has been undone."""
    if kept.directory.get(edit.kind, edit.key) == edit.after:
        return kept.changed.get((edit.kind, edit.key))
    return None if edit.after is None else number


def _with_new_secrets(
    kept: KeptDirectory, edits: Sequence[Edit], secrets: Mapping[ThingKey, str]
) -> tuple[Edit, ...]:
    """An edit that changes nothing for each thing that only gets a new secret, for the history."""
    edited = {(edit.kind, edit.key) for edit in edits}
    found = {key: kept.directory.get(*key) for key in secrets if key not in edited}
    return tuple(Edit(*key, thing, thing) for key, thing in found.items() if thing is not None)
