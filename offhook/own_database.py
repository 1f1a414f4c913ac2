"""Opens the database of a state folder for a command, whether the centre runs or not."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from configuration.centre_file import Config, ConfigError, load
from storage.database import Database, open_database


def config_of(state: Path, file: Path | None) -> Config:
    """The configuration of a state folder. Raises ConfigError, which says what to do if nothing has
    been set up there."""
    source = file or state / "centre.yaml"
    if file is None and not source.exists():
        raise ConfigError(
            f"{source}: there is no such file, so no centre has been set up there; start './run up'"
            " once, or name the centre's folder with --state"
        )
    return load(source)


def dsn_of(config: Config) -> str | None:
    """The address of the database; None if it is the embedded one."""
    return os.environ.get("OFFHOOK_DSN") or config.database.dsn


def embedded_in(state: Path) -> Path:
    """Where the embedded server of a state folder keeps its data."""
    return state.resolve() / "postgres"


@asynccontextmanager
async def database_of(config: Config, state: Path) -> AsyncIterator[Database]:
    """The database. An embedded one that doesn't run is started for as long as the context lasts.
    Raises StorageError."""
    database = await open_database(dsn_of(config) or embedded_in(state), pool_size=2)
    try:
        yield database
    finally:
        await database.close()


def address_of(config: Config, database: Database) -> str:
    """The address of an open database."""
    server = database.server
    return dsn_of(config) or (server.dsn("offhook") if server is not None else "")
