"""Gives many new agents at once the users with whom they sign in at their desks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from domain.identity import AgentCode, ProjectName
from domain.roles import Role
from storage.audit import AuditAction, AuditLog
from storage.queries import load

_SQL = load("first_users")


@dataclass(frozen=True, slots=True)
class FirstUser:
    """A new agent's user, who is named after the code. ``hashed``: of the first password
    (``storage.password_hashing.hash_first_password``); None: they get no user."""

    agent: AgentCode
    hashed: str | None
    projects: tuple[ProjectName, ...]

    def __repr__(self) -> str:
        return f"FirstUser({self.agent})"


async def names_in_the_way(
    db: asyncpg.Connection, agents: Sequence[AgentCode]
) -> frozenset[AgentCode]:
    """Those of these new agents who can't get a user: somebody else has the name, or works as
    them."""
    return frozenset(row["code"] for row in await db.fetch(_SQL["in_the_way"], list(agents)))


async def employ_all(
    db: asyncpg.Connection,
    audit: AuditLog,
    newcomers: Sequence[FirstUser],
    *,
    by: str,
    at: datetime,
) -> frozenset[AgentCode]:
    """As ``UserStore.employing`` does for one: users of earlier agents of these codes are disabled,
    or are the new agents' from now on. Returns those who have a user now; whoever can't get one
    doesn't stand in the way of the others."""
    await db.execute(_SQL["end_sessions"], [one.agent for one in newcomers])
    wanted = [one for one in newcomers if one.hashed is not None]
    codes, hashes = [one.agent for one in wanted], [one.hashed for one in wanted]
    disabled = await db.fetch(_SQL["disable_former"], [one.agent for one in newcomers], codes)
    renewed = await db.fetch(_SQL["take_over"], codes, hashes, at)
    created = await db.fetch(
        _SQL["create"],
        codes,
        hashes,
        [{"projects": list(one.projects)} for one in wanted],
        at,
    )
    for action, rows in (
        (AuditAction.USER_CHANGED, [(row["name"], {"disabled": True}) for row in disabled]),
        (AuditAction.PASSWORD_CHANGED, [(row["name"], {}) for row in renewed]),
        (
            AuditAction.USER_CREATED,
            [(row["name"], {"role": Role.AGENT, "projects": row["projects"]}) for row in created],
        ),
    ):
        if rows:
            await audit.write_many_with(db, by, action, rows)
    return frozenset(row["agent"] for row in (*renewed, *created))
