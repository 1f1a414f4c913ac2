"""PostgreSQL for tests: servers, and fresh databases without making one for each test."""

import asyncio
import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg

from storage.embedded import EmbeddedServer
from storage.migrate import migrate

_TEMPLATE = "template_offhook"

# What a test might change in a database besides rows. Catalogs are compared by how many rows they
# have and by the last transaction that wrote one; statistics, because plans depend on them.
_CATALOGS = (
    "pg_attrdef", "pg_attribute", "pg_class", "pg_constraint", "pg_db_role_setting", "pg_index",
    "pg_namespace", "pg_proc", "pg_statistic", "pg_trigger", "pg_type",
)  # fmt: skip
_STATE = "select concat_ws(' ', {}, {}, {})".format(
    ", ".join(
        f"(select count(*) || '/' || coalesce(max(xmin::text::bigint), 0) from {name})"  # noqa: S608
        for name in _CATALOGS
    ),
    "(select string_agg(m::text, ' ' order by m) from schema_migrations m)",
    "(select xmin::text from pg_database where datname = current_database())",
)
_END_OTHERS = """
    select pg_terminate_backend(pid, 10000) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
"""
_USED = """
    select format('%I', relname) from pg_class
    where relkind = 'r' and relnamespace = 'public'::regnamespace and pg_relation_size(oid) > 0
    and relname <> 'schema_migrations'
"""
_REWIND = "select setval(seqrelid, seqstart, false) from pg_sequence"


@contextlib.contextmanager
def a_folder() -> Iterator[Path]:
    """A folder for an embedded server that PostgreSQL's user can reach."""
    # Not in pytest's folder: each pytest that starts on this machine closes that one to other
    # users, and as root PostgreSQL runs as another user.
    with tempfile.TemporaryDirectory(prefix="offhook-pg-") as folder:
        yield Path(folder) / "state"


def copied(data: Path, folder: Path) -> None:
    """Give ``folder`` a server's data, with their owner. Making them takes ten times as long."""
    folder.mkdir()
    subprocess.run(["cp", "-a", data, folder / data.name], check=True)


@contextlib.contextmanager
def a_server(data: Path) -> Iterator[EmbeddedServer]:
    """A PostgreSQL in a folder of its own, with a copy of ``data``."""
    with a_folder() as folder:
        copied(data, folder)
        server = EmbeddedServer(folder)
        server.start()
        asyncio.run(_hurry(server))
        try:
            yield server
        finally:
            server.stop()


async def _hurry(server: EmbeddedServer) -> None:
    db = await asyncpg.connect(server.dsn())
    await db.execute("alter system set fsync = off")  # nobody pulls the plug in a test
    await db.execute("alter system set autovacuum = off")  # nothing lives for long
    await db.execute("select pg_reload_conf()")
    await db.close()


async def make_template(server: EmbeddedServer) -> None:
    """Make the database of which ``migrated`` makes copies."""
    template = await asyncpg.connect(await server.database(_TEMPLATE))
    await migrate(template)
    await template.close()


async def migrated(server: EmbeddedServer, name: str) -> str:
    """The address of a new database with all migrations. ``server`` has the template."""
    admin = await asyncpg.connect(server.dsn())
    await admin.execute(f"create database {name} template {_TEMPLATE}")
    await admin.close()
    return server.dsn(name)


class FreshDatabases:
    """Hands out a migrated database without rows.

    One that differs from a new one in nothing but rows is emptied, and is the next test's. That
    takes a twentieth of the time of a new one, which is made if the test changed anything else.
    """

    def __init__(self, server: EmbeddedServer) -> None:
        self._server = server
        self._made = 0
        self._in_use = ""
        self._state = ""
        """The database in use, as it was when it was new."""

    async def one(self) -> str:
        """The address of the next one. Whoever is still connected to the one before is cut off."""
        if not self._in_use or not await self._empty():
            await self._make()
        return self._server.dsn(self._in_use)

    async def _make(self) -> None:
        self._made += 1
        before, self._in_use = self._in_use, f"test_{self._made}"
        if before:
            admin = await asyncpg.connect(self._server.dsn())
            await admin.execute(f"drop database if exists {before} with (force)")
            await admin.close()
        await migrated(self._server, self._in_use)
        db = await asyncpg.connect(self._server.dsn(self._in_use))
        self._state = await db.fetchval(_STATE)
        await db.close()

    async def _empty(self) -> bool:
        """Empties the database in use; False if it would not be as good as new."""
        try:
            db = await asyncpg.connect(self._server.dsn(self._in_use))
        except asyncpg.PostgresError:
            return False
        try:
            await db.execute(_END_OTHERS)
            if await db.fetchval(_STATE) != self._state:
                return False
            used = [row[0] for row in await db.fetch(_USED)]
            if used:
                # Not one by one: foreign keys would want an order.
                await db.execute("set session_replication_role = replica")
                await db.execute("; ".join(f"delete from {table}" for table in used))  # noqa: S608
                await db.execute(f"vacuum {', '.join(used)}")  # rows come in the order of writing
            await db.execute(_REWIND)
            return True
        finally:
            await db.close()
