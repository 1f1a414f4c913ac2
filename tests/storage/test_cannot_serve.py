"""The server answers but can't do its work: a standby, a lock never freed, a failing disk."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from domain.agent_facts import AgentFact, AgentState
from domain.centre import Centre
from domain.identity import AgentCode, StationName
from engine.engine import Engine
from engine.reconcile.database_at_start import DatabaseAtStart
from storage.agent_history import AgentStore
from storage.database import Database, close_pool, make_pool
from storage.database_errors import AWAY
from storage.last_known import LastKnown
from storage.migrate import Migration, migrate, migrations
from storage.outbox import Outbox


async def _do(dsn: str, change: str) -> None:
    db = await asyncpg.connect(dsn)
    await db.execute("set default_transaction_read_only = off")
    name = await db.fetchval("select current_database()")
    await db.execute(change.format(name=name))
    await db.close()


def _served_before(folder: Path) -> LastKnown:
    known = LastKnown(folder / "last-known.jsonl")
    at_lunch = AgentFact(
        "6d9e4a4e-8f0b-4f0e-9c43-0b5a5f3f2a10", AgentCode("1001"), datetime.now(UTC),
        AgentState.PAUSED, "lunch", StationName("1001"),
    )  # fmt: skip
    outbox = Outbox(folder / "outbox.jsonl", known)
    outbox.put(at_lunch)
    outbox.close()
    return LastKnown(folder / "last-known.jsonl")


@asynccontextmanager
async def _starting(
    dsn: str, folder: Path, centre: Centre, known: LastKnown
) -> AsyncIterator[tuple[DatabaseAtStart, Engine]]:
    pool = await make_pool(dsn)
    outbox = Outbox(folder / "outbox.jsonl", known)
    start = DatabaseAtStart(pool, dsn, outbox, known, "first password")
    carrying = asyncio.create_task(start.carry())
    yield start, Engine(centre, outbox, {})
    carrying.cancel()
    outbox.close()
    await close_pool(pool)


@pytest.mark.parametrize(
    ("broken", "whole"),
    [
        (
            "alter database {name} set default_transaction_read_only = on",
            "alter database {name} reset default_transaction_read_only",
        ),
        ("alter table agents rename to lost", "alter table lost rename to agents"),
    ],
    ids=["standby", "damaged"],
)
async def test_a_controller_begins_without_a_database_that_cannot_serve(
    broken: str, whole: str, dsn: str, tmp_path: Path, centre: Centre
) -> None:
    known = _served_before(tmp_path)
    await _do(dsn, broken)
    async with _starting(dsn, tmp_path, centre, known) as (start, engine):
        states, open_calls = await start.begin()
        assert (states["1001"].reason, list(open_calls)) == ("lunch", [])  # type: ignore[index]
        assert start.without is not None
        engine.restore(states, open_calls)
        catching_up = asyncio.create_task(start.catch_up(engine))
        await asyncio.wait((catching_up,), timeout=1.0)
        assert not catching_up.done(), catching_up.exception()
        await _do(dsn, whole)
        async with asyncio.timeout(30):
            await catching_up
        assert start.without is None
        assert (await start.agents.last_states())[AgentCode("1001")].reason == "lunch"


@pytest.mark.parametrize("state", ["25006", "40P01", "55P03", "58030", "XX001", "XX002"])
async def test_what_it_says_then_is_that_it_is_away(state: str, database: Database) -> None:
    with pytest.raises(AWAY):
        await database.pool.execute(
            f"do $$ begin raise exception using errcode = '{state}'; end $$"
        )


async def test_a_table_that_is_locked_for_long_is_away(dsn: str) -> None:
    pool = await make_pool(dsn, lock_wait_s=0.05)
    other = await asyncpg.connect(dsn)
    async with other.transaction():
        await other.execute("lock table agents_now in access exclusive mode")
        with pytest.raises(AWAY):
            await AgentStore(pool).last_states()
    assert await AgentStore(pool).last_states() == {}
    await other.close()
    await close_pool(pool)


@pytest.mark.parametrize("state", ["53100", "57P01", "25006", "55P03"])
async def test_a_migration_that_cannot_be_done_now_is_not_broken(state: str, dsn: str) -> None:
    """A controller of an update begins without it then, and does it later."""
    known = migrations()
    sql = f"do $$ begin raise exception 'not now' using errcode = '{state}'; end $$"
    db = await asyncpg.connect(dsn)
    with pytest.raises(asyncpg.PostgresError, match="not now"):
        await migrate(db, [*known, Migration(len(known) + 1, "more", sql)])
    assert await migrate(db, known) == len(known)
    await db.close()
