"""Migrates the schema forward, never back; a database from a newer Offhook is refused."""

import contextlib
import hashlib
import re
from dataclasses import dataclass
from importlib import resources
from typing import TypedDict

import asyncpg
import structlog

from machine.one_line import in_one_line
from storage.database_errors import AWAY, SchemaBroken, SchemaTooNew

log = structlog.get_logger()

_LOCK = 0x0FF4_0001  # one migrator at a time, whatever the number of controllers
_FILE = re.compile(r"^(\d{4})_([a-z0-9_]+)\.sql$")


@dataclass(frozen=True, slots=True)
class Migration:
    version: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


class _MigrationRow(TypedDict):
    version: int
    name: str
    sha256: str


def migrations() -> list[Migration]:
    """All migrations of this code in order. Raises SchemaBroken if a number is missing."""
    found = [
        Migration(int(match[1]), match[2], entry.read_text(encoding="utf-8"))
        for entry in resources.files("storage").joinpath("migrations").iterdir()
        if (match := _FILE.match(entry.name))
    ]
    found.sort(key=lambda migration: migration.version)
    if [migration.version for migration in found] != list(range(1, len(found) + 1)):
        raise SchemaBroken("storage/migrations: the numbers must be 0001, 0002, ... without a gap")
    return found


async def migrate(db: asyncpg.Connection, known: list[Migration] | None = None) -> int:
    """Applies the missing migrations, each in a transaction. Returns the version reached.

    Raises SchemaTooNew if the database is ahead of this code, SchemaBroken if a migration is
    wrong or was changed after it was applied, and one of ``AWAY`` if it can't be done now.
    """
    known = migrations() if known is None else known
    # A session's lock, because the table that holds the versions may not exist yet.
    await db.execute("select pg_advisory_lock($1)", _LOCK)
    try:
        await db.execute(
            "create table if not exists schema_migrations (version integer primary key, "
            "name text not null, sha256 text not null, "
            "applied_at timestamptz not null default now())"
        )
        rows: list[_MigrationRow] = await db.fetch(
            "select version, name, sha256 from schema_migrations order by 1"
        )
        _check({row["version"]: (row["name"], row["sha256"]) for row in rows}, known)
        done = len(rows)
        for migration in known[done:]:
            await _apply(db, migration)
        return len(known)
    finally:
        # A lost connection holds no lock, and the error that ended it is what counts.
        with contextlib.suppress(asyncpg.InterfaceError, asyncpg.PostgresConnectionError):
            await db.execute("select pg_advisory_unlock($1)", _LOCK)


async def is_newest(db: asyncpg.Connection, known: list[Migration] | None = None) -> bool:
    """Whether nothing is left to apply. Refuses the schemas that ``migrate`` refuses."""
    if await db.fetchval("select to_regclass('schema_migrations')") is None:
        return False
    rows: list[_MigrationRow] = await db.fetch(
        "select version, name, sha256 from schema_migrations"
    )
    known = migrations() if known is None else known
    _check({row["version"]: (row["name"], row["sha256"]) for row in rows}, known)
    return len(rows) == len(known)


def _check(applied: dict[int, tuple[str, str]], known: list[Migration]) -> None:
    newest = known[-1].version if known else 0
    if applied and max(applied) > newest:
        name = applied[max(applied)][0]
        raise SchemaTooNew(
            f"the database's schema is {max(applied):04d}_{name}, this Offhook knows only up to "
            f"{newest:04d}; start the newer Offhook that migrated it"
        )
    for migration in known:
        if migration.version in applied and applied[migration.version][1] != migration.sha256:
            raise SchemaBroken(
                f"storage/migrations/{migration.version:04d}_{migration.name}.sql was changed "
                "after it had been applied to this database; restore the file, and write "
                "another migration instead"
            )


async def _apply(db: asyncpg.Connection, migration: Migration) -> None:
    file = f"storage/migrations/{migration.version:04d}_{migration.name}.sql"
    try:
        async with db.transaction():
            await db.execute(migration.sql)
            await db.execute(
                "insert into schema_migrations (version, name, sha256) values ($1, $2, $3)",
                migration.version,
                migration.name,
                migration.sha256,
            )
    except AWAY:
        raise  # the server can't do it now: no space, read-only, shutting down, a lock
    except asyncpg.PostgresError as error:
        raise SchemaBroken(f"{file} failed and was rolled back: {in_one_line(error)}") from error
    log.info("migrated", file=file)
