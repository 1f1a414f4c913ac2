"""Opening a database: what it creates, and the one line that says why it fails."""

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import psutil
import pytest

from storage.database import Database, bring_forward, close_pool, make_pool, open_database
from storage.database_errors import (
    DatabaseRefused,
    DatabaseUnreachable,
    EmbeddedServerFailed,
    SchemaBroken,
    SchemaTooNew,
    StorageError,
)
from storage.embedded import EmbeddedServer, ServerTiming
from storage.migrate import Migration, migrate, migrations
from storage.queries import load
from tests.processes import children, suspend
from tests.waiting import until


async def one_line(target: str | Path, kind: type[StorageError], *words: str) -> None:
    with pytest.raises(kind) as error:
        await asyncio.wait_for(open_database(target), 30)
    text = str(error.value)
    assert "\n" not in text
    for word in words:
        assert word in text


async def test_nobody_there() -> None:
    dsn = "postgresql://offhook:secret@127.0.0.1:21301/offhook"
    await one_line(dsn, DatabaseUnreachable, "host 127.0.0.1 port 21301", "is PostgreSQL running")


async def test_the_password_is_never_shown() -> None:
    with pytest.raises(StorageError) as error:
        await open_database("postgresql://offhook:secret@127.0.0.1:21301/offhook")
    assert "secret" not in str(error.value)


async def test_no_such_host() -> None:
    await one_line("postgresql://a@no-such-host.invalid/x", DatabaseUnreachable, "no-such-host")


async def test_not_an_address() -> None:
    await one_line("localhost", DatabaseUnreachable, "write postgresql://user:password@host")


async def test_no_such_database(own_server: EmbeddedServer) -> None:
    await one_line(own_server.dsn("nothing"), DatabaseRefused, "no database nothing", "createdb")


async def test_a_wrong_password(own_server: EmbeddedServer) -> None:
    rules = own_server.data / "pg_hba.conf"
    db = await asyncpg.connect(own_server.dsn())
    await db.execute("create role clerk login password 'right'")
    rules.write_text("local all clerk scram-sha-256\n" + rules.read_text())
    await db.execute("select pg_reload_conf()")
    await db.close()
    dsn = own_server.dsn().replace("postgres@", "clerk:wrong@")
    await one_line(dsn, DatabaseRefused, "wrong password for user clerk", "correct it in the DSN")
    # With the right one, but without the right to make tables.
    right = own_server.dsn().replace("postgres@", "clerk:right@")
    await one_line(right, StorageError, "permission denied")


async def test_a_newer_schema_is_left_alone(database: Database, dsn: str) -> None:
    await database.pool.execute("insert into schema_migrations values (9999, 'future', 'x')")
    await one_line(dsn, SchemaTooNew, "9999_future", "start the newer Offhook")


async def test_a_migration_that_was_changed_is_named(database: Database, dsn: str) -> None:
    await database.pool.execute("update schema_migrations set sha256 = 'x'")
    await one_line(dsn, SchemaBroken, "0001_first_light.sql was changed", "restore the file")


async def test_a_failing_migration_leaves_nothing(database: Database) -> None:
    bad = Migration(len(migrations()) + 1, "bad", "create table half (x int); select 1/0")
    async with database.pool.acquire() as db:
        with pytest.raises(SchemaBroken, match=r"_bad\.sql failed .* division by zero"):
            await migrate(db, [*migrations(), bad])
        assert await db.fetchval("select to_regclass('half')") is None
        assert await migrate(db) == len(migrations())


async def test_a_migration_takes_as_long_as_old_calls_need(
    own_server: EmbeddedServer,
) -> None:
    """Asking what is to be done is cut off soon, doing it isn't; killed, it is done again."""
    last = Migration(len(migrations()) + 1, "slow", "create table slow (x int); select pg_sleep(2)")
    known = [*migrations(), last]
    dsn = await own_server.database("old")
    pool = await make_pool(dsn)
    going = asyncio.create_task(bring_forward(pool, dsn, look_s=1.0, known=known))
    watch = await asyncpg.connect(dsn)
    under_way = (
        "select true from pg_stat_activity"
        " where query like '%pg_sleep%' and pid <> pg_backend_pid()"
    )
    await until(lambda: watch.fetchval(under_way), what="the migration to be under way")
    assert not going.done()
    watch.terminate()
    assert own_server.pid is not None
    os.kill(own_server.pid, signal.SIGKILL)
    with pytest.raises(StorageError):
        await going
    await own_server.ended()
    await asyncio.to_thread(own_server.start)
    assert await pool.fetchval("select max(version) from schema_migrations") < last.version
    assert await pool.fetchval("select to_regclass('slow')") is None
    await bring_forward(pool, dsn, look_s=1.0, known=known)
    assert await pool.fetchval("select max(version) from schema_migrations") == last.version
    await close_pool(pool)


