"""Settles attempts that a controller has left open when it was killed.

Those that were never placed: an attempt's row is followed by the fact ``placed``, and only then is
Asterisk asked. Without that fact, nothing was sent, and the lead is free again. And those of which
nobody knows what became: they are looked up in Asterisk and in its log, and if nothing is found in
a day, they count as calls that nobody answered.
"""

from datetime import datetime, timedelta

import asyncpg
import structlog

from campaigns.attempt_outcomes import give_up
from campaigns.number_locks import lock_numbers
from domain.identity import CallId
from storage.database import connection
from storage.queries import load

log = structlog.get_logger()

_SQL, _LEADS = load("attempts"), load("leads")
AHEAD = timedelta(minutes=1)
UNKNOWN_FOR = timedelta(days=1)
"""No call lasts as long, and all caps on calls to a number within a day are kept."""


async def free_leases(pool: asyncpg.Pool, me: str) -> int:
    """Give back the leads that other controllers have claimed; returns how many.

    One controller works on a database, so the others are gone. Without this their leads would wait
    for the leases' end, which a clock that is set back puts off.
    """
    async with connection(pool) as db:
        freed = await db.fetch(_LEADS["free_leases"], me)
    return len(freed)


async def close_never_placed(pool: asyncpg.Pool, before: datetime, now: datetime) -> int:
    """Close the attempts that were reserved before this moment and have no fact; returns how many.

    Call it once the outbox has been flushed, with the moment at which this controller began: what
    an earlier one has written down is in the database then. What was reserved in the future is an
    earlier one's too, and the clock was set back.
    """
    async with connection(pool) as db, db.transaction():
        rows = await db.fetch(_SQL["never_placed"], before, now + AHEAD)
        if not rows:
            return 0
        await lock_numbers(db, [row["number"] for row in rows])
        leads = [row["lead"] for row in rows if row["lead"] is not None]
        await db.execute(_SQL["lock_leads"], leads, [])
        calls = [row["attempt"] for row in rows]
        closed = await db.fetch(_SQL["close_never_placed"], calls, now)
    log.info("attempts that were never placed are closed", attempts=len(closed))
    return len(closed)


async def give_up_unknown(pool: asyncpg.Pool, now: datetime) -> int:
    """Give up the attempts whose fate has been unknown for a day; returns how many."""
    async with connection(pool) as db:
        rows = await db.fetch(_SQL["long_unknown"], now - UNKNOWN_FOR)
    given_up = 0
    for row in rows:
        if await give_up(pool, CallId(row["attempt"]), now):
            given_up += 1
            log.warning("nobody knows what became of a call to a customer", call=row["attempt"])
    return given_up
