"""Shows an agent who their customer is: the lead with its fields, and what came of earlier calls.

The agent sees it before the first word, so it is read in a few short queries, and by what the
running centre knows of the call: its record may not be stored yet.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from campaigns.attempts import StoredAttempt, attempt_of
from campaigns.dispositions import StoredDisposal
from campaigns.stored_leads import StoredLead, lead_of, numbers_by_lead
from domain.identity import AgentCode, CallId, CampaignName, LineName, ProjectName
from storage.database import connection
from storage.queries import load

_SQL, _LEADS = load("customer_cards"), load("leads")
MOST_EARLIER = 20
AGENTS_DAY = timedelta(hours=24)
"""So long an agent may write about a call of theirs."""


@dataclass(frozen=True, slots=True)
class CustomerCall:
    """A call with a customer, as far as it says who they are."""

    call: CallId
    project: ProjectName
    number: str | None
    """E.164 with +; None: withheld, or no number that can be called."""
    shown: str | None
    """The number as the line gave it; None: withheld."""
    outbound: bool
    campaign: CampaignName | None = None
    lead: int | None = None


@dataclass(frozen=True, slots=True)
class AgentsCall:
    """A call in which an agent talked. ``number`` is as the line gave it, if the call came in."""

    project: ProjectName
    number: str | None
    line: LineName | None
    campaign: CampaignName | None
    lead: int | None
    outbound: bool


@dataclass(frozen=True, slots=True)
class CustomerCard:
    """All that an agent sees of a customer. The earlier ones come the newest first."""

    about: CustomerCall
    lead: StoredLead | None
    """None: nobody of the project's lists has this number."""
    country: str
    """Whose numbers the lead's list has, such as CN; "": unknown."""
    earlier: tuple[StoredAttempt, ...]
    """Earlier attempts to reach the lead."""
    said: tuple[StoredDisposal, ...]
    """What agents said of the lead's earlier calls."""
    now: StoredDisposal | None
    """What was said of this one last."""
    barred: bool
    """The number is on a do-not-call list."""


class CustomerCards:
    """Finds out who a customer is. While the database is away, each call raises one of
    ``storage.database_errors.AWAY``."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def card(self, about: CustomerCall) -> CustomerCard:
        """The customer of this call."""
        async with connection(self._pool) as db:
            lead = await _lead(db, about)
            number = None if lead is None else lead.lead
            attempts = await db.fetch(_SQL["attempts_before"], number, about.call, MOST_EARLIER)
            said = await db.fetch(_SQL["said"], number, about.call, MOST_EARLIER)
            barred = about.number is not None and await db.fetchval(
                _SQL["barred"], about.number, about.project
            )
            country = "" if lead is None else await db.fetchval(_SQL["country"], lead.list)
        disposals = [StoredDisposal(**row) for row in said]
        return CustomerCard(
            about,
            lead,
            country or "",
            tuple(attempt_of(row) for row in attempts),
            tuple(one for one in disposals if one.call != about.call),
            next((one for one in disposals if one.call == about.call), None),
            bool(barred),
        )

    async def lead_called_from(self, project: ProjectName, number: str) -> int | None:
        """The project's lead with this number; of several, the one that was called last."""
        async with connection(self._pool) as db:
            found: int | None = await db.fetchval(_SQL["lead_of_number"], project, number)
        return found

    async def call_of(self, call: CallId, agent: AgentCode, now: datetime) -> AgentsCall | None:
        """What is stored of a call in which the agent talked within their day."""
        async with connection(self._pool) as db:
            row = await db.fetchrow(_SQL["call_of_agent"], call, agent, now - AGENTS_DAY)
        return None if row is None else AgentsCall(**row)

    async def last_of(self, agent: AgentCode, now: datetime) -> tuple[CallId, datetime] | None:
        """The last call in which the agent talked within their day, and when it began."""
        async with connection(self._pool) as db:
            row = await db.fetchrow(_SQL["last_of_agent"], agent, now - AGENTS_DAY)
        return None if row is None else (CallId(row["call"]), row["entered_at"])


async def _lead(db: asyncpg.Connection, about: CustomerCall) -> StoredLead | None:
    number = about.lead
    if number is None and about.number is not None and not about.outbound:
        number = await db.fetchval(_SQL["lead_of_number"], about.project, about.number)
    if number is None:
        return None
    row = await db.fetchrow(_SQL["lead"], number)
    if row is None or row["project"] != about.project:
        return None
    numbers = numbers_by_lead(await db.fetch(_LEADS["numbers_of"], [number]))
    return lead_of(row, numbers.get(number, []))
