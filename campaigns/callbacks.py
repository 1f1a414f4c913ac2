"""The callbacks that were promised: who sees them, and moves, passes on or cancels them.

Each change can be taken back, as long as no later one has been made. Agents see and change their
own; supervisors and ops those of their projects.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import asyncpg

from campaigns.attempt_outcomes import lead_in
from campaigns.dispositions import FARTHEST_CALLBACK
from campaigns.stored_leads import LeadState
from domain.errors import OffhookError
from domain.identity import AgentCode, CallId, CampaignName, ProjectName
from domain.roles import Actor, Role
from storage.database import connection
from storage.queries import load

_SQL = load("callbacks")
MOST_SHOWN = 500
MOST_CHANGES = 50
CALLBACK_CHANGERS = frozenset((Role.ADMIN, Role.OPS, Role.SUPERVISOR))
CANCELLED = "callback_cancelled"


class CallbackChangeKind(StrEnum):
    """What was done to a callback, as ``lead_changes`` stores it."""

    MOVED = "callback_moved"  # to another time
    PASSED_ON = "callback_passed_on"  # to another agent, or the team
    CANCELLED = "callback_cancelled"
    RESTORED = "callback_restored"  # a change was taken back
    DROPPED = "callback_dropped"  # a rule forbids it for good
    DONE = "callback_done"  # somebody has worked it off (``worklist``)


class CallbackRefusal(StrEnum):
    """Why a callback was not changed."""

    NO_SUCH = "no_such"  # there is none, or it isn't theirs to see
    FORBIDDEN = "forbidden"
    CHANGED_MEANWHILE = "changed_meanwhile"  # it isn't when or whose they saw it to be
    IN_CALL = "in_call"  # the customer is being called
    IN_THE_PAST = "in_the_past"
    TOO_FAR = "too_far"  # in more than a year


class CallbackRefused(OffhookError):  # noqa: N818
    """Nothing was changed."""

    def __init__(self, why: CallbackRefusal) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class PromisedCallback:
    """A callback that is to come."""

    lead: int
    project: ProjectName
    name: str
    number: str | None
    at: datetime
    agent: AgentCode | None
    """Who has promised it; None: the team."""
    tries: int
    """How often the customer was called in vain."""
    call: CallId | None
    """In which it was promised."""
    timezone: str | None
    """The customer's; None: unknown."""
    campaign: CampaignName | None
    campaign_state: str | None
    caller: bool
    """Whether no campaign dials them: they had called."""
    in_call: bool
    held_by: str | None
    held_until: datetime | None
    waits_for: str | None
    """What keeps it from being called, beside the rules: ``list`` or ``lead`` (it is paused), or
    ``campaign`` (it is stopped, or none dials the list)."""


@dataclass(frozen=True, slots=True)
class CallbackChange:
    """A change of a callback."""

    change: int
    lead: int
    at: datetime
    by: str
    what: str
    detail: Mapping[str, Any]
    project: ProjectName
    name: str
    number: str | None


