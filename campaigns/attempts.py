"""Reserves attempts: the row of each call to a customer, written before anything is sent.

An attempt is a call, and has the call's id. Its row is committed before Asterisk is asked, so that
a call that was perhaps placed is never placed again: as long as the row is open, nobody claims its
lead or calls its number. What becomes of it comes from the call's facts
(``campaigns.attempt_outcomes``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg

from campaigns.attempt_outcomes import BY_HAND
from campaigns.campaign import CampaignState, Mode
from campaigns.claims import hold, judged
from campaigns.judging import CentresZone, DaysOff, no_days_off
from campaigns.number_locks import lock_numbers
from campaigns.stored_campaign import settings_of
from campaigns.stored_leads import LeadState, ListState, StoredLead, lead_of, numbers_by_lead
from dialer.abandon_count import History, Tally
from dialer.lead_rules import CallingRule
from dialer.limit import Limit, QuickHangUp
from dialer.rules import PastOutcome
from domain.identity import AgentCode, CallId, CampaignName, LineName, ProjectName
from storage.database import connection
from storage.queries import load

_SQL, _LEADS = load("attempts"), load("leads")
_KEEPS_PROMISES = (CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.DRAINING)


class ReserveRefusal(StrEnum):
    """Why a lead is not dialled after all."""

    CAMPAIGN_NOT_RUNNING = "campaign_not_running"  # paused, stopped or removed meanwhile
    LIST_NOT_ACTIVE = "list_not_active"  # paused, removed, or no longer the campaign's
    NOT_CLAIMED = "not_claimed"  # changed meanwhile, or the lease ended: let the lead go
    LEAD_CLOSED = "lead_closed"  # removed, paused, finished, not to be called
    NUMBER_CHANGED = "number_changed"  # it isn't one of the lead's any more, or is invalid
    DO_NOT_CALL = "do_not_call"
    HELD = "held"  # by a rule, which ``NotReserved.rule`` names
    NEEDS_AGENT = "needs_agent"  # may be dialled only with an agent kept for it
    LEAD_IN_ATTEMPT = "lead_in_attempt"
    NUMBER_IN_CALL = "number_in_call"  # another lead's attempt calls it now
    KNOWN = "known"  # an attempt of this id was reserved before


@dataclass(frozen=True, slots=True)
class WishedAttempt:
    """Whom to call, and how; ``attempt`` is the id of the call to be."""

    attempt: CallId
    campaign: CampaignName | None
    """None: a caller is called back."""
    lead: int
    number: str
    line: LineName | None
    caller_id: str | None
    mode: Mode
    agent: AgentCode | None = None
    """For whom it is placed, if for somebody."""
    with_agent: bool = False
    """Whether an agent is kept for it until it is over."""


@dataclass(frozen=True, slots=True)
class NotReserved:
    """Nothing was written, and nothing may be sent. With ``rule``, the lead is given back and is
    looked at again at ``until``."""

    why: ReserveRefusal
    rule: CallingRule | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoredAttempt:
    """An attempt's row."""

    attempt: CallId
    campaign: CampaignName | None
    project: ProjectName
    list: int | None
    lead: int | None
    number: str
    line: LineName | None
    caller_id: str | None
    mode: str
    agent: AgentCode | None
    stage: str
    reserved_at: datetime
    requested_at: datetime | None
    rang_at: datetime | None
    answered_at: datetime | None
    talk_at: datetime | None
    ended_at: datetime | None
    cause: str | None
    q850: int | None
    sip: int | None
    ended_by: str | None
    outcome: str | None
    left_early: bool
    disposition: str | None
    sub_reason: str | None
    note: str | None


