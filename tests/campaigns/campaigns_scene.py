"""A running campaign in a database, with leads, for tests of what is dialled."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from campaigns.attempt_outcomes import with_attempts
from campaigns.attempts import Attempts, NotReserved, WishedAttempt
from campaigns.callback_claims import CallbackClaims, ClaimedCallback
from campaigns.campaign import CampaignSettings, CampaignState, Mode
from campaigns.campaign_service import Campaigns
from campaigns.claims import ClaimedLead, LeadClaims
from domain.facts import CallFact
from domain.identity import CallId, CampaignName, LineName, ProjectName
from domain.roles import Actor, Role
from records.writing import write
from storage.database import Database, connection
from tests.storage.days import as_stored

TEA, BANK = ProjectName("tea"), ProjectName("bank")
OPS = Actor("olga", Role.OPS, frozenset({TEA}))
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
"""A Monday, 12:00 in Shanghai."""
ZONE = ZoneInfo("Asia/Shanghai")
SPRING = CampaignName("spring")
SETTINGS = CampaignSettings(
    title="Spring", queue="tea", line="carrier", rules="us", message={"en": "This is Tea, 4001."}
)
US = "controller-1"


def after(**span: float) -> datetime:
    """So long after noon."""
    return NOON + timedelta(**span)


@dataclass
class CampaignScene:
    """A database with campaigns, and what the tests do in it."""

    database: Database

    def __post_init__(self) -> None:
        self.campaigns = Campaigns(self.database.pool, clock=lambda: NOON)
        self.claims = LeadClaims(self.database.pool, lambda: ZONE)
        self.callback_claims = CallbackClaims(self.database.pool, lambda: ZONE)
        self.attempts = Attempts(self.database.pool, lambda: ZONE)
        self._calls = 0

    async def start(
        self,
        name: str = SPRING,
        settings: CampaignSettings = SETTINGS,
        lists: Sequence[int] = (),
    ) -> None:
        """Make a campaign of these lists and start it."""
        made = await self.campaigns.make(OPS, name, TEA, settings)
        if lists:
            await self.campaigns.change(OPS, name, made.change, lists=lists)
        await self.campaigns.move(OPS, name, CampaignState.RUNNING)

    async def new_list(self, project: str = TEA) -> int:
        number: int = await self.database.pool.fetchval(
            "insert into lists (project, title, made_by) values ($1, 'May', 'olga') returning list",
            project,
        )
        return number

    async def lead(self, into: int, *numbers: str, project: str = TEA, **columns: Any) -> int:
        """A lead with these numbers, and columns set to these values."""
        # At once: a running campaign claims what it finds, and judges it without what is missing.
        async with self.database.pool.acquire() as db, db.transaction():
            lead: int = await db.fetchval(
                "insert into leads (list, project, key, consent_at) values ($1, $2, $3, $4)"
                " returning lead",
                into,
                project,
                ",".join(numbers),
                NOON - timedelta(days=30),
            )
            await db.executemany(
                "insert into lead_numbers (lead, place, number) values ($1, $2, $3)",
                [(lead, place, number) for place, number in enumerate(numbers)],
            )
            for column, value in columns.items():
                await db.execute(
                    f"update leads set {column} = $2 where lead = $1",  # noqa: S608
                    lead,
                    value,
                )
        return lead

    async def leads(self, into: int, count: int, *, project: str = TEA) -> list[int]:
        """So many leads with a number each."""
        rows = await self.database.pool.fetch(
            """
            with made as (
                insert into leads (list, project, key, consent_at)
                select $1, $2, n::text, $4 from generate_series(1, $3::int) n
                returning lead, key
            ), numbered as (
                insert into lead_numbers (lead, place, number)
                select lead, 0, '+86138' || lpad(($1::int * 100000 + key::int)::text, 8, '0')
                from made returning lead
            ) select lead from numbered order by lead
            """,
            into,
            project,
            count,
            NOON - timedelta(days=30),
        )
        return [row["lead"] for row in rows]

    async def claim(
        self,
        most: int = 10,
        *,
        campaign: str = SPRING,
        by: str = US,
        now: datetime = NOON,
        lease_s: float = 60,
    ) -> list[ClaimedLead]:
        return await self.claims.claim(
            CampaignName(campaign),
            most,
            by=by,
            now=now,
            lease_s=lease_s,
        )

    async def callbacks(
        self, *, by: str = US, now: datetime = NOON, lease_s: float = 60, whose: str | None = None
    ) -> list[ClaimedCallback]:
        """Claim all callbacks that are due; with ``whose``, those that this agent may call."""
        claimed = [
            await self.callback_claims.claim(due, by=by, now=now, lease_s=lease_s)
            for due in await self.callback_claims.due(now)
            if whose is None or due.agent in (None, whose) or due.team_at <= now
        ]
        return [one for one in claimed if one is not None]

    def wish(
        self, claimed: ClaimedLead | ClaimedCallback, campaign: str | None = SPRING, **more: Any
    ) -> WishedAttempt:
        self._calls += 1
        promised = isinstance(claimed, ClaimedCallback)
        return WishedAttempt(
            CallId(f"pbx1-{self._calls}"),
            None if campaign is None else CampaignName(campaign),
            claimed.lead.lead,
            claimed.number.number,
            LineName("carrier"),
            "4001",
            Mode.CALLBACK if promised else Mode.PREDICTIVE,
            **{"with_agent": promised, **more},
        )

    async def reserve(
        self,
        claimed: ClaimedLead | ClaimedCallback,
        *,
        now: datetime = NOON,
        by: str = US,
        campaign: str | None = SPRING,
    ) -> CallId:
        """Reserve an attempt that nothing stands against."""
        wish = self.wish(claimed, campaign)
        refused = await self.attempts.reserve(wish, by=by, now=now)
        assert refused is None, refused
        return wish.attempt

    async def refusal(
        self,
        claimed: ClaimedLead | ClaimedCallback,
        *,
        now: datetime = NOON,
        by: str = US,
        campaign: str | None = SPRING,
    ) -> NotReserved:
        """Why an attempt is not reserved."""
        refused = await self.attempts.reserve(self.wish(claimed, campaign), by=by, now=now)
        assert refused is not None
        return refused

    async def happened(self, *facts: CallFact) -> None:
        """Store facts as the outbox does."""
        async with connection(self.database.pool) as db:
            await with_attempts(write)(db, [as_stored(fact) for fact in facts])

    async def column(self, lead: int, name: str) -> Any:
        return await self.database.pool.fetchval(
            f"select {name} from leads where lead = $1",  # noqa: S608
            lead,
        )


async def together(*work: Any) -> list[Any]:
    """All of it at once."""
    return list(await asyncio.gather(*work))