class Callbacks:
    """The callbacks. While the database is away, each call raises one of
    ``storage.database_errors.AWAY``, and nothing has been changed."""

    def __init__(
        self, pool: asyncpg.Pool, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._pool = pool
        self._clock = clock

    async def seen_by(
        self, actor: Actor, *, campaign: CampaignName | None = None
    ) -> tuple[PromisedCallback, ...]:
        """Those of their projects, the earliest first, at most ``MOST_SHOWN``."""
        async with connection(self._pool) as db:
            rows = await db.fetch(_SQL["promised"], actor.reach, campaign, None, None, MOST_SHOWN)
        return tuple(_promised(row) for row in rows)

    async def of_agent(
        self, agent: AgentCode, projects: Collection[ProjectName]
    ) -> tuple[PromisedCallback, ...]:
        """Those that this agent has promised, the earliest first; of ``projects``, which are those
        that the agent works for now, whatever they promised earlier for others."""
        async with connection(self._pool) as db:
            rows = await db.fetch(_SQL["promised"], list(projects), None, agent, None, MOST_SHOWN)
        return tuple(_promised(row) for row in rows)

    async def counts(self, campaign: CampaignName) -> tuple[int, int]:
        """How many of a campaign's callbacks are due, and how many are to come in all."""
        async with connection(self._pool) as db:
            row = await db.fetchrow(_SQL["counts"], campaign, self._clock())
        return row["due"], row["promised"]

    async def changes(self, actor: Actor) -> tuple[CallbackChange, ...]:
        """What became of those of their projects, the newest first."""
        async with connection(self._pool) as db:
            rows = await db.fetch(_SQL["changes"], actor.reach, MOST_CHANGES)
        return tuple(_change(row) for row in rows)

    async def move(self, actor: Actor, lead: int, seen: datetime, at: datetime) -> int:
        """Call at another time than the one that was seen. Returns the change's number, to take it
        back. Raises CallbackRefused."""
        now = self._clock()
        if at > now + FARTHEST_CALLBACK:
            raise CallbackRefused(CallbackRefusal.TOO_FAR)
        if at < now.replace(second=0, microsecond=0):
            raise CallbackRefused(CallbackRefusal.IN_THE_PAST)
        return await self._set(actor, lead, seen, CallbackChangeKind.MOVED, at=at)

    async def pass_on(
        self, actor: Actor, lead: int, seen: datetime, agent: AgentCode | None
    ) -> int:
        """Let another agent call, or the team (None). Returns and raises as ``move``."""
        return await self._set(actor, lead, seen, CallbackChangeKind.PASSED_ON, agent=agent)

    async def cancel(self, actor: Actor, lead: int, seen: datetime) -> int:
        """Don't call; the lead is finished. Returns and raises as ``move``."""
        return await self._set(actor, lead, seen, CallbackChangeKind.CANCELLED)

    async def take_back(self, actor: Actor, change: int) -> None:
        """Undo a change of a callback, if it was the last. Raises CallbackRefused."""
        async with connection(self._pool) as db, db.transaction():
            found = await db.fetchrow(_SQL["change"], change)
            if found is None or not _may(actor, found["project"]):
                raise CallbackRefused(CallbackRefusal.NO_SUCH)
            lead = await lead_in(db, found["lead"])
            found = await db.fetchrow(_SQL["change"], change)  # as it is under the lead's lock
            before = found["detail"].get("before")
            undone = lead.state is LeadState.OPEN or lead.why == CANCELLED
            if found["newest"] != change or before is None or not undone:
                raise CallbackRefused(CallbackRefusal.CHANGED_MEANWHILE)
            await _restore(db, lead.lead, before)
            await self._note(db, actor, lead.lead, CallbackChangeKind.RESTORED, {"of": change})

    async def _set(
        self,
        actor: Actor,
        lead: int,
        seen: datetime,
        kind: CallbackChangeKind,
        *,
        at: datetime | None = None,
        agent: AgentCode | None = None,
    ) -> int:
        async with connection(self._pool) as db, db.transaction():
            row = await db.fetchrow(_SQL["promised"], None, None, None, lead, 1)
            if row is None or not _may(actor, row["project"]):
                raise CallbackRefused(CallbackRefusal.NO_SUCH)
            now = await lead_in(db, lead)
            row = await db.fetchrow(_SQL["promised"], None, None, None, lead, 1)
            if row is None or now.callback_at is None or now.callback_at != seen:
                raise CallbackRefused(CallbackRefusal.CHANGED_MEANWHILE)
            if row["in_call"]:
                raise CallbackRefused(CallbackRefusal.IN_CALL)
            after_at, after_agent = now.callback_at, now.callback_agent
            state, why = now.state, now.why
            match kind:
                case CallbackChangeKind.MOVED:
                    after_at = at or after_at
                case CallbackChangeKind.PASSED_ON:
                    after_agent = agent
                case _:
                    state, why = LeadState.FINISHED, CANCELLED
            cancelled = kind is CallbackChangeKind.CANCELLED
            await db.execute(
                _SQL["set"],
                lead,
                state.value,
                why,
                None if cancelled else after_at,
                None if cancelled else after_agent,
            )
            detail: dict[str, Any] = {
                "before": {"at": now.callback_at.isoformat(), "agent": now.callback_agent}
            }
            if not cancelled:
                detail["after"] = {"at": after_at.isoformat(), "agent": after_agent}
            return await self._note(db, actor, lead, kind, detail)

    async def _note(
        self,
        db: asyncpg.Connection,
        actor: Actor,
        lead: int,
        what: CallbackChangeKind,
        detail: Mapping[str, Any],
    ) -> int:
        change: int = await db.fetchval(
            _SQL["note"], lead, self._clock(), actor.name, what.value, dict(detail)
        )
        return change


async def close_promise(db: asyncpg.Connection, lead: int, by: str, now: datetime) -> int:
    """A caller's callback is worked off, within a transaction: nobody calls any more. Returns the
    change's number, to take it back. Raises CallbackRefused."""
    kept = await lead_in(db, lead)
    row = await db.fetchrow(_SQL["promised"], None, None, None, lead, 1)
    if row is None or kept.callback_at is None:
        raise CallbackRefused(CallbackRefusal.CHANGED_MEANWHILE)
    if row["in_call"]:
        raise CallbackRefused(CallbackRefusal.IN_CALL)
    done = CallbackChangeKind.DONE.value
    await db.execute(_SQL["set"], lead, LeadState.FINISHED.value, done, None, None)
    detail = {"before": {"at": kept.callback_at.isoformat(), "agent": kept.callback_agent}}
    change: int = await db.fetchval(_SQL["note"], lead, now, by, done, detail)
    return change


async def reopen_promise(db: asyncpg.Connection, change: int, by: str, now: datetime) -> None:
    """Undo that it was worked off. Raises CallbackRefused if somebody has promised it again since,
    or it must not be called."""
    found = await db.fetchrow(_SQL["change"], change)
    if found is None:
        raise CallbackRefused(CallbackRefusal.NO_SUCH)
    lead = await lead_in(db, found["lead"])
    if lead.why != CallbackChangeKind.DONE or found["newest"] != change:
        raise CallbackRefused(CallbackRefusal.CHANGED_MEANWHILE)
    await _restore(db, lead.lead, found["detail"]["before"])
    restored = CallbackChangeKind.RESTORED.value
    await db.fetchval(_SQL["note"], lead.lead, now, by, restored, {"of": change})


async def _restore(db: asyncpg.Connection, lead: int, before: Mapping[str, Any]) -> None:
    at = datetime.fromisoformat(before["at"])
    await db.execute(_SQL["set"], lead, LeadState.OPEN.value, None, at, before["agent"])


def _may(actor: Actor, project: str) -> bool:
    return actor.role in CALLBACK_CHANGERS and actor.has(project)


def _promised(row: Mapping[str, Any]) -> PromisedCallback:
    next_at = row["next_at"]
    finite = next_at.tzinfo is not None and 1 < next_at.year < 9999
    held = row["held_by"] is not None and finite
    waits_for = None
    if row["state"] != LeadState.OPEN:
        waits_for = "lead"
    elif row["list_state"] != "active":
        waits_for = "list"
    elif not row["callers"] and row["campaign_state"] not in ("running", "paused", "draining"):
        waits_for = "campaign"
    return PromisedCallback(
        row["lead"],
        ProjectName(row["project"]),
        row["name"],
        row["number"],
        row["callback_at"],
        row["callback_agent"],
        row["callback_tries"],
        row["callback_call"],
        row["timezone"],
        row["campaign"],
        row["campaign_state"],
        row["callers"],
        row["in_call"],
        row["held_by"] if held else None,
        next_at if held else None,
        waits_for,
    )


def _change(row: Mapping[str, Any]) -> CallbackChange:
    return CallbackChange(
        row["id"],
        row["lead"],
        row["at"],
        row["by"],
        row["what"],
        row["detail"],
        ProjectName(row["project"]),
        row["name"],
        row["number"],
    )