class Attempts:
    """The attempts' rows. ``zone``: of customers about whose zone nothing is known; ``days_off``:
    of the centre's calendars.

    While the database is away, each call raises one of ``storage.database_errors.AWAY``: then
    nothing may be dialled, for a row may or may not have been written. A row that was is open, and
    is found by ``open``.
    """

    def __init__(
        self, pool: asyncpg.Pool, zone: CentresZone, *, days_off: DaysOff = no_days_off
    ) -> None:
        self._pool = pool
        self._zone = zone
        self._days_off = days_off

    async def reserve(self, wish: WishedAttempt, *, by: str, now: datetime) -> NotReserved | None:
        """Write the attempt's row, if its lead is still claimed by ``by`` and may still be dialled.

        None: it is written and committed, and the call may be placed. The lead is judged again, for
        a call by another campaign, a do-not-call request or a change may have come in between.
        """
        async with connection(self._pool) as db, db.transaction():
            await lock_numbers(db, [wish.number])
            await db.execute(_SQL["locked_lead"], wish.lead)
            campaign = await db.fetchrow(_SQL["campaign_to_dial"], wish.campaign)
            row = await db.fetchrow(_SQL["lead_to_dial"], wish.lead, wish.campaign)
            if refusal := _stopped(campaign, wish) or _overtaken(row, wish, by, now):
                return NotReserved(refusal)
            numbers = numbers_by_lead(await db.fetch(_LEADS["numbers_of"], [wish.lead]))
            lead = lead_of(
                row,
                [one for one in numbers.get(wish.lead, ()) if one.number == wish.number],
            )
            if not lead.numbers or not lead.numbers[0].good:
                return NotReserved(ReserveRefusal.NUMBER_CHANGED)
            if refused := await self._judged(db, lead, campaign, wish, now):
                return refused
            return await _insert(db, wish, lead, now)

    async def _judged(
        self,
        db: asyncpg.Connection,
        lead: StoredLead,
        campaign: Mapping[str, Any] | None,
        wish: WishedAttempt,
        now: datetime,
    ) -> NotReserved | None:
        settings = BY_HAND if campaign is None else settings_of(campaign["settings"])
        (verdict,) = await judged(
            db, [lead], lead.project, settings, self._zone(), now, days_off=self._days_off
        )
        if verdict.number is None:
            await hold(db, [(lead, verdict)], wish.campaign, now)
            listed = verdict.rule is CallingRule.DO_NOT_CALL
            why = ReserveRefusal.DO_NOT_CALL if listed else ReserveRefusal.HELD
            return NotReserved(why, verdict.rule, verdict.until)
        if verdict.guaranteed and wish.mode is Mode.AGENTLESS:
            # No agent will ever be there.
            await hold(db, [(lead, replace(verdict, number=None))], wish.campaign, now)
        if verdict.guaranteed and not wish.with_agent:
            return NotReserved(ReserveRefusal.NEEDS_AGENT, verdict.rule, verdict.until)
        return None

    async def requested(self, attempt: CallId, at: datetime) -> None:
        """Note that Asterisk has been asked to place the call."""
        async with connection(self._pool) as db:
            await db.execute(_SQL["requested"], attempt, at)

    async def withdraw(self, attempt: CallId, now: datetime) -> bool:
        """Close an attempt that was reserved and is not placed after all; its lead may be claimed
        again. Returns False, and changes nothing, if something is known of its call."""
        async with connection(self._pool) as db, db.transaction():
            row = await db.fetchrow(_SQL["attempt"], attempt)
            if row is None:
                return False
            await lock_numbers(db, [row["number"]])
            leads = [row["lead"]] if row["lead"] is not None else []
            await db.execute(_SQL["lock_leads"], leads, [])
            return bool(await db.fetch(_SQL["close_never_placed"], [attempt], now))

    async def open(self) -> tuple[StoredAttempt, ...]:
        """The attempts without an end, oldest first; after a start, each is to be looked up.

        Complete once the outbox has been flushed.
        """
        async with connection(self._pool) as db:
            rows = await db.fetch(_SQL["open_attempts"])
        return tuple(attempt_of(row) for row in rows)

    async def get(self, attempt: CallId) -> StoredAttempt | None:
        """One of them; None if there is none of this id."""
        async with connection(self._pool) as db:
            row = await db.fetchrow(_SQL["attempt"], attempt)
        return None if row is None else attempt_of(row)


