"""Opens the database at a start; after the first time, a controller can begin without it.

Without it, agents' states and open calls are those last known on this machine, and facts wait in
the outbox. When the database is back, the controller catches up with what it knows beyond that.
"""

import asyncio
import random
from collections.abc import Iterable, Mapping

import asyncpg
import structlog

from campaigns.attempt_outcomes import with_attempts
from domain.agent_facts import AgentFact
from domain.identity import AgentCode
from engine.board_ports import BegunWithout
from engine.engine import Engine
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
"""Any error: a start that can do without the database doesn't depend on what is wrong there."""
PATIENCE_S = 2.0
"""How long calls wait for a database that is not indispensable."""
RETRY_FIRST_S, RETRY_LAST_S = 0.5, 5.0


class DatabaseAtStart:
    """Opens the database of ``pool``, at once or when it becomes available."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        dsn: str,
        outbox: Outbox,
        last_known: LastKnown,
        admin_password: str,
    ) -> None:
        self.accounts, self.agents, self.calls = (
            accounts_of(pool),
            AgentStore(pool),
            CallStore(pool),
        )
        self.without: BegunWithout | None = None
        """What the controller makes do with; None if it has everything."""
        self._pool = pool
        self._dsn = dsn
        self._outbox = outbox
        self._last_known = last_known
        self._admin_password = admin_password
        self._opened = asyncio.Event()

    async def open(self) -> None:
        """Wait until the database is open."""
        await self._opened.wait()

    async def carry(self) -> None:
        """Once the database is open, pump the outbox until cancelled."""
        await self._opened.wait()
        await self._outbox.pump(self._pool, with_attempts(write))

    async def refold(self) -> None:
        """Once the database is open, make anew the calls' rows that an older Offhook wrote."""
        await self._opened.wait()
        await refold(self._pool)

    async def begin(self) -> tuple[Mapping[AgentCode, AgentFact], Iterable[StoredCall]]:
        """Agents' last states and the calls without an end, from all that is known here.

        ``carry`` must be running. Raises what the database raises (mostly StorageError) if it can't
        be opened and no controller has run here before.
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
        """After a start without the database: wait for it, and take what is missing from it."""
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
                    log.error("the database is back but can't be used", why=in_one_line(error))
                await asyncio.sleep(retry_s * random.uniform(0.5, 1.0))  # noqa: S311
                retry_s = min(retry_s * 2, RETRY_LAST_S)
        agents, calls = engine.catch_up(states, open_calls)
        self.without = None
        engine.changes.touch()
        log.info("the database is back", agents_restored=agents, calls_closed=calls)

    async def _open(self) -> None:
        await bring_forward(self._pool, self._dsn)
        await self.accounts.users.ensure_admin("admin", self._admin_password)
        self._opened.set()

    async def _ask(self) -> tuple[Mapping[AgentCode, AgentFact], Iterable[StoredCall]]:
        return await self.agents.last_states(), await self.calls.open_calls()

    def _go_without(self, error: BaseException) -> None:
        at = self._last_known.written_at
        why = in_one_line(error) if str(error) else f"it took longer than {PATIENCE_S:.0f} s"
        self.without = BegunWithout(at)
        log.error(
            "the controller begins without its database; calls, queues and agents at their phones"
            " go on, but signing in to the console may not work. Make sure that PostgreSQL runs"
            " and can be written to; then everything is stored without further ado",
            why=why,
            last_known=None if at is None else at.isoformat(timespec="seconds"),
            agents=len(self._last_known.agents),
            open_calls=len(self._last_known.open_calls),
        )
