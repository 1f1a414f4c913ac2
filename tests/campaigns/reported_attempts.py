"""Rows of attempts for tests of reports, as calls leave them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from domain.identity import AgentCode
from storage.database import Database
from tests.campaigns.attempt_facts import ANN
from tests.campaigns.campaigns_scene import NOON

Came = Mapping[str, str | None]
"""Columns that say what an attempt came to."""

TALKED: Came = {"outcome": "spoken", "stage": "ended", "agent": ANN}
ABANDONED: Came = {"outcome": "abandoned", "stage": "abandoned"}
NOBODY: Came = {"outcome": "nobody", "stage": "not_reached", "cause": "no_answer"}
MACHINE: Came = {"outcome": "machine", "stage": "machine"}
INVALID: Came = {"outcome": "nobody", "stage": "not_reached", "cause": "invalid"}
TRUNK: Came = {"outcome": None, "stage": "not_reached", "cause": "congestion"}
OPEN: Came = {"outcome": None, "stage": "ringing", "ended_at": None}
NEVER: Came = {"outcome": None, "stage": "not_reached", "applied": "never_placed"}
_COLUMNS = (
    "campaign", "project", "number", "mode", "agent", "stage", "reserved_at", "ended_at", "outcome",
    "cause", "applied", "disposition", "lead", "list", "sub_reason", "note",
)  # fmt: skip


class ReportedAttempts:
    """Writes rows of attempts, one after the other."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._count = 0

    async def add(self, came: Came, count: int = 1, at: datetime = NOON, **more: object) -> None:
        """So many attempts that came to this, reserved at ``at``, a microsecond apart."""
        for number in range(count):
            self._count += 1
            began = at + timedelta(microseconds=number)
            values = {
                "campaign": "spring", "project": "tea", "mode": "predictive",
                "number": f"+86139{self._count:08}", "reserved_at": began, "ended_at": began,
            }  # fmt: skip
            row = {**values, **came, **more}
            await self._database.pool.execute(
                f"insert into attempts (attempt, {', '.join(_COLUMNS)})"  # noqa: S608
                f" values ($1, {', '.join(f'${place + 2}' for place in range(len(_COLUMNS)))})",
                f"pbx1-r{self._count}",
                *(row.get(column) for column in _COLUMNS),
            )

    async def agent(self, code: str, *projects: str) -> None:
        """An agent who works for these projects."""
        await self._database.pool.execute(
            "insert into agents (agent, name, projects) values ($1, $1, $2)", code, list(projects)
        )

    async def state(self, agent: str, at: datetime, state: str) -> None:
        """What an agent did."""
        await self._database.pool.execute(
            "insert into agent_facts (id, agent, at, state) values (gen_random_uuid(), $1, $2, $3)",
            AgentCode(agent),
            at.astimezone(UTC),
            state,
        )