async def test_ten_controllers_migrate_at_once(own_server: EmbeddedServer) -> None:
    dsn = await own_server.database("crowd")
    opened = await asyncio.gather(*(open_database(dsn, pool_size=1) for _ in range(10)))
    rows = await opened[0].pool.fetch("select version from schema_migrations")
    assert len(rows) == len(migrations())
    await asyncio.gather(*(database.close() for database in opened))


def test_queries_are_named() -> None:
    for file in ("agents", "audit", "calls", "logins", "outbox", "users"):
        queries = load(file)
        assert queries
        assert all(re.match(r"(select|insert|update|delete|with|--)", q) for q in queries.values())


async def test_a_folder_opens_closes_and_opens_again(own_folder: Path) -> None:
    database = await open_database(own_folder)
    await database.pool.execute("insert into audit_log (at, by, action) values (now(), 'a', 'b')")
    assert database.server is not None
    await database.close()
    assert database.server.pid is None
    database = await open_database(own_folder)
    assert await database.pool.fetchval("select by from audit_log") == "a"
    # Another process comes and goes, and ours stays.
    other = EmbeddedServer(own_folder)
    await asyncio.to_thread(other.start)
    await asyncio.to_thread(other.stop)
    assert await database.pool.fetchval("select 1") == 1
    await database.close()
    assert database.server is not None and database.server.pid is None


KILLED = """
import sys, time
from pathlib import Path
from storage.embedded import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]))
server.start()
print(server.pid, flush=True)
time.sleep(60)
"""


def killed(folder: Path, *, server_too: bool) -> int:
    """Kills a process that uses a server, and maybe the server with it; returns its pid."""
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(folder)], stdout=subprocess.PIPE, text=True
    ) as user:
        assert user.stdout is not None
        pid = int(user.stdout.readline())
        if server_too:
            os.kill(pid, signal.SIGKILL)
        user.kill()
    return pid


def test_a_server_that_outlived_its_user_is_used_and_stopped(used_folder: Path) -> None:
    pid = killed(used_folder, server_too=False)
    server = EmbeddedServer(used_folder)
    server.start()
    assert server.pid == pid
    server.stop()
    assert server.pid is None


def test_kill_9_of_everything_and_a_number_that_another_process_has_now(used_folder: Path) -> None:
    killed(used_folder, server_too=True)
    server = EmbeddedServer(used_folder)
    note = server.data / "postmaster.pid"
    lines = note.read_text().splitlines()
    note.write_text("\n".join([str(os.getpid()), *lines[1:]]))
    server.start()
    assert server.pid not in (None, os.getpid())
    server.stop()
    note.write_text("")  # the machine died while it was being written
    server.start()
    assert server.pid is not None
    server.stop()


def test_a_half_made_folder_is_made_again(own_folder: Path) -> None:
    half = own_folder / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    server = EmbeddedServer(own_folder)
    server.start()
    server.stop()
    assert not half.exists()


def test_an_initdb_whose_starter_was_killed_is_ended(own_folder: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", KILLED, str(own_folder)]) as starter:
        initdb: list[psutil.Process] = []
        while not initdb:
            assert starter.poll() is None
            # In the middle of its work.
            initdb = suspend(children(starter.pid, "initdb", recursive=True))
        starter.kill()
    server = EmbeddedServer(own_folder)
    server.start()
    try:
        assert not initdb[0].is_running()
    finally:
        server.stop()
        with contextlib.suppress(psutil.NoSuchProcess):
            initdb[0].kill()


def test_a_server_that_hangs_while_it_starts_is_killed(used_folder: Path) -> None:
    hung = killed(used_folder, server_too=False)
    timing = ServerTiming(start_s=60.0, ask_every_s=0.2, hung_after_s=1.0)
    server = EmbeddedServer(used_folder, timing)
    note = server.data / "postmaster.pid"
    os.kill(hung, signal.SIGSTOP)
    note.write_text(note.read_text().replace("ready   ", "starting"))
    try:
        server.start()
        assert server.pid not in (None, hung)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(hung, signal.SIGKILL)
        server.stop()


def test_a_server_that_recovers_for_long_is_waited_for(used_folder: Path) -> None:
    recovers = killed(used_folder, server_too=False)
    timing = ServerTiming(start_s=2.5, ask_every_s=0.2, hung_after_s=1.0)
    server = EmbeddedServer(used_folder, timing)
    note = server.data / "postmaster.pid"
    ready = note.read_text()
    note.write_text(ready.replace("ready   ", "starting"))
    with pytest.raises(EmbeddedServerFailed, match="for too long"):
        server.start()
    note.write_text(ready)
    server.start()
    assert server.pid == recovers
    server.stop()


def test_a_folder_that_can_not_be_used_says_so_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(EmbeddedServerFailed, match="did not start") as error:
        EmbeddedServer(file).start()
    assert "\n" not in str(error.value)


def test_damaged_data_says_what_postgresql_said(used_folder: Path) -> None:
    server = EmbeddedServer(used_folder)
    (server.data / "postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(EmbeddedServerFailed, match=r"no_such_setting|FATAL") as error:
        server.start()
    assert "\n" not in str(error.value)
