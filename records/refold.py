"""Recomputes calls' rows that an older fold made, after an update that changed what is counted.

Calls go on meanwhile; until its turn comes, a day's figures stay as the older fold made them.
"""

import asyncio
import time

import asyncpg
import structlog

from machine.one_line import in_one_line
from records.call_rows import CallNameRow
from records.writing import LOCKS, recompute
from storage.database import connection
from storage.database_errors import AWAY
from storage.queries import load

log = structlog.get_logger()

BATCH = 50
REST_S = 0.05
"""The pause between batches, so that live calls mostly have the database to themselves."""
RETRY_S = 5.0

_SQL = load("outbox")


async def refold(pool: asyncpg.Pool) -> None:
    """Returns when all calls' rows come from the present fold. Waits while the database is away."""
    done, told_at = 0, time.monotonic()
    while True:
        try:
            number = await _some(pool)
        except AWAY as error:
            log.warning("the figures of old calls wait for the database", why=in_one_line(error))
            await asyncio.sleep(RETRY_S)
            continue
        done += number
        if number == 0:
            if done:
                log.info("the figures of old calls are recounted", calls=done)
            return
        if time.monotonic() > told_at + 30:
            told_at = time.monotonic()
            log.info("recounting the figures of old calls, the newest first", calls=done)
        await asyncio.sleep(REST_S)


async def _some(pool: asyncpg.Pool) -> int:
    async with connection(pool) as db, db.transaction():
        rows: list[CallNameRow] = await db.fetch(_SQL["some_to_refold"], BATCH)
        calls = [row["call"] for row in rows]
        if calls:
            await db.execute(_SQL["lock_calls"], LOCKS, calls)
            await recompute(db, calls)
            await db.execute(_SQL["refolded"], calls)
    return len(calls)
