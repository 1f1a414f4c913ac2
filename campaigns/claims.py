"""Claims the leads that a campaign dials next, so that nobody else dials them meanwhile.

A claim takes due leads under a lease, judges each, and hands out those that may be dialled. The
others get what holds them and when to look again, in the same transaction. A lease that nobody
renews ends by itself; a lead whose attempt is open is not claimed, lease or none.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg

from campaigns.campaign import CampaignSettings
from campaigns.judging import (
    CentresZone,
    DaysOff,
    LeadVerdict,
    histories_of,
    judge_lead,
    no_days_off,
    rules_of,
    state_held_by,
)
from campaigns.stored_campaign import settings_of
from campaigns.stored_leads import LeadNumber, StoredLead, lead_of, numbers_by_lead
from dialer.lead_rules import CampaignRules, NumberHistory
from domain.identity import CampaignName, ProjectName
from storage.database import connection
from storage.queries import load

_SQL = load("leads")
ROUNDS = 5
"""How often a claim looks for more if most of what was due may not be dialled."""
MOST_AT_ONCE = 500
FREED_AT_ONCE = 20_000
_JUDGED_A_SLICE = 16  # some hundred microseconds, in the loop that routes calls


@dataclass(frozen=True, slots=True)
class ClaimedLead:
    """A lead that may be dialled now, by whoever claimed it, until its lease ends."""

    lead: StoredLead
    number: LeadNumber
    """The one to dial."""
    guaranteed: bool
    """Only with an agent kept for it."""
    overdue: bool
    leased_until: datetime


class LeadClaims:
    """Claims leads. ``zone``: of customers about whose zone nothing is known; ``days_off``: of the
    centre's calendars.

    While the database is away, each call raises one of ``storage.database_errors.AWAY``; then
    nothing is claimed.
    """

    def __init__(
        self, pool: asyncpg.Pool, zone: CentresZone, *, days_off: DaysOff = no_days_off
    ) -> None:
        self._pool = pool
        self._zone = zone
        self._days_off = days_off

    async def claim(
        self,
        campaign: CampaignName,
        most: int,
        *,
        by: str,
        now: datetime,
        lease_s: float,
    ) -> list[ClaimedLead]:
        """At most so many leads, in the order in which to dial them: overdue leads, then the
        others, those first that have waited longest. Callbacks are claimed apart
        (``campaigns.callback_claims``).

        None are claimed unless the campaign is running. Fewer than ``most``: nothing else is due,
        or what was looked at is held; the next claim looks further.
        """
        claimed: list[ClaimedLead] = []
        for _ in range(ROUNDS):
            wanted = min(most - len(claimed), MOST_AT_ONCE)
            if wanted <= 0:
                break
            async with connection(self._pool) as db, db.transaction():
                row = await db.fetchrow(_SQL["running_campaign"], campaign)
                if row is None:
                    break
                looked_at, found = await self._some(db, campaign, row, wanted, by, now, lease_s)
            claimed += found
            if looked_at < wanted:
                break
        return claimed

    async def _some(
        self,
        db: asyncpg.Connection,
        campaign: CampaignName,
        row: Mapping[str, Any],
        most: int,
        by: str,
        now: datetime,
        lease_s: float,
    ) -> tuple[int, list[ClaimedLead]]:
        project, settings = ProjectName(row["project"]), settings_of(row["settings"])
        leads = await _due(db, campaign, most, now)
        verdicts = await judged(
            db, leads, project, settings, self._zone(), now, days_off=self._days_off
        )
        until = now + timedelta(seconds=lease_s)
        claimed = [
            ClaimedLead(
                lead,
                verdict.number,
                verdict.guaranteed,
                overdue=lead.overdue_at is not None and lead.overdue_at <= now,
                leased_until=until,
            )
            for lead, verdict in zip(leads, verdicts, strict=True)
            if verdict.number is not None
        ]
        await db.execute(_SQL["lease"], [one.lead.lead for one in claimed], until, by, now)
        await hold(
            db,
            [
                (lead, verdict)
                for lead, verdict in zip(leads, verdicts, strict=True)
                if verdict.number is None
            ],
            campaign,
            now,
        )
        return len(leads), claimed

    async def renew(
        self, leads: Iterable[int], *, by: str, now: datetime, lease_s: float
    ) -> frozenset[int]:
        """Those of these leads that are still claimed by ``by``, for ``lease_s`` more.

        Drop the others: they were changed, their list was paused, or the lease had ended.
        """
        until = now + timedelta(seconds=lease_s)
        async with connection(self._pool) as db:
            rows = await db.fetch(_SQL["renew"], list(leads), by, until, now)
        return frozenset(row["lead"] for row in rows)

    async def judge_anew(self, now: datetime, *, at_once: int = FREED_AT_ONCE) -> int:
        """Let all leads be looked at again that rules hold for some time, callbacks among them; how
        many they are."""
        leads, last = 0, 0
        while True:  # a transaction for millions would be cut off before its end, and tried again
            async with connection(self._pool) as db:
                some = await db.fetchrow(_SQL["judge_anew"], now, last, at_once)
            if not some["leads"]:
                return leads
            leads, last = leads + some["leads"], some["last"]

    async def release(self, leads: Iterable[int], *, by: str) -> None:
        """Give back leads that are not dialled now; what others have claimed since stays theirs."""
        async with connection(self._pool) as db:
            await db.execute(_SQL["release"], list(leads), by)


async def _due(
    db: asyncpg.Connection,
    campaign: CampaignName,
    most: int,
    now: datetime,
) -> list[StoredLead]:
    """Due leads, locked; what others are claiming at this moment is passed over."""
    rows: list[asyncpg.Record] = []
    for query in ("overdue_leads", "due_leads", "leads_held_for_others"):
        if len(rows) < most:
            seen = {row["lead"] for row in rows}
            more = await db.fetch(_SQL[query], campaign, now, most)
            rows += [row for row in more if row["lead"] not in seen][: most - len(rows)]
    numbers = numbers_by_lead(
        await db.fetch(_SQL["numbers_of"], [row["lead"] for row in rows]) if rows else ()
    )
    return [lead_of(row, numbers.get(row["lead"], ())) for row in rows]


async def judged(
    db: asyncpg.Connection,
    leads: Sequence[StoredLead],
    project: ProjectName,
    settings: CampaignSettings,
    zone: ZoneInfo,
    now: datetime,
    *,
    days_off: DaysOff,
) -> list[LeadVerdict]:
    """What the rules say now about each of these leads, by all that is stored of their numbers."""
    rules = rules_of(settings, days_off)
    histories = await number_histories(db, leads, project, rules, now) if leads else {}
    verdicts: list[LeadVerdict] = []
    for count, lead in enumerate(leads, start=1):
        local = zone_of(lead.timezone, zone)
        verdicts.append(judge_lead(lead, histories, rules, local, now))
        if count % _JUDGED_A_SLICE == 0:
            await asyncio.sleep(0)
    return verdicts


async def number_histories(
    db: asyncpg.Connection,
    leads: Sequence[StoredLead],
    project: ProjectName,
    rules: CampaignRules,
    now: datetime,
) -> Mapping[str, NumberHistory]:
    """What is stored about each of these leads' numbers, as far back as the rules look."""
    numbers = list({number.number for lead in leads for number in lead.numbers})
    calls = await db.fetch(_SQL["calls_to"], numbers, now - rules.looks_back)
    listed = await db.fetch(_SQL["not_to_call"], numbers, project, now)
    return histories_of(calls, listed)


async def hold(
    db: asyncpg.Connection,
    held: Sequence[tuple[StoredLead, LeadVerdict]],
    campaign: CampaignName | None,
    now: datetime,
) -> None:
    """Write down what holds these leads, and when to look again; gives them back.

    By the rules of ``campaign``: others that have the list look at them all the same. None: by
    rules that hold for all.
    """
    if held:
        columns = (
            [lead.lead for lead, _ in held],
            [verdict.rule for _, verdict in held],
            [verdict.until for _, verdict in held],
            [state_held_by(verdict).value for _, verdict in held],
            campaign,
            now,
        )
        await db.execute(_SQL["hold"], *columns)


def zone_of(name: str | None, otherwise: ZoneInfo) -> ZoneInfo:
    """The zone of this name; ``otherwise`` if there is none, or this machine doesn't know it."""
    if name is None:
        return otherwise
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
        return otherwise
