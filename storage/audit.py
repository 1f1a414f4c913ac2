"""Keeps the audit log: who did what to what."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypedDict

import asyncpg

from domain.identity import ProjectName
from domain.reasons import Unlisted
from storage.database import connection
from storage.projects import Projects, as_array
from storage.queries import load

_SQL = load("audit")


class AuditAction(StrEnum):
    """What somebody did. The values are stored, so none may change."""

    LOGGED_IN = "logged in"
    LOGIN_REFUSED = "login refused"
    LOGGED_OUT = "logged out"
    SESSION_ENDED = "session ended"
    OTHER_SESSIONS_ENDED = "other sessions ended"
    USER_CREATED = "user created"
    USER_CHANGED = "user changed"
    PASSWORD_CHANGED = "password changed"  # noqa: S105 - not one
    AGENT_CODE_TAKEN_AWAY = "agent code taken away"  # by a migration: two users had it
    AGENT_SET_READY = "agent ready"
    AGENT_CONNECTED = "agent connect"
    AGENT_DISCONNECTED = "agent disconnect"
    AGENT_SENT_AWAY = "agent away"
    AGENT_LOGGED_OUT = "agent log_out"
    AGENT_LOGGED_IN = "agent log_in"
    FLOW_SECRET_SET = "flow secret set"  # noqa: S105 - not one
    FLOW_SECRET_REMOVED = "flow secret removed"  # noqa: S105 - not one
    SERVICE_ALLOWED = "service allowed"
    SERVICE_DISALLOWED = "service disallowed"
    RECORDING_LISTENED = "recording listened"
    RECORDING_DOWNLOADED = "recording downloaded"
    WORK_DONE = "work done"  # a voicemail, a callback, a missed call
    WORK_REOPENED = "work reopened"


class AuditRow(TypedDict):
    """A row of ``audit_log``."""

    id: int
    at: datetime
    by: str
    action: str
    target: str
    project: ProjectName | None
    address: str
    detail: dict[str, object]


@dataclass(frozen=True, slots=True)
class AuditEntry:
    id: int
    at: datetime
    by: str
    action: AuditAction | Unlisted
    target: str
    project: ProjectName | None
    address: str
    detail: Mapping[str, object]

    @staticmethod
    def of(row: AuditRow) -> "AuditEntry":
        """The entry of a row; another version of Offhook may have written actions of its own."""
        word = row["action"]
        return AuditEntry(
            id=row["id"],
            at=row["at"],
            by=row["by"],
            action=AuditAction(word) if word in set(AuditAction) else Unlisted(word),
            target=row["target"],
            project=row["project"],
            address=row["address"],
            detail=row["detail"],
        )


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
        action: AuditAction,
        target: str = "",
        *,
        project: ProjectName | None = None,
        address: str = "",
        detail: Mapping[str, object] | None = None,
    ) -> None:
        """Adds an entry."""
        async with connection(self._pool) as db:
            await self.write_with(
                db, by, action, target, project=project, address=address, detail=detail
            )

    async def write_with(
        self,
        db: asyncpg.Connection,
        by: str,
        action: AuditAction,
        target: str,
        *,
        project: ProjectName | None = None,
        address: str = "",
        detail: Mapping[str, object] | None = None,
    ) -> None:
        """Adds an entry in ``db``'s transaction, which does what the entry says."""
        values = (by, action, target, project, address, dict(detail or {}))
        await db.execute(_SQL["add_entry"], self._clock(), *values)

    async def write_many_with(
        self,
        db: asyncpg.Connection,
        by: str,
        action: AuditAction,
        targets: Sequence[tuple[str, Mapping[str, object]]],
    ) -> None:
        """Adds an entry for each target, with its detail, in ``db``'s transaction."""
        await db.execute(
            _SQL["add_entries"],
            self._clock(),
            by,
            action,
            [target for target, _ in targets],
            [dict(detail) for _, detail in targets],
        )

    async def entries(
        self,
        *,
        projects: Projects,
        by: str | None = None,
        action: AuditAction | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> tuple[AuditEntry, ...]:
        """Entries, newest first; for the next page, pass the last entry's id as ``before``."""
        async with connection(self._pool) as db:
            rows: list[AuditRow] = await db.fetch(
                _SQL["list_entries"],
                as_array(projects),
                by,
                action,
                start,
                end,
                before,
                min(max(1, limit), 1000),
            )
        return tuple(AuditEntry.of(row) for row in rows)
