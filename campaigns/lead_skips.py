"""Keeps why an agent would not call a lead that they were shown, and when it is shown again."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

import asyncpg

from campaigns.campaign import CampaignSettings
from campaigns.lead_service import LeadChangeKind
from domain.identity import AgentCode, CampaignName
from storage.database import connection
from storage.queries import load

_SQL = load("lead_skips")
_KIND = LeadChangeKind.SKIPPED
MOST_NOTE = 500


class SkipReason(StrEnum):
    """Why an agent skips a lead, in a project without reasons of its own
    (``campaigns.skip_choices``)."""

    LATER = "later"  # not at this time of day, say
    UNSUITABLE = "unsuitable"  # not a customer for this campaign
    WRONG_DATA = "wrong_data"  # name, number or fields can't be right
    KNOWN = "known"  # somebody else is on it, or it was done already
    OTHER = "other"  # the note says it


class LeadSkips:
    """The skips. While the database is away, ``skip`` raises one of
    ``storage.database_errors.AWAY``, and nothing has been changed."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def skip(
        self,
        lead: int,
        campaign: CampaignName,
        settings: CampaignSettings,
        agent: AgentCode,
        reason: str,
        note: str,
        *,
        by: str,
        now: datetime,
    ) -> bool:
        """Give back a lead that is claimed by ``by``, to be looked at again after the campaign's
        gap between attempts. It has had no attempt, so none is counted. False: it was not claimed
        any more, and nothing was changed.
        """
        again_at = now + timedelta(seconds=settings.gap_s)
        text = note.replace("\x00", "").strip()[:MOST_NOTE]
        detail: Mapping[str, str] = {"reason": str(reason), "note": text, "campaign": campaign}
        async with connection(self._pool) as db, db.transaction():
            if await db.fetchval(_SQL["skip"], lead, by, again_at, now) is None:
                return False
            await db.execute(_SQL["note_skip"], lead, now, agent, _KIND.value, dict(detail))
        return True
