"""Reads agents' states, present and past, from the database."""

from collections.abc import Iterable
from datetime import datetime
from typing import TypedDict
from uuid import UUID

import asyncpg
import structlog

from domain.agent_facts import AgentFact, AgentState
from domain.centre import Agent
from domain.identity import AgentCode, CallId, StationName
from machine.one_line import in_one_line
from storage.database import connection
from storage.projects import Projects, as_array
from storage.queries import load

HISTORY_LIMIT = 5_000

_SQL = load("agents")

log = structlog.get_logger()


class _NameRow(TypedDict):
    agent: AgentCode
    name: str


class _AgentFactRow(TypedDict):
    id: UUID
    agent: AgentCode
    at: datetime
    state: str
    reason: str | None
    station: StationName | None
    call: CallId | None


class AgentStore:
    """Reads agents' states. A viewer sees the agents who work in one of their projects.

    While the database is away each read raises one of ``storage.database_errors.AWAY``.
    """

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def remember(self, agents: Iterable[Agent]) -> None:
        """Stores the configured agents' names and projects; call it once at every start."""
        known = list(agents)
        async with connection(self._pool) as db:
            await db.execute(
                _SQL["remember_agents"],
                [agent.code for agent in known],
                [agent.name for agent in known],
                [{"projects": list(agent.projects)} for agent in known],
            )

    async def names(self, *, projects: Projects = None) -> dict[AgentCode, str]:
        """Names by code, including agents who are no longer in the configuration."""
        async with connection(self._pool) as db:
            rows: list[_NameRow] = await db.fetch(_SQL["agent_names"], as_array(projects))
        return {row["agent"]: row["name"] for row in rows}

    async def last_states(self, *, projects: Projects = None) -> dict[AgentCode, AgentFact]:
        """The last fact of each agent, for ``Restore``. Complete once the outbox is flushed.

        An agent whose state is unknown (to this version of Offhook, say) is left out and logged.
        """
        async with connection(self._pool) as db:
            rows: list[_AgentFactRow] = await db.fetch(_SQL["last_states"], as_array(projects))
        found: dict[AgentCode, AgentFact] = {}
        for row in rows:
            try:
                found[row["agent"]] = _fact(row)
            except ValueError as error:
                log.error(
                    "an agent's last state can't be read; it is left out",
                    agent=row["agent"],
                    why=in_one_line(error),
                )
        return found

    async def history(
        self,
        agent: AgentCode,
        start: datetime | None = None,
        end: datetime | None = None,
        *,
        projects: Projects,
        limit: int = 500,
    ) -> tuple[AgentFact, ...]:
        """An agent's states, newest first; ``start`` counts, ``end`` does not."""
        async with connection(self._pool) as db:
            rows: list[_AgentFactRow] = await db.fetch(
                _SQL["agent_history"],
                agent.replace("\x00", ""),
                start,
                end,
                as_array(projects),
                min(max(1, limit), HISTORY_LIMIT),
            )
        return tuple(_fact(row) for row in rows)


def _fact(row: _AgentFactRow) -> AgentFact:
    return AgentFact(
        id=str(row["id"]),
        agent=row["agent"],
        at=row["at"],
        state=AgentState(row["state"]),
        reason=row["reason"],
        station=row["station"],
        call=row["call"],
    )
