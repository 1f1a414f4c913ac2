"""Orders those who call a number, learn what came of it, or put it on a list."""

from collections.abc import Iterable

import asyncpg

from storage.queries import load

_SQL = load("attempts")
NUMBER_LOCKS = 0x0FF5
"""The first half of the keys of our advisory locks of numbers."""


async def lock_numbers(db: asyncpg.Connection, numbers: Iterable[str]) -> None:
    """Take these numbers' turn until the transaction ends.

    Everybody locks numbers first, then leads, then attempts, each in order, so nobody waits for
    somebody who waits for them.
    """
    await db.execute(_SQL["lock_numbers"], NUMBER_LOCKS, list(set(numbers)))
