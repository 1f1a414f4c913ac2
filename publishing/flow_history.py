"""What calls meet and have met of flows: editions, and the revisions that they consist of."""

from collections.abc import Mapping
from dataclasses import replace

import asyncpg

from documents.patient_matching import unified_lines
from domain.roles import Actor
from publishing.flow_checks import edition_of, unpublished_flows
from publishing.flow_drafts import draft_for
from publishing.flow_words import FlowEdition, FlowPeriod, FlowRefusal, FlowRefused, FlowRevision
from publishing.kept_sentences import sentences_read
from storage.database import connection
from storage.queries import load

_SQL = load("flows")
MOST_REVISIONS = 200

CHANNEL = "offhook_flows"
"""What PostgreSQL notifies of each new edition."""


class FlowHistory:
    """The editions and revisions of all flows, which never change. While the database is away, each
    call raises one of ``storage.database_errors.AWAY``."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def newest(self) -> FlowEdition:
        """The edition that the next call meets."""
        async with connection(self._pool) as db:
            return await edition_of(db, await db.fetchval(_SQL["newest"]))

    async def newest_number(self) -> int:
        """The number of that edition; 0: nothing has been published."""
        async with connection(self._pool) as db:
            number: int = await db.fetchval(_SQL["newest"])
        return number

    async def other_than(self, edition: int, db: asyncpg.Connection) -> FlowEdition | None:
        """The edition that the next call meets by what this connection sees; None: it is this."""
        newest = await db.fetchval(_SQL["newest"])
        return None if newest == edition else await edition_of(db, newest)

    async def unpublished(self) -> Mapping[str, str]:
        """The flows that exist only as drafts, each with its project ("": every project's)."""
        async with connection(self._pool) as db:
            return await unpublished_flows(db)

    async def edition(self, edition: int) -> FlowEdition:
        """An edition, perhaps an old one in which calls are under way."""
        async with connection(self._pool) as db:
            return await edition_of(db, edition)

    async def revisions(self, actor: Actor, flow: str) -> tuple[FlowRevision, ...]:
        """The revisions of a flow, the newest first, without their texts. Raises FlowRefused."""
        async with connection(self._pool) as db:
            draft_for(actor, await db.fetchrow(_SQL["draft"], flow))
            rows = await db.fetch(_SQL["revisions"], flow, MOST_REVISIONS)
        return tuple(revision_of(flow, row) for row in rows)

    async def periods(self, actor: Actor, flow: str) -> tuple[FlowPeriod, ...]:
        """From when to when calls met which revision, the newest first. Raises FlowRefused."""
        async with connection(self._pool) as db:
            draft_for(actor, await db.fetchrow(_SQL["draft"], flow))
            rows = await db.fetch(_SQL["periods"], flow)
        ends = [None, *(row["at"] for row in rows)]
        return tuple(
            FlowPeriod(row["number"], row["at"], until, row["by"], row["why"])
            for row, until in zip(rows, ends, strict=False)
        )

    async def revision(self, actor: Actor, flow: str, number: int) -> FlowRevision:
        """One revision, with its text. Raises FlowRefused."""
        async with connection(self._pool) as db:
            draft_for(actor, await db.fetchrow(_SQL["draft"], flow))
            row = await db.fetchrow(_SQL["revision"], flow, number)
        if row is None:
            raise FlowRefused(FlowRefusal.UNKNOWN)
        return replace(revision_of(flow, row), text=row["text"], tests=row["tests"])


def difference(before: str, after: str, names: tuple[str, str]) -> tuple[str, ...]:
    """The lines by which two texts differ, as a unified difference."""
    return tuple(unified_lines(before, after, names))


def revision_of(flow: str, row: asyncpg.Record) -> FlowRevision:
    """The revision of a row, without its texts."""
    return FlowRevision(
        flow,
        row["number"],
        row["at"],
        row["by"],
        row["note"],
        tuple(row["warnings"]),
        row["edition"],
        sentences=sentences_read(row["warnings"], row["sentences"]),
    )
