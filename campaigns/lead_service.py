"""Shows a lead and its story, and changes it: paused, removed, opened again, edited."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg

from campaigns.attempt_outcomes import lead_in
from campaigns.attempts import StoredAttempt, attempt_of
from campaigns.dispositions import StoredDisposal
from campaigns.do_not_call import ListedChange, ListedNumber, is_e164
from campaigns.lead_lists import ListRefusal, ListRefused
from campaigns.number_locks import lock_numbers
from campaigns.stored_leads import LeadNumber, LeadState, StoredLead, lead_of, numbers_by_lead
from domain.identity import AgentCode
from domain.roles import Actor, Role
from storage.database import connection
from storage.queries import load

_SQL, _LEADS, _DISPOSITIONS = load("lead_service"), load("leads"), load("dispositions")
_CHANGERS = frozenset((Role.ADMIN, Role.OPS))
_PAUSERS = _CHANGERS | {Role.SUPERVISOR}


class LeadChangeKind(StrEnum):
    """What was done to a lead."""

    EDITED = "edited"
    PAUSED = "paused"
    REMOVED = "removed"
    REOPENED = "reopened"
    DO_NOT_CALL = "do_not_call"
    SKIPPED = "skipped"  # by an agent who saw it first, campaigns.lead_skips


_KINDS = {
    LeadState.PAUSED: LeadChangeKind.PAUSED,
    LeadState.REMOVED: LeadChangeKind.REMOVED,
    LeadState.OPEN: LeadChangeKind.REOPENED,
}


@dataclass(frozen=True, slots=True)
class LeadChange:
    """A change of a lead, by somebody, or by what a customer asked for."""

    at: datetime
    by: str
    what: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LeadStory:
    """All that is known about a lead, the newest first."""

    lead: StoredLead
    attempts: tuple[StoredAttempt, ...]
    dispositions: tuple[StoredDisposal, ...]
    changes: tuple[LeadChange, ...]
    listed: tuple[ListedNumber, ...]
    """Its numbers that are not to be called, now or from a later date."""
    listings: tuple[ListedChange, ...]
    """How its numbers came onto those lists, and off again."""


@dataclass(frozen=True, slots=True)
class LeadEdit:
    """What somebody wants a lead to be."""

    name: str
    fields: Mapping[str, Any]
    numbers: Sequence[LeadNumber]
    timezone: str | None
    language: str | None
    consent_at: datetime | None
    callback_at: datetime | None = None
    callback_agent: AgentCode | None = None


class LeadService:
    """The leads. While the database is away, each call raises one of
    ``storage.database_errors.AWAY``, and nothing has been changed.

    Whoever has claimed a lead loses it by a change, so what was claimed is dialled as it is now or
    not at all. A call that is under way goes on.
    """

    def __init__(
        self, pool: asyncpg.Pool, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._pool = pool
        self._clock = clock

    async def story(self, actor: Actor, lead: int) -> LeadStory:
        """A lead with all its attempts and changes. Raises ListRefused."""
        async with (
            connection(self._pool) as db,
            db.transaction(isolation="repeatable_read", readonly=True),
        ):
            row = await db.fetchrow(_SQL["lead"], lead)
            if row is None or not actor.has(row["project"]) or actor.role is Role.AGENT:
                raise ListRefused(ListRefusal.NO_SUCH, str(lead))
            numbers = numbers_by_lead(await db.fetch(_LEADS["numbers_of"], [lead])).get(lead, [])
            texts = [number.number for number in numbers]
            attempts = await db.fetch(_SQL["attempts_of_lead"], lead)
            disposals = await db.fetch(_DISPOSITIONS["of_lead"], lead)
            changes = await db.fetch(_SQL["changes_of_lead"], lead)
            listed = await db.fetch(_SQL["list_entries"], texts, row["project"])
            listings = await db.fetch(_SQL["list_changes"], texts, row["project"])
        return LeadStory(
            lead_of(row, numbers),
            tuple(attempt_of(each) for each in attempts),
            tuple(StoredDisposal(**each) for each in disposals),
            tuple(LeadChange(**each) for each in changes),
            tuple(ListedNumber(**each) for each in listed),
            tuple(ListedChange(**each) for each in listings),
        )

    async def move(self, actor: Actor, lead: int, state: LeadState) -> StoredLead:
        """Pause, remove or open a lead (again). Raises ListRefused.

        A lead that is not to be called is opened by taking its number off the list, and not here.
        One whose attempts are used up is finished again as soon as it is looked at.
        """
        kind = _KINDS.get(state)
        async with connection(self._pool) as db, db.transaction():
            now = await self._lock(db, actor, lead, _PAUSERS)
            barred = now.state in (LeadState.DO_NOT_CALL, LeadState.REMOVED)
            if kind is None or barred:
                raise ListRefused(ListRefusal.NOT_FROM_HERE, now.state.value)
            await self._write(db, now, _edit_of(now), state)
            await self._note(db, actor, lead, kind, {"before": now.state.value})
            return await lead_in(db, lead)

    async def edit(self, actor: Actor, seen: StoredLead, edit: LeadEdit) -> StoredLead:
        """Change a lead that was last seen as ``seen``. Raises ListRefused.

        It is looked at anew at once; attempts it has had count as before.
        """
        _check(edit)
        edit = _cleaned(edit)
        async with connection(self._pool) as db, db.transaction():
            await lock_numbers(db, [number.number for number in edit.numbers])
            now = await self._lock(db, actor, seen.lead, _CHANGERS)
            if now.state is LeadState.REMOVED:
                raise ListRefused(ListRefusal.NOT_FROM_HERE, now.state.value)
            before, after = _plain(_edit_of(now)), _plain(edit)
            if _plain(_edit_of(seen)) != before:
                raise ListRefused(ListRefusal.CHANGED_MEANWHILE, now.name)
            changed = {key for key in before if before[key] != after[key]}
            if not changed:
                return now
            state = now.state
            if state is LeadState.INVALID and "numbers" in changed:
                state = LeadState.OPEN  # the data team has mended it
            await self._write(db, now, edit, state)
            detail = {key: [before[key], after[key]] for key in sorted(changed)}
            await self._note(db, actor, seen.lead, LeadChangeKind.EDITED, detail)
            return await lead_in(db, seen.lead)

    async def _lock(
        self, db: asyncpg.Connection, actor: Actor, lead: int, roles: frozenset[Role]
    ) -> StoredLead:
        row = await db.fetchrow(_SQL["lead"], lead)
        if row is None or not actor.has(row["project"]):
            raise ListRefused(ListRefusal.NO_SUCH, str(lead))
        if actor.role not in roles:
            raise ListRefused(ListRefusal.FORBIDDEN, row["project"])
        return await lead_in(db, lead)

    async def _write(
        self, db: asyncpg.Connection, now: StoredLead, edit: LeadEdit, state: LeadState
    ) -> None:
        why = now.why if state is now.state else None
        await db.execute(
            _SQL["update_lead_details"],
            now.lead,
            edit.name,
            dict(edit.fields),
            edit.timezone,
            edit.language,
            edit.consent_at,
            state.value,
            why,
            edit.callback_at,
            edit.callback_agent,
        )
        if tuple(edit.numbers) != now.numbers:
            await db.execute(_SQL["forget_numbers"], now.lead)
            await db.execute(
                _SQL["insert_numbers"],
                now.lead,
                list(range(len(edit.numbers))),
                [number.number for number in edit.numbers],
                [number.kind for number in edit.numbers],
                ["good" if number.good else "invalid" for number in edit.numbers],
            )

    async def _note(
        self,
        db: asyncpg.Connection,
        actor: Actor,
        lead: int,
        what: LeadChangeKind,
        detail: Mapping[str, Any],
    ) -> None:
        await db.execute(_SQL["note"], lead, self._clock(), actor.name, what.value, dict(detail))


def _edit_of(lead: StoredLead) -> LeadEdit:
    return LeadEdit(
        lead.name,
        lead.fields,
        lead.numbers,
        lead.timezone,
        lead.language,
        lead.consent_at,
        lead.callback_at,
        lead.callback_agent,
    )


def _plain(edit: LeadEdit) -> dict[str, Any]:
    return {
        "name": edit.name,
        "fields": dict(edit.fields),
        "numbers": [[number.number, number.kind, number.good] for number in edit.numbers],
        "timezone": edit.timezone,
        "language": edit.language,
        "consent_at": edit.consent_at and edit.consent_at.isoformat(),
        "callback_at": edit.callback_at and edit.callback_at.isoformat(),
        "callback_agent": edit.callback_agent,
    }


def _cleaned(edit: LeadEdit) -> LeadEdit:
    """As PostgreSQL takes it, which knows no NUL in a text."""

    def text(value: Any) -> Any:
        return value.replace("\x00", "") if isinstance(value, str) else value

    fields = {text(key): text(value) for key, value in edit.fields.items()}
    return replace(edit, name=text(edit.name), fields=fields, language=text(edit.language))


def _check(edit: LeadEdit) -> None:
    if not edit.numbers:
        raise ListRefused(ListRefusal.NO_NUMBER)
    seen: set[str] = set()
    for number in edit.numbers:
        if not is_e164(number.number):
            raise ListRefused(ListRefusal.NOT_A_NUMBER, number.number)
        if number.number in seen:
            raise ListRefused(ListRefusal.TWICE, number.number)
        seen.add(number.number)
    if edit.timezone is not None:
        try:
            ZoneInfo(edit.timezone)
        except (KeyError, ValueError, OSError):
            raise ListRefused(ListRefusal.NO_ZONE, edit.timezone) from None
