"""Opens the database: a pool of connections, with the schema migrated to the newest version."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg

from machine.one_line import in_one_line
from storage.database_errors import (
    REFUSED,
    DatabaseRefused,
    DatabaseUnreachable,
    EmbeddedServerFailed,
    NotAnAddress,
    StorageError,
)
from storage.embedded import EmbeddedServer
from storage.migrate import Migration, is_newest, migrate

POOL_SIZE = 10
"""Three of a controller's wait for announcements all the time (``storage.announced``)."""
CONNECT_TIMEOUT_S = 10.0
COMMAND_TIMEOUT_S = 60.0
MIGRATION_TIMEOUT_S = 4 * 3600.0
LOCK_WAIT_S = 30.0

_SETTINGS = {
    "application_name": "offhook",
    "timezone": "UTC",
    # Filters read "$1 is null or hotline = $1". Planned for the given values, the unused ones
    # vanish and the right index is found; a generic plan would read the whole table.
    "plan_cache_mode": "force_custom_plan",
    # Calls of one filter lie close together, and the planner, who takes filters for independent,
    # would rather read and sort all of them than the newest. A bitmap of millions that doesn't fit
    # becomes one of pages, of which each row is looked at again.
    "random_page_cost": "1.1",
    "work_mem": "64MB",
    "jit": "off",
    # A controller that freezes inside a transaction must not hold up another one for ever.
    "idle_in_transaction_session_timeout": "60s",
}


@dataclass(frozen=True, slots=True)
class Database:
    """An open database. ``pool`` reconnects by itself; ``server`` is the embedded one, if any."""

    pool: asyncpg.Pool
    where: str
    server: EmbeddedServer | None = None

    async def close(self) -> None:
        """Closes the connections, and stops the server if nobody else uses it."""
        await close_pool(self.pool)
        if self.server is not None:
            await asyncio.to_thread(self.server.stop)


async def open_database(target: str | Path, *, pool_size: int = POOL_SIZE) -> Database:
    """Opens and migrates a database.

    ``target`` is a DSN (``postgresql://user:password@host:5432/offhook``), or a folder in
    which the embedded server keeps its data; it is started unless it is running.
    Raises StorageError, with one line for people, if that fails.
    """
    server: EmbeddedServer | None = None
    pool: asyncpg.Pool | None = None
    dsn = target if isinstance(target, str) else ""
    try:
        if isinstance(target, Path):
            server = EmbeddedServer(target)
            await asyncio.to_thread(server.start)
            dsn = await server.database("offhook")
        else:
            check_address(dsn)
        pool = await make_pool(dsn, pool_size=pool_size)
        await bring_forward(pool, dsn)
    except BaseException as error:
        if pool is not None:
            pool.terminate()
        if server is not None:
            await asyncio.to_thread(server.stop)
        if isinstance(error, StorageError) or not isinstance(error, Exception):
            raise
        raise explained(error, dsn) from error
    return Database(pool, describe(dsn), server)


def check_address(dsn: str) -> None:
    """Raises NotAnAddress if ``dsn`` can't be a database's address."""
    if not _is_dsn(dsn):
        raise NotAnAddress(
            f"not a database address: {_without_password(dsn)!r}",
            "write postgresql://user:password@host:port/name",
        )


async def bring_forward(
    pool: asyncpg.Pool,
    dsn: str,
    *,
    look_s: float = COMMAND_TIMEOUT_S,
    known: list[Migration] | None = None,
) -> None:
    """Migrates the schema of a pool's database to the newest version. Raises StorageError.

    The newest is the last of the migrations that are ``known`` (None: those of this code).
    With years of calls, a migration may take minutes.
    """
    try:
        async with connection(pool, deadline_s=look_s) as db:
            if await is_newest(db, known):
                return
        async with connection(pool, deadline_s=MIGRATION_TIMEOUT_S) as db:
            await migrate(db, known)
    except StorageError:
        raise
    except Exception as error:
        raise explained(error, dsn) from error


async def close_pool(pool: asyncpg.Pool) -> None:
    """Closes a pool's connections, whether the server is there or not."""
    try:
        await asyncio.wait_for(pool.close(), 5.0)
    except (TimeoutError, asyncpg.InterfaceError):
        pool.terminate()


