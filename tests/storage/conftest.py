"""One embedded PostgreSQL a session, one fresh database a test."""

import asyncio
import contextlib
import itertools
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from storage.database import Database, open_database
from storage.embedded import EmbeddedServer
from storage.migrate import migrate

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedServer]:
    """The session's server, with a migrated template from which databases are copied.

    Tests that stop a server take one of their own.
    """
    with _server() as server:
        asyncio.run(_prepare(server))
        yield server


@contextlib.contextmanager
def _server() -> Iterator[EmbeddedServer]:
    # Not in pytest's folder: each pytest that starts on this machine closes that one to other
    # users, and as root PostgreSQL runs as another user.
    with tempfile.TemporaryDirectory(prefix="offhook-pg-") as folder:
        server = EmbeddedServer(Path(folder))
        server.start()
        asyncio.run(_hurry(server))
        try:
            yield server
        finally:
            server.stop()


async def _hurry(server: EmbeddedServer) -> None:
    db = await asyncpg.connect(server.dsn())
    await db.execute("alter system set fsync = off")  # nobody pulls the plug in a test
    await db.execute("select pg_reload_conf()")
    await db.close()


async def _prepare(server: EmbeddedServer) -> None:
    db = await asyncpg.connect(await server.database("template_offhook"))
    await migrate(db)
    await db.close()


@pytest.fixture
async def dsn(postgres: EmbeddedServer) -> str:
    """The address of a fresh, migrated database."""
    name = f"test_{next(_numbers)}"
    db = await asyncpg.connect(postgres.dsn())
    await db.execute(f"create database {name} template template_offhook")
    await db.close()
    return postgres.dsn(name)


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    """A fresh database, opened."""
    opened = await open_database(dsn)
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
def own_server() -> Iterator[EmbeddedServer]:
    """A server that the module's tests may stop, freeze and kill; ``start`` brings it back."""
    with _server() as server:
        yield server


@pytest.fixture
def own_folder() -> Iterator[Path]:
    """A folder for an embedded server that PostgreSQL's user can reach."""
    with tempfile.TemporaryDirectory(prefix="offhook-pg-") as folder:
        yield Path(folder) / "state"
