"""Reserves calls that agents dial by hand: the same rules, the same rows, the same way out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from campaigns.attempt_outcomes import BY_HAND
from campaigns.attempts import NotReserved, ReserveRefusal
from campaigns.campaign import Mode
from campaigns.claims import number_histories, zone_of
from campaigns.judging import CentresZone, judge_lead, rules_of
from campaigns.number_locks import lock_numbers
from campaigns.stored_leads import StoredLead, unstored_lead
from dialer.lead_rules import CallingRule
from domain.identity import AgentCode, CallId, LineName, ProjectName
from storage.database import connection
from storage.queries import load

_SQL, _LEADS = load("attempts"), load("leads")


@dataclass(frozen=True, slots=True)
class WishedHandCall:
    """Whom an agent wants to call; ``attempt`` is the id of the call to be."""

    attempt: CallId
    project: ProjectName
    number: str
    agent: AgentCode
    line: LineName | None
    caller_id: str | None
    rules: str = BY_HAND.rules
    """The name of a preset in ``dialer.rules``."""
    consent: bool = False
    """Whether the customer's consent is on record, where the preset asks for it."""
    timezone: str | None = None
    """The customer's; None: unknown."""


class HandDialling:
    """Reserves calls by hand. ``zone``: of customers about whose zone nothing is known.

    While the database is away, ``reserve`` raises one of ``storage.database_errors.AWAY``, and
    nothing may be dialled.
    """

    def __init__(self, pool: asyncpg.Pool, zone: CentresZone) -> None:
        self._pool = pool
        self._zone = zone

    async def reserve(self, wish: WishedHandCall, now: datetime) -> NotReserved | None:
        """Write the call's row, if the number may be called now. None: it is committed, and the
        call may be placed.

        Do-not-call lists, hours, caps and the least gap of the number count as in campaigns; the
        attempts and gaps of leads don't, for it is nobody's lead. Consent and time zone are those
        of the project's customer who has this number, if there is one.
        """
        rules = rules_of(BY_HAND.model_copy(update={"rules": wish.rules}))
        async with connection(self._pool) as db, db.transaction():
            await lock_numbers(db, [wish.number])
            known = await db.fetchrow(_SQL["known_customer"], wish.number, wish.project)
            lead = _nobodys(wish, now, known)
            histories = await number_histories(db, [lead], wish.project, rules, now)
            local = zone_of(lead.timezone, self._zone())
            verdict = judge_lead(lead, histories, rules, local, now)
            if verdict.number is None:
                why = _WHY.get(verdict.rule, ReserveRefusal.HELD)
                return NotReserved(why, verdict.rule, verdict.until)
            written = await db.fetchval(
                _SQL["insert_attempt"],
                wish.attempt,
                None,
                wish.project,
                None,
                None,
                wish.number,
                wish.line,
                wish.caller_id,
                Mode.MANUAL.value,
                wish.agent,
                now,
            )
        return None if written is not None else NotReserved(ReserveRefusal.KNOWN)

    async def reserve_test(
        self,
        attempt: CallId,
        project: ProjectName,
        number: str,
        line: LineName,
        caller_id: str | None,
        *,
        by: str,
        now: datetime,
    ) -> NotReserved | None:
        """Write the row of a test call to a phone of the staff, placed by the user ``by``. None: it
        is committed.

        Of the rules, do-not-call lists alone count: whoever tests calls their own phone, at hours
        and as often as they like.
        """
        async with connection(self._pool) as db, db.transaction():
            await lock_numbers(db, [number])
            if await db.fetch(_LEADS["not_to_call"], [number], project, now):
                return NotReserved(ReserveRefusal.DO_NOT_CALL)
            written = await db.fetchval(
                _SQL["insert_attempt"],
                attempt, None, project, None, None, number, line, caller_id, Mode.TEST.value, None,
                now,
            )  # fmt: skip
            if written is None:
                return NotReserved(ReserveRefusal.NUMBER_IN_CALL)
            await db.execute(_SQL["note_attempt"], attempt, by)
        return None


_WHY: Mapping[CallingRule | None, ReserveRefusal] = {
    CallingRule.DO_NOT_CALL: ReserveRefusal.DO_NOT_CALL,
    CallingRule.IN_CALL: ReserveRefusal.NUMBER_IN_CALL,
}


def _nobodys(wish: WishedHandCall, now: datetime, known: Mapping[str, Any] | None) -> StoredLead:
    """A lead as the rules know it, of a number that somebody typed. ``known`` is what the project
    has on record about the customer of this number."""
    consent_at = now if wish.consent else None
    timezone = wish.timezone
    if known is not None:
        consent_at = consent_at or known["consent_at"]
        timezone = timezone or known["timezone"]
    return unstored_lead(wish.project, wish.number, timezone, consent_at)