async def abandon_history(
    pool: asyncpg.Pool, campaign: CampaignName, limit: Limit, zone: ZoneInfo, now: datetime
) -> History:
    """What counts for a campaign's limit of abandoned calls, from its attempts of 30 days.

    ``zone``: where the limit's days begin. Days are numbered by ``date.toordinal``. For those whom
    detection found, those whom it will have taken for machines are added, as ``AbandonCount`` does.
    Machines that it took for people aren't known here.
    """
    async with connection(pool) as db:
        values = (campaign, now - timedelta(days=31))
        days = await db.fetch(_SQL["persons_by_day"], *values, zone.key)
        minutes = await db.fetch(_SQL["persons_by_minute"], campaign, now - timedelta(days=1))
    by_day: dict[int, Tally] = {}
    for row in days:
        _count(by_day.setdefault(row["day"].toordinal(), Tally()), row, limit)
    by_minute: dict[datetime, Tally] = {}
    for row in minutes:
        _count(by_minute.setdefault(row["minute"], Tally()), row, limit)
    ago = tuple(
        ((now - at).total_seconds(), tally) for at, tally in sorted(by_minute.items()) if tally.base
    )
    return History(by_day, ago)


def _count(tally: Tally, row: Mapping[str, Any], limit: Limit) -> None:
    persons: int = row["persons"]
    unseen = persons * limit.unseen_for_each if row["heard"] else 0.0
    if row["outcome"] == PastOutcome.SPOKEN:
        tally.add(unseen, persons + unseen)
    elif not row["left_early"] or limit.quick_hang_up is QuickHangUp.ABANDONED:
        tally.add(persons + unseen, persons + unseen)
    elif unseen:
        tally.add(unseen, unseen)


async def _insert(
    db: asyncpg.Connection, wish: WishedAttempt, lead: StoredLead, now: datetime
) -> NotReserved | None:
    written = await db.fetchval(
        _SQL["insert_attempt"],
        wish.attempt,
        wish.campaign,
        lead.project,
        lead.list,
        lead.lead,
        wish.number,
        wish.line,
        wish.caller_id,
        wish.mode.value,
        wish.agent,
        now,
    )
    if written is None:
        there = await db.fetchrow(_SQL["in_call_now"], wish.number, lead.lead)
        if there is None or there["attempt"] == wish.attempt:
            return NotReserved(ReserveRefusal.KNOWN)
        if there["lead"] == lead.lead:
            return NotReserved(ReserveRefusal.LEAD_IN_ATTEMPT)
        return NotReserved(ReserveRefusal.NUMBER_IN_CALL)
    await db.execute(_SQL["give_up_lease"], lead.lead)
    return None


def _stopped(campaign: Mapping[str, Any] | None, wish: WishedAttempt) -> ReserveRefusal | None:
    """Whether the campaign calls nobody. A pause doesn't keep it from calling back whom it has
    promised to, and callers are called back without one."""
    keeps_promise = wish.mode is Mode.CALLBACK
    if campaign is None:
        gone = wish.campaign is not None or not keeps_promise
        return ReserveRefusal.CAMPAIGN_NOT_RUNNING if gone else None
    states = _KEEPS_PROMISES if keeps_promise else (CampaignState.RUNNING,)
    if campaign["removed_at"] is not None or campaign["state"] not in states:
        return ReserveRefusal.CAMPAIGN_NOT_RUNNING
    return None


def _overtaken(
    row: Mapping[str, Any] | None, wish: WishedAttempt, by: str, now: datetime
) -> ReserveRefusal | None:
    """What has come in between since the lead was claimed, if something has."""
    if row is None or row["state"] != LeadState.OPEN:
        return ReserveRefusal.LEAD_CLOSED
    promised = wish.mode is Mode.CALLBACK
    if promised and (row["callback_at"] is None or row["callback_at"] > now):
        return ReserveRefusal.NOT_CLAIMED  # it was moved or cancelled
    if row["list_state"] != ListState.ACTIVE or not (row["attached"] or promised):
        return ReserveRefusal.LIST_NOT_ACTIVE
    if row["in_attempt"]:
        return ReserveRefusal.LEAD_IN_ATTEMPT
    if row["leased_by"] != by or row["leased_until"] is None or row["leased_until"] <= now:
        return ReserveRefusal.NOT_CLAIMED
    return None


def attempt_of(row: Mapping[str, Any]) -> StoredAttempt:
    """The attempt of a row of ``attempts``."""
    return StoredAttempt(**{name: row[name] for name in StoredAttempt.__slots__})
