"""How often the entry rules of a number have led calls into another flow, from the calls' facts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from storage.database import connection
from storage.queries import load

_SQL = load("entry_figures")


@dataclass(frozen=True, slots=True)
class RuleUse:
    """How often a rule has held since a moment, and when last; None: never."""

    times: int = 0
    last: datetime | None = None


class EntryFigures:
    """The uses of entry rules. While the database is away, each call raises one of
    ``storage.database_errors.AWAY``."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def of(self, number: str, since: datetime) -> Mapping[str, RuleUse]:
        """The uses of a number's rules, by their names; those that never held are left out."""
        async with connection(self._pool) as db:
            rows = await db.fetch(_SQL["uses"], number, since)
        return {row["rule"]: RuleUse(row["times"], row["last"]) for row in rows}
