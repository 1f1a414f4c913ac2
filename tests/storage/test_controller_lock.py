"""One controller at a time on a database."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import asyncpg
import pytest

from storage.controller_lock import ControllerLock
from storage.embedded import EmbeddedServer
from tests.waiting import until

pytestmark = pytest.mark.live

Locks = Callable[..., ControllerLock]


@pytest.fixture
async def locks() -> AsyncIterator[Locks]:
    """``locks(dsn, "me", waits)``; all are released at the end."""
    async with AsyncExitStack() as made:

        def one(
            dsn: str, me: str, waits: Callable[[str], None] = print, grace_s: float = 0.0
        ) -> ControllerLock:
            lock = ControllerLock(dsn, me, waits=waits, grace_s=grace_s, look_every_s=0.05)
            made.push_async_callback(lock.close)
            return lock

        yield one


async def test_the_second_waits_says_so_and_takes_over(dsn: str, locks: Locks) -> None:
    said: list[str] = []
    first, second = locks(dsn, "one"), locks(dsn, "two", said.append)
    await first.take()
    waiting = asyncio.create_task(second.take())
    await until(lambda: said, what="the second to say that it waits")
    assert said[0].startswith("another controller (")
    assert " UTC) works on this database; this one waits" in said[0]
    assert not waiting.done()
    await first.close()
    async with asyncio.timeout(60):
        await waiting
    assert len(said) == 1


async def test_the_first_has_it_at_once(dsn: str, locks: Locks) -> None:
    said: list[str] = []
    lock = locks(dsn, "one", said.append, grace_s=3600)
    async with asyncio.timeout(60):
        await lock.take()
    assert said == []


async def test_one_that_follows_its_dead_predecessor_leaves_out_the_grace(
    dsn: str, locks: Locks
) -> None:
    said: list[str] = []
    before, after = locks(dsn, "one"), locks(dsn, "one", said.append, grace_s=3600)
    await before.take()
    taking = asyncio.create_task(after.take())
    await until(lambda: _looks(dsn), what="it to look", every_s=0.0)
    await before.close()
    async with asyncio.timeout(60):
        await taking
    assert said == []


async def test_whoever_had_it_has_it_again_after_the_database_was_away(
    own_server: EmbeddedServer, locks: Locks
) -> None:
    dsn = await own_server.database("locked")
    said: list[str] = []
    lost = asyncio.Event()
    first, second = locks(dsn, "one"), locks(dsn, "two", said.append, grace_s=60.0)
    await first.take()
    holding = asyncio.create_task(first.hold(lost.set))
    waiting = asyncio.create_task(second.take())
    await until(lambda: said, what="the second to wait")
    for _ in range(2):
        await asyncio.to_thread(own_server.stop)
        await asyncio.to_thread(own_server.start)
        await until(lambda: _is_held(dsn), 20, "the first to have it again")
    assert not lost.is_set() and not waiting.done()
    holding.cancel()
    waiting.cancel()
    await asyncio.gather(holding, waiting, return_exceptions=True)


async def test_one_that_lost_it_to_another_learns_that(dsn: str, locks: Locks) -> None:
    lost = asyncio.Event()
    first, second = locks(dsn, "one"), locks(dsn, "two")
    await second.take()
    async with asyncio.timeout(60):
        await first.hold(lost.set)  # begun without its database, which is back
    assert lost.is_set()


async def _looks(dsn: str) -> bool:
    return await _asked(dsn, "pg_stat_activity where application_name = 'offhook one'") > 1


async def _is_held(dsn: str) -> bool:
    return await _asked(dsn, "pg_locks where locktype = 'advisory'") > 0


async def _asked(dsn: str, what: str) -> int:
    db = await asyncpg.connect(dsn)
    try:
        return int(await db.fetchval(f"select count(*) from {what}"))  # noqa: S608
    finally:
        await db.close()
