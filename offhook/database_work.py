"""Puts together what is remembered: the database, the outbox before it, and this machine's own
file of what was last known."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from domain.agent_facts import AgentFact
from domain.identity import AgentCode
from engine.reconcile.database_at_start import DatabaseAtStart
from offhook.background import run_beside
from records.call_queries import StoredCall
from storage.database import check_address, close_pool, make_pool
from storage.last_known import LAST_KNOWN, LastKnown
from storage.outbox import Outbox


@dataclass(frozen=True, slots=True)
class DatabaseWork:
    """The database of one controller, and what was in it at the start."""

    pool: asyncpg.Pool
    outbox: Outbox
    database: DatabaseAtStart
    states: Mapping[AgentCode, AgentFact]
    """The last of each agent."""
    open_calls: Iterable[StoredCall]
    open_now: bool
    """Whether the database is there, rather than only what was last known."""

    @classmethod
    async def begin(
        cls,
        stack: AsyncExitStack,
        dsn: str,
        state: Path,
        admin_password: str,
        alone: AbstractAsyncContextManager[None] | None,
    ) -> "DatabaseWork":
        """Open what there is, once ``alone`` says that no other controller uses it. When the stack
        unwinds, what the database does not have yet stays in the outbox.

        Raises StorageError if the database can't be used and nothing is known here.
        """
        check_address(dsn)
        pool = await make_pool(dsn)
        stack.push_async_callback(close_pool, pool)
        last_known = LastKnown(state / LAST_KNOWN)
        outbox = Outbox(state / "outbox.jsonl", last_known)
        stack.callback(outbox.close)
        if alone is not None:
            await stack.enter_async_context(alone)
        database = DatabaseAtStart(pool, dsn, outbox, last_known, admin_password)
        run_beside(stack, database.carry(), "outbox")
        stack.push_async_callback(outbox.rescue)
        states, open_calls = await database.begin()
        last_known.write()
        return cls(pool, outbox, database, states, open_calls, database.without is None)
