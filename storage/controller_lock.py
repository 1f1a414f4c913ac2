"""Sees to it that one controller at a time works on a database.

Two would write down the same calls and offer the same agents. The lock is a session's: PostgreSQL
releases it when its connection ends, whatever ended that.
"""

import asyncio
import contextlib
from collections.abc import Callable
from time import monotonic

import asyncpg
import structlog

from machine.one_line import in_one_line
from storage.database_errors import AWAY
from storage.queries import load

log = structlog.get_logger()

_SQL = load("controller_lock")
GRACE_S = 15.0
"""How long another controller's lock must be free before we take it: when a database is restarted,
whoever held the lock is to have it again."""
LOOK_EVERY_S = 1.0
SOON_S = 0.05
"""How often we look while our own predecessor, which has died, still has the lock."""
CONNECT_TIMEOUT_S = 5.0

_SETTINGS = {
    # A machine that is gone must not hold the lock for hours.
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "2",
}


class ControllerLock:
    """The lock of the database at ``dsn``.

    ``me`` is the same for a controller and those that are started in its place. ``waits`` is given
    one line for a person when another one has the lock.
    """

    def __init__(
        self,
        dsn: str,
        me: str,
        *,
        waits: Callable[[str], None],
        grace_s: float = GRACE_S,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._dsn = dsn
        self._name = f"offhook {me}"[:63]
        self._waits = waits
        self._grace_s = grace_s
        self._look_every_s = look_every_s
        self._held: asyncpg.Connection | None = None

    async def take(self) -> None:
        """Wait until the lock is ours. Raises one of ``AWAY`` if the database is away at first."""
        others: str | None = None
        free_since: float | None = None
        look_again_s = self._look_every_s
        while self._held is None:
            try:
                db = await self._connect()
            except AWAY:
                if others is None:
                    raise
                await asyncio.sleep(self._look_every_s)
                continue
            try:
                holder = await db.fetchrow(_SQL["holder"])
                now = monotonic()
                look_again_s = self._look_every_s
                if holder is None:
                    free_since = free_since or now
                    long_enough = others is None or now - free_since >= self._grace_s
                    if long_enough and await db.fetchval(_SQL["try_lock"]):
                        self._held = db
                elif holder["name"] == self._name:
                    look_again_s = min(SOON_S, self._look_every_s)
                else:
                    free_since = None
                    if others is None:
                        others = holder["whose"]
                        self._waits(
                            f"another controller ({others}) works on this database; this one waits"
                            " until that one has ended"
                        )
            except AWAY as error:
                log.info("the controller's lock can't be looked at", why=in_one_line(error))
            finally:
                if self._held is not db:
                    await _close(db)
            if self._held is None:
                await asyncio.sleep(look_again_s)

    async def hold(self, taken: Callable[[], None]) -> None:
        """Have the lock, and have it again after the database was away, until cancelled.

        ``taken`` is called once if another controller has it by then.
        """
        while True:
            if self._held is not None:
                try:
                    async with asyncio.timeout(CONNECT_TIMEOUT_S):
                        await self._held.fetchval("select 1")
                except AWAY:
                    held, self._held = self._held, None
                    held.terminate()
            if self._held is None and await self._is_taken():
                taken()
                return
            await asyncio.sleep(self._look_every_s)

    async def _is_taken(self) -> bool:
        """Try to have the lock; whether another one has it."""
        with contextlib.suppress(*AWAY):
            db = await self._connect()
            try:
                if await db.fetchval(_SQL["try_lock"]):
                    self._held = db
                    return False
                return await db.fetchrow(_SQL["holder"]) is not None
            finally:
                if self._held is not db:
                    await _close(db)
        return False

    async def close(self) -> None:
        """Release the lock."""
        held, self._held = self._held, None
        if held is not None:
            await _close(held)

    async def _connect(self) -> asyncpg.Connection:
        return await asyncpg.connect(
            self._dsn,
            timeout=CONNECT_TIMEOUT_S,
            server_settings={**_SETTINGS, "application_name": self._name},
        )


async def _close(db: asyncpg.Connection) -> None:
    try:
        await db.close(timeout=2.0)
    except AWAY:
        db.terminate()
