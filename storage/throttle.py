"""Slows down password guessing with blocks that double, by name, by address and by both."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from storage.queries import load

FAILURES_FORGOTTEN = timedelta(minutes=15)
FIRST_BLOCK_S, LONGEST_BLOCK_S = 15.0, 900.0
FREE_TRIES_HERE = 5  # a name from one address
FREE_TRIES = 30  # a name from anywhere: strangers mustn't soon lock a user out

_SQL = load("logins")


@dataclass(frozen=True, slots=True)
class Throttle:
    """The keys under which failures are counted, and how many free failures each has."""

    keys: tuple[tuple[str, int], ...]

    @staticmethod
    def of(name: str, address: str) -> "Throttle":
        """An empty ``address`` is not counted."""
        name = name[:64]
        keys = [(f"both {name} {address}", FREE_TRIES_HERE), (f"name {name}", FREE_TRIES)]
        if address:
            keys.append((f"address {address}", FREE_TRIES))
        return Throttle(tuple(sorted(keys)))  # in one order, so that logins can't deadlock

    @property
    def names(self) -> Sequence[str]:
        return [key for key, _ in self.keys]

    async def blocked_s(self, db: asyncpg.Connection, now: datetime) -> float:
        """For how many more seconds passwords are refused unchecked; 0 if one may be tried."""
        until: datetime | None = await db.fetchval(_SQL["blocked_until"], self.names, now)
        return 0.0 if until is None else (until - now).total_seconds()

    async def failed(self, db: asyncpg.Connection, now: datetime) -> None:
        """Counts a wrong password."""
        for key, free in self.keys:
            failures: int = await db.fetchval(
                _SQL["note_failure"], key, now, now - FAILURES_FORGOTTEN
            )
            if failures >= free:
                block_s = min(LONGEST_BLOCK_S, FIRST_BLOCK_S * 2 ** min(failures - free, 10))
                await db.execute(_SQL["block"], key, now + timedelta(seconds=block_s))

    async def succeeded(self, db: asyncpg.Connection) -> None:
        """Forgets this user's own mistakes at this address, and nobody else's guesses."""
        mine = next(key for key in self.names if key.startswith("both "))
        await db.execute(_SQL["forget_failures"], mine)
