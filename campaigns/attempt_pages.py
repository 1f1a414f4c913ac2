"""Lists a campaign's attempts, the newest first, a page at a time."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from campaigns.attempts import StoredAttempt, attempt_of
from campaigns.campaign_service import CampaignRefusal, CampaignRefused
from domain.identity import CallId, CampaignName
from domain.roles import Actor, Role
from storage.database import connection
from storage.queries import load

_SQL, _FUNNEL = load("attempts"), load("funnel")
MOST_ATTEMPTS = 500


@dataclass(frozen=True, slots=True)
class AttemptPlace:
    """Where an attempt is in the list."""

    reserved_at: datetime
    attempt: CallId


@dataclass(frozen=True, slots=True)
class ListedAttempt:
    """An attempt, and its lead's name."""

    attempt: StoredAttempt
    lead_name: str

    @property
    def place(self) -> AttemptPlace:
        """Pass it as ``before`` to get those that follow."""
        return AttemptPlace(self.attempt.reserved_at, self.attempt.attempt)


class AttemptPages:
    """The attempts of campaigns. While the database is away, each call raises one of
    ``storage.database_errors.AWAY``."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def page(
        self,
        actor: Actor,
        campaign: CampaignName,
        *,
        before: AttemptPlace | None = None,
        limit: int = 50,
    ) -> tuple[ListedAttempt, ...]:
        """The newest, or those that follow ``before``. Raises CampaignRefused."""
        most = min(max(1, limit), MOST_ATTEMPTS)
        async with connection(self._pool) as db:
            row = await db.fetchrow(_FUNNEL["campaign"], campaign)
            if row is None or not actor.has(row["project"]) or actor.role is Role.AGENT:
                raise CampaignRefused(CampaignRefusal.NO_SUCH, "name", campaign)
            rows = await db.fetch(
                _SQL["attempts_of_campaign"],
                campaign,
                None if before is None else before.reserved_at,
                None if before is None else before.attempt,
                most,
            )
        return tuple(ListedAttempt(attempt_of(each), each["lead_name"]) for each in rows)
