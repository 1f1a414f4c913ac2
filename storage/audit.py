"""Keeps the audit log: who did what to what."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg

from domain.identity import ProjectName
from storage.database import connection
from storage.projects import Projects, as_array
from storage.queries import load

_SQL = load("audit")


@dataclass(frozen=True, slots=True)
class AuditEntry:
    id: int
    at: datetime
    by: str
    action: str
    target: str
    project: ProjectName | None
    address: str
    detail: Mapping[str, Any]


def utc_now() -> datetime:
    return datetime.now(UTC)


class AuditLog:
    """The audit log, to which entries are only ever added. While the database is away, each call
    raises one of ``storage.database_errors.AWAY``."""

    def __init__(self, pool: asyncpg.Pool, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._pool = pool
        self._clock = clock

    async def write(
        self,
        by: str,
        action: str,
        target: str = "",
        *,
        project: ProjectName | None = None,
        address: str = "",
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Adds an entry."""
        async with connection(self._pool) as db:
            await self.write_with(
                db, by, action, target, project=project, address=address, detail=detail
            )

    async def write_with(
        self,
        db: Any,
        by: str,
        action: str,
        target: str,
        *,
        project: ProjectName | None = None,
        address: str = "",
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Adds an entry in ``db``'s transaction, which does what the entry says."""
        values = (by, action, target, project, address, dict(detail or {}))
        await db.execute(_SQL["add_entry"], self._clock(), *values)

    async def entries(
        self,
        *,
        projects: Projects,
        by: str | None = None,
        action: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> tuple[AuditEntry, ...]:
        """Entries, newest first; for the next page, pass the last entry's id as ``before``."""
        async with connection(self._pool) as db:
            rows = await db.fetch(
                _SQL["list_entries"],
                as_array(projects),
                by,
                action,
                start,
                end,
                before,
                min(max(1, limit), 1000),
            )
        return tuple(AuditEntry(**dict(row)) for row in rows)
