"""Answers "why isn't it dialling?": how many leads of a campaign are held, by what, until when.

Each lead is counted once, by the first thing that holds it. What rules hold is what they said when
the lead was last judged; ``look_over`` judges those that nobody has looked at since.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from campaigns.campaign_refusals import CampaignRefusal, CampaignRefused
from campaigns.claims import hold, judged
from campaigns.judging import CentresZone, DaysOff, no_days_off
from campaigns.lead_lists import ListRefusal, ListRefused
from campaigns.stored_campaign import settings_of
from campaigns.stored_leads import lead_of, numbers_by_lead
from domain.identity import CampaignName, ProjectName
from domain.roles import Actor, Role
from storage.database import connection
from storage.queries import load

_SQL, _LEADS = load("funnel"), load("leads")
AT_ONCE = 500
MOST_HELD = 500
RATE_OVER = timedelta(hours=1)
LEAST_OVER = timedelta(minutes=5)
"""A rate of less time says nothing."""

OWN_STEPS = (
    "list_paused", "list_removed", "removed", "paused", "do_not_call", "invalid", "done",
    "attempts", "in_attempt", "claimed", "callback", "callback_agent", "due",
)  # fmt: skip
"""What holds leads besides the rules, whose codes are the other steps:

the list or the lead was paused or removed; the customer is not to be called; none of the numbers
exists; somebody talked with the customer, or an agent closed it; all attempts are used; it is being
called; it is claimed and goes out next; the customer asked to be called later; its callback is due
and waits for its agent; nothing holds it.
"""


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """How many leads one thing holds."""

    step: str
    leads: int
    until: datetime | None
    """When the first of them is free; None: nobody knows, or nothing but a person frees it."""


@dataclass(frozen=True, slots=True)
class HeldLead:
    """A lead that a step holds."""

    lead: int
    list: int
    name: str
    state: str
    why: str | None
    held_by: str | None
    attempts: int
    last_attempt_at: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class ListForecast:
    """When a campaign has dialled all leads that are due now, if it goes on as in the last hour."""

    due: int
    attempts_an_hour: float | None
    """None: it hasn't dialled for long enough."""
    out_at: datetime | None


class CampaignFunnel:
    """Counts the leads of campaigns. While the database is away, each call raises one of
    ``storage.database_errors.AWAY``. ``zone``: of customers about whose zone nothing is known;
    ``days_off``: of the centre's calendars."""

    def __init__(
        self, pool: asyncpg.Pool, zone: CentresZone, *, days_off: DaysOff = no_days_off
    ) -> None:
        self._pool = pool
        self._zone = zone
        self._days_off = days_off

    async def funnel(
        self, actor: Actor, campaign: CampaignName, now: datetime
    ) -> Mapping[str, FunnelStep]:
        """Each step that holds leads; all of them together are the campaign's leads.

        Raises CampaignRefused.
        """
        async with connection(self._pool) as db:
            await _seen(db, actor, campaign)
            rows = await db.fetch(_SQL["counts"], campaign, now)
        return {row["step"]: FunnelStep(**row) for row in rows}

    async def leads_held_by(
        self,
        actor: Actor,
        campaign: CampaignName,
        step: str,
        now: datetime,
        *,
        after: int = 0,
        limit: int = 50,
    ) -> tuple[HeldLead, ...]:
        """The leads that a step holds, in order; for the next page, pass the last one's number as
        ``after``. Raises CampaignRefused."""
        most = min(max(1, limit), MOST_HELD)
        async with connection(self._pool) as db:
            await _seen(db, actor, campaign)
            rows = await db.fetch(_SQL["held"], campaign, now, step, after, most)
        return tuple(HeldLead(**row) for row in rows)

    async def hold_of(self, actor: Actor, lead: int, now: datetime) -> FunnelStep:
        """What holds one lead, and until when. Raises ListRefused."""
        async with connection(self._pool) as db:
            row = await db.fetchrow(_SQL["held_lead"], lead, now)
        if row is None or not actor.has(row["project"]) or actor.role is Role.AGENT:
            raise ListRefused(ListRefusal.NO_SUCH, str(lead))
        return FunnelStep(row["step"], 1, row["until"])

    async def forecast(
        self,
        actor: Actor,
        campaign: CampaignName,
        now: datetime,
        *,
        steps: Mapping[str, FunnelStep] | None = None,
    ) -> ListForecast:
        """When the leads that are due now have been dialled; ``steps`` is the funnel of this
        moment, if it has been counted already. Raises CampaignRefused."""
        if steps is None:
            steps = await self.funnel(actor, campaign, now)
        due = sum(steps[step].leads for step in ("due", "claimed") if step in steps)
        async with connection(self._pool) as db:
            await _seen(db, actor, campaign)
            row = await db.fetchrow(_SQL["rate"], campaign, now - RATE_OVER, now)
        if row["since"] is None or now - row["since"] < LEAST_OVER:
            return ListForecast(due, None, None)
        rate = row["attempts"] / ((now - row["since"]) / timedelta(hours=1))
        return ListForecast(due, rate, now + timedelta(hours=due / rate))

    async def look_over(self, campaign: CampaignName, now: datetime) -> int:
        """Judge all leads that are due, and hold those that may not be dialled; returns how many.

        For campaigns that aren't running: a running one judges what it claims. Takes a second for
        some 10,000 leads, in slices. Callbacks are judged when they are claimed.
        """
        held, last = 0, 0
        while True:
            async with connection(self._pool) as db, db.transaction():
                row = await db.fetchrow(_SQL["campaign"], campaign)
                if row is None:
                    return held
                rows = await db.fetch(_SQL["unjudged"], campaign, now, last, AT_ONCE)
                if not rows:
                    return held
                last = rows[-1]["lead"]
                numbers = numbers_by_lead(
                    await db.fetch(_LEADS["numbers_of"], [one["lead"] for one in rows])
                )
                leads = [lead_of(one, numbers.get(one["lead"], ())) for one in rows]
                project, settings = ProjectName(row["project"]), settings_of(row["settings"])
                verdicts = await judged(
                    db, leads, project, settings, self._zone(), now, days_off=self._days_off
                )
                refused = [
                    (lead, verdict)
                    for lead, verdict in zip(leads, verdicts, strict=True)
                    if verdict.number is None
                ]
                await hold(db, refused, campaign, now)
                held += len(refused)


async def _seen(db: asyncpg.Connection, actor: Actor, campaign: CampaignName) -> None:
    row = await db.fetchrow(_SQL["campaign"], campaign)
    if row is None or not actor.has(row["project"]) or actor.role is Role.AGENT:
        raise CampaignRefused(CampaignRefusal.NO_SUCH, "name", campaign)