async def make_pool(
    dsn: str, *, pool_size: int = POOL_SIZE, lock_wait_s: float = LOCK_WAIT_S
) -> asyncpg.Pool:
    """A pool that connects on first use, so that it can be created while the server is away.

    A statement that waits for a lock for longer than ``lock_wait_s`` fails with one of ``AWAY``.
    """
    return await asyncpg.create_pool(
        dsn,
        min_size=0,
        max_size=pool_size,
        timeout=CONNECT_TIMEOUT_S,
        max_inactive_connection_lifetime=300.0,
        server_settings={**_SETTINGS, "lock_timeout": f"{lock_wait_s * 1000:.0f}ms"},
        init=_prepare,
    )


async def _prepare(db: asyncpg.Connection) -> None:
    for kind in ("json", "jsonb"):
        await db.set_type_codec(
            kind, schema="pg_catalog", encoder=json.dumps, decoder=json.loads, format="text"
        )


@asynccontextmanager
async def connection(
    pool: asyncpg.Pool, *, deadline_s: float = COMMAND_TIMEOUT_S
) -> AsyncIterator[asyncpg.Connection]:
    """A connection that is cut after ``deadline_s``, so that a server that hangs doesn't hang us.

    Cutting is the only sure way: both a rollback and a release wait for the server.
    """
    async with pool.acquire(timeout=CONNECT_TIMEOUT_S) as db:
        watchdog = asyncio.get_running_loop().call_later(deadline_s, db.terminate)
        try:
            yield db
        except asyncpg.ReadOnlySQLTransactionError:
            db.terminate()  # it leads to a standby by now; a new one may lead elsewhere
            raise
        finally:
            watchdog.cancel()


def _is_dsn(dsn: str) -> bool:
    try:
        parts = urlsplit(dsn)
        for host in (parts.hostname or "", *parse_qs(parts.query).get("host", [])):
            if not host.startswith("/"):  # the folder of a socket
                unquote(host).encode("idna")
        return parts.scheme in ("postgresql", "postgres") and parts.port != 0
    except ValueError:  # its port is not a number, its brackets don't match, its host isn't a name
        return False


def _without_password(dsn: str) -> str:
    return re.sub(r"(:/*[^/@:]*):[^/@]*@", r"\1:***@", dsn)


def describe(dsn: str) -> str:
    """Where a DSN leads, in words and without its password."""
    parts = urlsplit(dsn)
    query = parse_qs(parts.query)
    host = parts.hostname or next(iter(query.get("host", [])), "localhost")
    if host.startswith("/"):
        place = f"socket {host}"
    else:
        port = parts.port or next(iter(query.get("port", [])), 5432)
        place = f"host {host} port {port}"
    return f"database {parts.path.lstrip('/') or 'default'} at {place}"


def explained(error: Exception, dsn: str) -> StorageError:
    """Puts an error of opening into one line for people."""
    user = urlsplit(dsn).username or "(the default user)"
    where = describe(dsn)
    if isinstance(error, asyncpg.InvalidPasswordError):
        return DatabaseRefused(f"wrong password for user {user} of {where}; correct it in the DSN")
    if isinstance(error, asyncpg.InvalidCatalogNameError):
        return DatabaseRefused(
            f"there is no {where}; create it with 'createdb', or correct the DSN"
        )
    if isinstance(error, REFUSED):
        return DatabaseRefused(
            f"user {user} is refused by {where}: {in_one_line(error)}; grant the right, "
            "or correct the DSN"
        )
    if isinstance(error, OSError | TimeoutError):
        return DatabaseUnreachable(
            f"{where} cannot be reached: {in_one_line(error)}; "
            "is PostgreSQL running there, and is the DSN right?"
        )
    if isinstance(error, asyncpg.PostgresError | asyncpg.InterfaceError | ValueError):
        return DatabaseUnreachable(f"{where} cannot be used: {in_one_line(error)}")
    return EmbeddedServerFailed(f"{where} cannot be opened: {in_one_line(error)}")
