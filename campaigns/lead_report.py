"""Makes the lead report: one row a lead, with who followed it up and what comes next."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import asyncpg

from campaigns.lead_details import LeadDetail, detail_of
from campaigns.lead_lists import LIST_VIEWERS, read_list
from campaigns.stored_leads import LeadState, ListState, StoredLead, lead_of, numbers_by_lead
from domain.identity import AgentCode
from domain.roles import Actor
from storage.database import connection
from storage.queries import load

_SQL, _LEADS = load("outbound_reports"), load("leads")
MOST_ON_A_PAGE = 200
_PER_READ = 1_000


class Follows(StrEnum):
    """What comes next for a lead; the values of closed ones are those of ``leads.why``."""

    CALLBACK = "callback"
    LATER = "later"  # an attempt, not before a time that is known
    DUE = "due"  # an attempt, when it is its turn
    HELD = "held"  # nothing, until somebody changes the lead, or the rules that hold it
    PAUSED = "paused"
    LIST_PAUSED = "list_paused"
    SUCCESS = "success"
    REFUSED = "refused"
    APPOINTMENT = "appointment"
    DUPLICATE = "duplicate"
    SPOKEN = "spoken"  # somebody talked with them and has said nothing of it
    ATTEMPTS = "attempts"  # all of them are used
    INVALID = "invalid"  # no number of theirs exists
    DO_NOT_CALL = "do_not_call"
    FINISHED = "finished"  # for another reason


@dataclass(frozen=True, slots=True)
class ReportedLead:
    """A lead, and what the report says of it."""

    lead: StoredLead
    known: bool
    """Whether somebody of the project has talked with them; otherwise it is a cold one."""
    agent: AgentCode | None
    """Who followed it up: who talked with them last, or said what came of it."""
    follows: Follows
    at: datetime | None
    """Of a callback or a later attempt: when."""
    disposition: str
    """What an agent said last; "" if nothing was said."""
    choice: str | None
    """Which of its project's choices that is."""
    sub_reason: str
    note: str

    @property
    def customer(self) -> str:
        """The firm, or the person."""
        return detail_of(self.lead.fields, LeadDetail.COMPANY) or self.lead.name

    @property
    def contact(self) -> str:
        """The person to talk to."""
        return detail_of(self.lead.fields, LeadDetail.CONTACT) or self.lead.name

    @property
    def email(self) -> str:
        """ "" if the list has none."""
        return detail_of(self.lead.fields, LeadDetail.EMAIL)

    @property
    def product(self) -> str:
        """What they use now; "" if the list doesn't say."""
        return detail_of(self.lead.fields, LeadDetail.PRODUCT)

    @property
    def goes_on(self) -> bool:
        """Whether it is still followed up."""
        return self.lead.state in (LeadState.OPEN, LeadState.PAUSED)


class LeadReports:
    """Reads leads for the report. While the database is away, each call raises one of
    ``storage.database_errors.AWAY``."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def page(
        self, actor: Actor, number: int, *, called: bool = False, after: str = "", limit: int = 50
    ) -> tuple[ReportedLead, ...]:
        """Leads of a list by their keys, after the key ``after``; with ``called``, only those that
        were called. Raises ListRefused."""
        return await self._read(actor, number, called, after, min(max(1, limit), MOST_ON_A_PAGE))

    async def all(
        self, actor: Actor, number: int, *, called: bool = False
    ) -> AsyncIterator[tuple[ReportedLead, ...]]:
        """All of them, some at a time. Raises ListRefused."""
        after = ""
        while found := await self._read(actor, number, called, after, _PER_READ):
            yield found
            after = found[-1].lead.key

    async def _read(
        self, actor: Actor, number: int, called: bool, after: str, count: int
    ) -> tuple[ReportedLead, ...]:
        async with connection(self._pool) as db:
            await read_list(db, actor, number, LIST_VIEWERS)
            rows = await db.fetch(_SQL["reported_leads"], number, after, called, count)
            numbers = numbers_by_lead(
                await db.fetch(_LEADS["numbers_of"], [row["lead"] for row in rows])
            )
        now = datetime.now(UTC)
        return tuple(_reported(row, numbers.get(row["lead"], []), now) for row in rows)


def follows_of(
    lead: StoredLead, *, list_paused: bool, now: datetime
) -> tuple[Follows, datetime | None]:
    """What comes next for a lead, and when, if that is known."""
    match lead.state:
        case LeadState.PAUSED:
            return Follows.PAUSED, None
        case LeadState.DO_NOT_CALL:
            return Follows.DO_NOT_CALL, None
        case LeadState.INVALID:
            return Follows.INVALID, None
        case LeadState.FINISHED | LeadState.REMOVED:
            known = lead.why in set(Follows)
            return Follows(lead.why) if lead.why and known else Follows.FINISHED, None
    if list_paused:
        return Follows.LIST_PAUSED, None
    if lead.callback_at is not None:
        return Follows.CALLBACK, lead.callback_at
    if lead.next_at is not None and lead.next_at > now:
        return Follows.LATER, lead.next_at
    return (Follows.HELD if lead.held_by and lead.next_at is None else Follows.DUE), None


def _reported(row: Mapping[str, Any], numbers: list[Any], now: datetime) -> ReportedLead:
    lead = lead_of(row, numbers)
    paused = row["list_state"] != ListState.ACTIVE
    follows, at = follows_of(lead, list_paused=paused, now=now)
    return ReportedLead(
        lead,
        bool(row["known"]),
        row["talked_with"] or row["said_by"],
        follows,
        at,
        row["disposition"] or "",
        row["choice"],
        row["sub_reason"] or "",
        row["note"] or "",
    )
