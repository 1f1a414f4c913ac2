"""Says whether a project knows somebody by their number: from the lists of its leads."""

from collections.abc import Iterable

import asyncpg

from domain.identity import ProjectName
from storage.database import connection
from storage.queries import load

_SQL = load("customer_cards")


class KnownCustomers:
    """The customers of all projects. While the database is away, each call raises one of
    ``storage.database_errors.AWAY``."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def is_customer(self, project: ProjectName, numbers: Iterable[str]) -> bool:
        """Whether a lead of the project has one of these numbers, in E.164."""
        async with connection(self._pool) as db:
            found: bool = await db.fetchval(_SQL["is_customer"], project, list(numbers))
        return found
