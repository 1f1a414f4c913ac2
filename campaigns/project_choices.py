"""Keeps what each project's agents choose from when a call is over, with each change."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import asyncpg

from campaigns.choice_edits import Choices, ChoicesEdit, back_to, lost_subs
from campaigns.disposition_choices import CHOICES, MOST_CHOICES, USUAL, Choice
from domain.errors import OffhookError
from domain.identity import ProjectName
from domain.roles import Actor, Role
from storage.database import connection
from storage.queries import load

_SQL = load("disposition_choices")
_CHANGERS = frozenset((Role.ADMIN, Role.OPS))
MOST_CHANGES = 50


class ChoicesRefusal(StrEnum):
    """Why a project's choices were not changed."""

    FORBIDDEN = "forbidden"  # not their role or project
    CHANGED_MEANWHILE = "changed_meanwhile"  # by somebody else
    TWICE = "twice"  # two choices with one code
    TOO_MANY = "too_many"
    REMOVED = "removed"  # a choice or sub-reason is retired, not removed
    NONE_LEFT = "none_left"  # every choice would be retired
    NO_SUCH_CHANGE = "no_such_change"  # to be taken back


class ChoicesRefused(OffhookError):  # noqa: N818
    """Nothing was changed."""

    def __init__(self, why: ChoicesRefusal) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class KeptChoices:
    """A project's choices, and the change that made them; 0: they are the usual ones."""

    choices: tuple[Choice, ...]
    change: int


@dataclass(frozen=True, slots=True)
class ChoicesChange:
    """The choices as somebody left them."""

    change: int
    at: datetime
    by: str
    choices: tuple[Choice, ...]


class ProjectChoices:
    """The choices of all projects. While the database is away, each call raises one of
    ``storage.database_errors.AWAY``, and nothing has been changed."""

    def __init__(
        self, pool: asyncpg.Pool, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._pool = pool
        self._clock = clock

    async def of(self, project: ProjectName) -> KeptChoices:
        """What the project's agents choose from, with what they once could."""
        async with connection(self._pool) as db:
            return await _read(db, project)

    async def change(
        self, actor: Actor, project: ProjectName, seen: int, choices: Sequence[Choice]
    ) -> KeptChoices:
        """Put these in place of what was there at change ``seen``. Raises ChoicesRefused."""
        return await self._changed(actor, project, lambda _: tuple(choices), seen)

    async def edit(self, actor: Actor, project: ProjectName, edit: ChoicesEdit) -> KeptChoices:
        """Put what ``edit`` makes of them in their place, whoever changed them before. Raises
        ChoicesRefused, and what ``edit`` raises."""
        return await self._changed(actor, project, edit, None)

    async def undo(self, actor: Actor, project: ProjectName, change: int) -> KeptChoices:
        """Put back what was there before this change; what has been added since is retired. Raises
        ChoicesRefused."""
        _check_actor(actor, project)
        async with connection(self._pool) as db:
            if await db.fetchval(_SQL["is_change"], project, change) is None:
                raise ChoicesRefused(ChoicesRefusal.NO_SUCH_CHANGE)
            kept = await db.fetchval(_SQL["before"], project, change)
        then = USUAL if kept is None else CHOICES.validate_python(kept)
        return await self._changed(actor, project, lambda now: back_to(then, now), None)

    async def _changed(
        self, actor: Actor, project: ProjectName, edit: ChoicesEdit, seen: int | None
    ) -> KeptChoices:
        _check_actor(actor, project)
        async with connection(self._pool) as db, db.transaction():
            await db.execute(_SQL["lock"], project)
            before = await _read(db, project)
            if seen is not None and before.change != seen:
                raise ChoicesRefused(ChoicesRefusal.CHANGED_MEANWHILE)
            after = edit(before.choices)
            _check(before.choices, after)
            if after == before.choices:
                return before
            plain = CHOICES.dump_python(after, mode="json")
            made = await db.fetchval(_SQL["note"], project, self._clock(), actor.name, plain)
            await db.execute(_SQL["put"], project, made, plain)
        return KeptChoices(after, made)

    async def changes(self, project: ProjectName) -> tuple[ChoicesChange, ...]:
        """The last changes, the newest first."""
        async with connection(self._pool) as db:
            rows = await db.fetch(_SQL["changes"], project, MOST_CHANGES)
        return tuple(
            ChoicesChange(row["id"], row["at"], row["by"], CHOICES.validate_python(row["choices"]))
            for row in rows
        )


def _check_actor(actor: Actor, project: ProjectName) -> None:
    if actor.role not in _CHANGERS or not actor.has(project):
        raise ChoicesRefused(ChoicesRefusal.FORBIDDEN)


def _check(before: Choices, after: Choices) -> None:
    by_code = {choice.code: choice for choice in after}
    if len(by_code) != len(after):
        raise ChoicesRefused(ChoicesRefusal.TWICE)
    if len(after) > MOST_CHOICES:
        raise ChoicesRefused(ChoicesRefusal.TOO_MANY)
    if all(choice.retired for choice in after):
        raise ChoicesRefused(ChoicesRefusal.NONE_LEFT)
    if any(choice.code not in by_code for choice in before) or lost_subs(before, by_code):
        raise ChoicesRefused(ChoicesRefusal.REMOVED)


async def _read(db: asyncpg.Connection, project: ProjectName) -> KeptChoices:
    row = await db.fetchrow(_SQL["choices"], project)
    if row is None:
        return KeptChoices(USUAL, 0)
    return KeptChoices(CHOICES.validate_python(row["choices"]), row["change"])
