"""Finds callbacks that are due, and claims one at a time, so that it is called exactly once.

A callback is a lead with a time. Ordinary claims (``campaigns.claims``) leave it alone, for it is
called with an agent kept for it, whatever the pace. The rules judge it as any other lead.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from campaigns.attempt_outcomes import BY_HAND
from campaigns.campaign import CampaignSettings
from campaigns.claims import hold, judged
from campaigns.judging import CentresZone, DaysOff, LeadVerdict, no_days_off, state_held_by
from campaigns.stored_campaign import settings_of
from campaigns.stored_leads import LeadNumber, LeadState, StoredLead, lead_of, numbers_by_lead
from domain.identity import AgentCode, CallId, CampaignName, ProjectName
from storage.database import connection
from storage.queries import load

_SQL, _LEADS = load("callbacks"), load("leads")
MOST_DUE = 500
SERVED = "served"
"""Why a callback is dropped: the caller has got through by themselves since it was due."""
DROPPED = "callback_dropped"
"""What ``lead_changes`` says of a callback that won't be called, because a rule forbids it."""


@dataclass(frozen=True, slots=True)
class CallbackTerms:
    """How a callback is called: as the campaign would, or on the line on which a caller came in."""

    campaign: CampaignName | None
    settings: CampaignSettings


@dataclass(frozen=True, slots=True)
class DueCallback:
    """A callback whose time has come, and which nobody is calling."""

    lead: int
    project: ProjectName
    terms: CallbackTerms
    due_at: datetime
    """When it was to be called, or from when on the rules allow it."""
    agent: AgentCode | None
    """Who has promised to call; None: the team."""
    team_at: datetime
    """From when on anybody of the team may call."""
    caller: str | None = None
    """The number of somebody who had called, E.164 with +; None: a campaign's customer."""


@dataclass(frozen=True, slots=True)
class ClaimedCallback:
    """A callback that may be called now, by whoever has claimed it."""

    lead: StoredLead
    number: LeadNumber


class CallbackClaims:
    """Claims callbacks. ``zone``: of customers about whose zone nothing is known; ``days_off``: of
    the centre's calendars.

    While the database is away, each call raises one of ``storage.database_errors.AWAY``; then
    nothing is claimed.
    """

    def __init__(
        self, pool: asyncpg.Pool, zone: CentresZone, *, days_off: DaysOff = no_days_off
    ) -> None:
        self._pool = pool
        self._zone = zone
        self._days_off = days_off

    async def due(self, now: datetime, most: int = MOST_DUE) -> list[DueCallback]:
        """The callbacks that are due, those first that have waited longest.

        Not those of stopped campaigns, and of paused or removed lists.
        """
        async with connection(self._pool) as db:
            rows = await db.fetch(_SQL["due"], now, most)
        return [_due(row) for row in rows]

    async def claim(
        self, callback: DueCallback, *, by: str, now: datetime, lease_s: float
    ) -> ClaimedCallback | None:
        """Claim it, if the rules allow the call now.

        None: they don't, and the lead says until when, or is closed; or it isn't due any more, as
        the caller has got through since, or somebody else has it.
        """
        async with connection(self._pool) as db, db.transaction():
            row = await db.fetchrow(_SQL["take"], callback.lead, now)
            if row is None:
                return None
            numbers = numbers_by_lead(await db.fetch(_LEADS["numbers_of"], [callback.lead]))
            lead = lead_of(row, numbers.get(callback.lead, ()))
            if await db.fetchval(_SQL["served_since"], lead.lead):
                done = LeadState.FINISHED.value
                await db.execute(_SQL["set"], lead.lead, done, SERVED, None, None)
                await self._dropped(db, lead, SERVED, now)
                return None
            (verdict,) = await judged(
                db,
                [lead],
                lead.project,
                callback.terms.settings,
                self._zone(),
                now,
                days_off=self._days_off,
            )
            if verdict.number is None:
                await self._hold(db, lead, verdict, now)
                return None
            until = now + timedelta(seconds=lease_s)
            await db.execute(_LEADS["lease"], [lead.lead], until, by, now)
        return ClaimedCallback(lead, verdict.number)

    async def release(self, lead: int, *, by: str) -> None:
        """Give a callback back that isn't called now."""
        async with connection(self._pool) as db:
            await db.execute(_LEADS["release"], [lead], by)

    async def open_calls(self) -> dict[CallId, CallbackTerms]:
        """The terms of calls that keep a promise, and aren't over by what is stored."""
        async with connection(self._pool) as db:
            rows = await db.fetch(_SQL["open_calls"])
        return {CallId(row["attempt"]): _terms(row) for row in rows}

    async def _hold(
        self, db: asyncpg.Connection, lead: StoredLead, verdict: LeadVerdict, now: datetime
    ) -> None:
        await hold(db, [(lead, verdict)], None, now)
        if state_held_by(verdict) is not LeadState.OPEN and verdict.rule is not None:
            await self._dropped(db, lead, verdict.rule.value, now)

    async def _dropped(
        self, db: asyncpg.Connection, lead: StoredLead, why: str, now: datetime
    ) -> None:
        detail = {
            "why": why,
            "at": lead.callback_at and lead.callback_at.isoformat(),
            "agent": lead.callback_agent,
        }
        await db.execute(_SQL["note"], lead.lead, now, "", DROPPED, detail)


def _due(row: Mapping[str, Any]) -> DueCallback:
    terms = _terms(row)
    # asyncpg reads '-infinity' as the first moment, without a zone.
    at, next_at = row["callback_at"], row["next_at"]
    due_at = max(at, next_at) if next_at.tzinfo is not None and next_at.year > 1 else at
    return DueCallback(
        row["lead"],
        ProjectName(row["project"]),
        terms,
        due_at,
        row["callback_agent"],
        due_at + timedelta(seconds=terms.settings.callback_to_team_s),
        row["caller"],
    )


def _terms(row: Mapping[str, Any]) -> CallbackTerms:
    if row["campaign"] is not None:
        return CallbackTerms(CampaignName(row["campaign"]), settings_of(row["settings"]))
    # They see the number that they had called, and come to those who served them.
    came_in = {"queue": row["queue"], "line": row["line"] or "", "caller_id": row["hotline"]}
    return CallbackTerms(None, BY_HAND.model_copy(update=came_in))
