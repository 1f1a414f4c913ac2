"""PostgreSQL stopped, killed, frozen, or cut off at any byte, while facts keep coming."""

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest
from structlog.testing import capture_logs

from domain.facts import Fact
from storage.database import Database, make_pool, open_database
from storage.embedded import EmbeddedServer
from storage.outbox import Outbox
from tests.processes import children, suspend
from tests.storage.days import answered
from tests.storage.test_pump import assert_rows_are_folds, pumping
from tests.waiting import until


@pytest.fixture
async def own_database(own_server: EmbeddedServer) -> AsyncIterator[Database]:
    await asyncio.to_thread(own_server.start)
    opened = await open_database(await own_server.database("offhook"))
    yield opened
    opened.pool.terminate()
    admin = await asyncpg.connect(own_server.dsn())
    await admin.execute("drop database offhook with (force)")
    await admin.close()


async def keep_putting(outbox: Outbox, put: list[Fact]) -> None:
    """About a thousand facts a second."""
    number = 0
    while True:
        facts = answered(f"c{number}")
        for one in facts:
            outbox.put(one)
        put.extend(facts)
        number += 1
        await asyncio.sleep(0.008)


@contextlib.asynccontextmanager
async def under_load(path: Path, database: Database, **timing: float) -> AsyncIterator[Outbox]:
    """Facts keep coming; in the end all must be there, once, and every row right."""
    put: list[Fact] = []
    async with pumping(path, database, **timing) as outbox:
        load = asyncio.create_task(keep_putting(outbox, put))
        await until(lambda: len(put) > 100)
        yield outbox
        already = len(put)
        await until(lambda: len(put) > already + 100)
        load.cancel()
        await asyncio.wait_for(outbox.flushed(), 120)
        assert outbox.pending == 0
    rows = await database.pool.fetch("select id from call_facts")
    assert {str(row["id"]) for row in rows} == {one.id for one in put}
    assert len(rows) == len(put) > 200
    await assert_rows_are_folds(database, len(put) // 9)


async def test_a_stop_and_a_start_lose_nothing_and_are_told_in_two_lines(
    tmp_path: Path, own_server: EmbeddedServer, own_database: Database
) -> None:
    with capture_logs() as logs:
        async with under_load(tmp_path / "outbox.jsonl", own_database) as outbox:
            await asyncio.to_thread(own_server.stop)
            await asyncio.sleep(1.5)  # so long it is away
            await until(lambda: outbox.pending > 100)
            await asyncio.to_thread(own_server.start)
    told = [log for log in logs if "database takes" in log["event"]]
    assert [log["log_level"] for log in told] == ["error", "info"]
    assert "Check that PostgreSQL is running" in told[0]["event"] and told[0]["outbox"]
    assert told[1]["away_s"] > 1


async def test_backends_that_are_terminated_again_and_again(
    tmp_path: Path, own_server: EmbeddedServer, own_database: Database
) -> None:
    admin = await asyncpg.connect(own_server.dsn())
    kill = "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'offhook'"
    async with under_load(tmp_path / "outbox.jsonl", own_database):
        for _ in range(25):
            await admin.execute(kill)
            await asyncio.sleep(0.06)
    await admin.close()


async def test_the_server_killed_by_kill_9(
    tmp_path: Path, own_server: EmbeddedServer, own_database: Database
) -> None:
    async with under_load(tmp_path / "outbox.jsonl", own_database):
        pid = own_server.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await asyncio.sleep(0.5)
        await asyncio.to_thread(own_server.start)


@contextlib.contextmanager
def frozen(server: EmbeddedServer) -> Iterator[None]:
    """All of a server's processes stand still: connections stay, answers don't come."""
    assert server.pid is not None
    postmaster = psutil.Process(server.pid)
    processes = suspend([postmaster, *children(server.pid, recursive=True)])
    try:
        yield
    finally:
        for process in processes:
            process.resume()


async def test_a_server_that_hangs_does_not_hang_us(
    tmp_path: Path, own_server: EmbeddedServer, own_database: Database
) -> None:
    with capture_logs() as logs:
        async with under_load(tmp_path / "outbox.jsonl", own_database, write_s=0.5):
            with frozen(own_server):
                await until(lambda: any("takes no facts" in log["event"] for log in logs))


class Cutter:
    """Stands between us and the server, and cuts each connection after some bytes."""

    def __init__(self, real: Path, folder: Path, rng: random.Random) -> None:
        self.real, self.folder, self.rng = real, folder, rng
        self.cuts = 0
        self.enough = asyncio.Event()
        self.cutting = True

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        path = self.folder / ".s.PGSQL.5432"
        server = await asyncio.start_unix_server(self._serve, path)
        async with server:
            yield

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up = await asyncio.open_unix_connection(str(self.real / ".s.PGSQL.5432"))
        # A batch is a few ten thousand bytes, opening a connection about two thousand.
        left = [self.rng.randrange(1, 40_000)] if self.cutting else [1 << 60]

        async def carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError):
                while data := await source.read(4096):
                    target.write(data[: left[0]])
                    left[0] -= len(data)
                    if left[0] <= 0:
                        self.cuts += 1
                        if self.cuts >= 30:
                            self.enough.set()
                        break
                    await target.drain()
            for end in (writer, up[1]):
                end.close()

        await asyncio.gather(carry(reader, up[1]), carry(up[0], writer))


@pytest.mark.usefixtures("own_database")
async def test_the_connection_cut_at_any_byte(tmp_path: Path, own_server: EmbeddedServer) -> None:
    folder = tmp_path / "cut"
    folder.mkdir()
    cutter = Cutter(own_server.data, folder, random.Random(7))
    async with cutter.listening():
        pool = await make_pool(f"postgresql://postgres@/offhook?host={folder}")
        quick = {"linger_s": 0.1, "retry_first_s": 0.05, "retry_last_s": 0.1}
        async with under_load(tmp_path / "outbox.jsonl", Database(pool, ""), **quick):
            async with asyncio.timeout(60):
                await cutter.enough.wait()
            cutter.cutting = False
            await pool.expire_connections()
        pool.terminate()
