"""The database at a start: needed the first time; later a controller begins without it if it must.

Then agents' states and open calls are those that were last known here, facts wait in the outbox,
and when the database is back, whatever it knows beyond that is caught up with.
"""

import asyncio
import random
from collections.abc import Iterable, Mapping

import asyncpg
import structlog

from domain.centre import Centre
from domain.facts import AgentFact
from domain.identity import AgentCode
from engine.engine import Engine
from engine.ports import BegunWithout
from machine.one_line import in_one_line
from records.call_queries import CallStore, StoredCall, stored_call
from records.refold import refold
from records.writing import write
from storage.accounts import accounts_of
from storage.agent_history import AgentStore
from storage.database import bring_forward
from storage.database_errors import AWAY, DatabaseUnreachable, SchemaBroken, SchemaTooNew
from storage.last_known import LastKnown, newest
from storage.outbox import Outbox

log = structlog.get_logger()

NO_USE = (*AWAY, asyncpg.PostgresError)
"""Whatever it says: a start that can do without it does not depend on what is wrong there."""
PATIENCE_S = 2.0
"""So long calls wait for the database, if it can be done without."""
RETRY_FIRST_S, RETRY_LAST_S = 0.5, 5.0


class DatabaseAtStart:
    """Opens the database of ``pool``, at once or when it comes."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        dsn: str,
        outbox: Outbox,
        last_known: LastKnown,
        centre: Centre,
        admin_password: str,
    ) -> None:
        self.accounts, self.agents, self.calls = (
            accounts_of(pool),
            AgentStore(pool),
            CallStore(pool),
        )
        self.without: BegunWithout | None = None
        """What the controller goes on; None: it has all."""
        self._pool = pool
        self._dsn = dsn
        self._outbox = outbox
        self._last_known = last_known
        self._centre = centre
        self._admin_password = admin_password
        self._opened = asyncio.Event()

    async def carry(self) -> None:
        """Pump the outbox, from when the database is open until cancelled."""
        await self._opened.wait()
        await self._outbox.pump(self._pool, write)

    async def refold(self) -> None:
        """Make the calls' rows of an older Offhook anew, from when the database is open."""
        await self._opened.wait()
        await refold(self._pool)

    async def begin(self) -> tuple[Mapping[AgentCode, AgentFact], Iterable[StoredCall]]:
        """Agents' last states and the calls without an end, by all that is known here.

        Needs ``carry`` to run. Raises what the database raises (StorageError, mostly) if it can't
        be opened and nobody has served here before.
        """
        known = self._last_known
        try:
            async with asyncio.timeout(PATIENCE_S if known.found else None):
                await self._open()
                await self._outbox.flushed()
                states, open_calls = await self._ask()
        except NO_USE as error:
            if not known.found or isinstance(error, SchemaTooNew | SchemaBroken):
                raise
            self._go_without(error)
            return known.agents, [stored_call(facts) for facts in known.open_calls]
        return newest(known.agents.values(), states.values()), open_calls

    async def catch_up(self, engine: Engine) -> None:
        """After a start without it: wait for the database, and take from it what is missing."""
        if self.without is None:
            return
        retry_s = RETRY_FIRST_S
        said = ""
        while True:
            try:
                if not self._opened.is_set():
                    await self._open()
                await self._outbox.flushed()
                states, open_calls = await self._ask()
                break
            except NO_USE as error:
                answers = not isinstance(error, OSError | DatabaseUnreachable)
                if answers and str(error) != said:
                    said = str(error)
                    log.error("the database is back and can't be used", why=in_one_line(error))
                await asyncio.sleep(retry_s * random.uniform(0.5, 1.0))  # noqa: S311
                retry_s = min(retry_s * 2, RETRY_LAST_S)
        agents, calls = engine.catch_up(states, open_calls)
        self.without = None
        engine.changes.touch()
        log.info("the database is back", agents_restored=agents, calls_closed=calls)

    async def _open(self) -> None:
        await bring_forward(self._pool, self._dsn)
        await self.accounts.users.ensure_admin("admin", self._admin_password)
        await self.agents.remember(self._centre.agents)
        self._opened.set()

    async def _ask(self) -> tuple[Mapping[AgentCode, AgentFact], Iterable[StoredCall]]:
        return await self.agents.last_states(), await self.calls.open_calls()

    def _go_without(self, error: BaseException) -> None:
        at = self._last_known.written_at
        why = in_one_line(error) if str(error) else f"it took longer than {PATIENCE_S:.0f} s"
        self.without = BegunWithout(at)
        log.error(
            "the controller begins without its database; calls, queues and agents at their phones"
            " go on, signing in to the console may not work. See that PostgreSQL runs and can"
            " be written to, all is stored by itself then",
            why=why,
            last_known=None if at is None else at.isoformat(timespec="seconds"),
            agents=len(self._last_known.agents),
            open_calls=len(self._last_known.open_calls),
        )
