"""Keeps what each project's agents choose from, when a call is over and when they skip a customer,
with each change."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import asyncpg

from campaigns.choice_edits import Choices, ChoicesEdit, back_to, lost_subs, reasons_back_to
from campaigns.disposition_choices import CHOICES, MOST_CHOICES, USUAL, Choice
from campaigns.skip_choices import MOST_SKIPS, SKIP_CHOICES, USUAL_SKIPS, Skips
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

    choices: Choices
    change: int
    skips: Skips = USUAL_SKIPS


@dataclass(frozen=True, slots=True)
class ChoicesChange:
    """The choices as somebody left them."""

    change: int
    at: datetime
    by: str
    choices: Choices
    skips: Skips


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
        return await self._changed(
            actor, project, lambda kept: replace(kept, choices=tuple(choices)), seen
        )

    async def edit(self, actor: Actor, project: ProjectName, edit: ChoicesEdit) -> KeptChoices:
        """Put what ``edit`` makes of them in their place, whoever changed them before. Raises
        ChoicesRefused, and what ``edit`` raises."""
        return await self._changed(
            actor, project, lambda kept: replace(kept, choices=edit(kept.choices))
        )

    async def edit_skips(
        self, actor: Actor, project: ProjectName, edit: Callable[[Skips], Skips]
    ) -> KeptChoices:
        """The same of the reasons to skip a customer."""
        return await self._changed(
            actor, project, lambda kept: replace(kept, skips=edit(kept.skips))
        )

    async def undo(self, actor: Actor, project: ProjectName, change: int) -> KeptChoices:
        """Put back what was there before this change; what has been added since is retired. Raises
        ChoicesRefused."""
        _check_actor(actor, project)
        async with connection(self._pool) as db:
            if await db.fetchval(_SQL["is_change"], project, change) is None:
                raise ChoicesRefused(ChoicesRefusal.NO_SUCH_CHANGE)
            row = await db.fetchrow(_SQL["before"], project, change)
        then = _kept(row, 0)

        def back(now: KeptChoices) -> KeptChoices:
            return KeptChoices(
                back_to(then.choices, now.choices), 0, reasons_back_to(then.skips, now.skips)
            )

        return await self._changed(actor, project, back)

    async def _changed(
        self,
        actor: Actor,
        project: ProjectName,
        edit: Callable[[KeptChoices], KeptChoices],
        seen: int | None = None,
    ) -> KeptChoices:
        _check_actor(actor, project)
        async with connection(self._pool) as db, db.transaction():
            await db.execute(_SQL["lock"], project)
            before = await _read(db, project)
            if seen is not None and before.change != seen:
                raise ChoicesRefused(ChoicesRefusal.CHANGED_MEANWHILE)
            after = replace(edit(before), change=before.change)
            _check(before, after)
            if after == before:
                return before
            plain = CHOICES.dump_python(after.choices, mode="json")
            skips = SKIP_CHOICES.dump_python(after.skips, mode="json")
            made = await db.fetchval(_SQL["note"], project, self._clock(), actor.name, plain, skips)
            await db.execute(_SQL["put"], project, made, plain, skips)
        return replace(after, change=made)

    async def changes(self, project: ProjectName) -> tuple[ChoicesChange, ...]:
        """The last changes, the newest first."""
        async with connection(self._pool) as db:
            rows = await db.fetch(_SQL["changes"], project, MOST_CHANGES)
        return tuple(
            ChoicesChange(row["id"], row["at"], row["by"], kept.choices, kept.skips)
            for row in rows
            if (kept := _kept(row, row["id"]))
        )


def _check_actor(actor: Actor, project: ProjectName) -> None:
    if actor.role not in _CHANGERS or not actor.has(project):
        raise ChoicesRefused(ChoicesRefusal.FORBIDDEN)


def _check(before: KeptChoices, after: KeptChoices) -> None:
    by_code = {choice.code: choice for choice in after.choices}
    skips = {skip.code for skip in after.skips}
    if len(by_code) != len(after.choices) or len(skips) != len(after.skips):
        raise ChoicesRefused(ChoicesRefusal.TWICE)
    if len(after.choices) > MOST_CHOICES or len(after.skips) > MOST_SKIPS:
        raise ChoicesRefused(ChoicesRefusal.TOO_MANY)
    if all(one.retired for one in after.choices) or all(one.retired for one in after.skips):
        raise ChoicesRefused(ChoicesRefusal.NONE_LEFT)
    if any(choice.code not in by_code for choice in before.choices) or lost_subs(
        before.choices, by_code
    ):
        raise ChoicesRefused(ChoicesRefusal.REMOVED)
    if any(skip.code not in skips for skip in before.skips):
        raise ChoicesRefused(ChoicesRefusal.REMOVED)


async def _read(db: asyncpg.Connection, project: ProjectName) -> KeptChoices:
    row = await db.fetchrow(_SQL["choices"], project)
    return _kept(row, 0 if row is None else row["change"])


def _kept(row: Mapping[str, Any] | None, change: int) -> KeptChoices:
    """What a row has; None: the usual ones."""
    if row is None:
        return KeptChoices(USUAL, change)
    skips = row["skips"]
    return KeptChoices(
        CHOICES.validate_python(row["choices"]),
        change,
        USUAL_SKIPS if skips is None else SKIP_CHOICES.validate_python(skips),
    )
