"""``./run restore``: a centre from its backup, whole or not at all.

All is put into a folder beside the state folder, which gets its name at the end. A database that is
not the embedded one is loaded in one transaction before that.
"""

import argparse
import asyncio
import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import asyncpg

from configuration.centre_file import Config, ConfigError, parse
from machine.in_thread import CountSteps, in_thread
from machine.progress import ByteBar
from offhook.backup import CENTRE_FILE, FLOWS, PROMPTS, RECORDINGS, STATE
from offhook.backup_archive import DATABASE, ArchiveReader, BackupError, opened_archive
from offhook.own_database import dsn_of
from offhook.state_folder import claim
from storage.database import bring_forward, check_address, close_pool, explained, make_pool
from storage.database_errors import StorageError
from storage.dumping import load_dump
from storage.embedded import EmbeddedServer
from storage.migrate import migrations

_TABLES = """
    select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'S') and n.nspname = 'public'
"""


async def restore(arguments: argparse.Namespace) -> int:
    """Restore a backup. Returns the exit code."""
    state = _resolved(arguments.state)
    with opened_archive(arguments.file) as archive:
        config = _checked(archive, state)
        recordings = archive.manifest.recordings and not arguments.without_recordings
        _look_at(config, state, recordings=recordings)
        dsn = dsn_of(config)
        if dsn is not None:
            check_address(dsn)
            await _refuse_used(dsn)
        bar = ByteBar(archive.size, "of the backup looked over")
        await in_thread(archive.verify, bar.step)
        bar.end()
        bar = ByteBar(archive.size, "restored")
        try:
            with _beside(state, _elsewhere(config)) as new:
                extract = partial(_extract, archive, config, new, state, recordings)
                await in_thread(extract, bar.step)
                await _load(archive, dsn, new, bar)
                _put(config, new, state, recordings=recordings)
        except OSError as error:
            raise BackupError(
                f"{error.filename or state}: {error.strerror or error}; free space there, let"
                " Offhook's user write there, or name another folder with --state. Nothing is left"
                " of the attempt"
            ) from error
        finally:
            bar.end()
    _report(archive, config, state, dsn, recordings=recordings)
    return 0


def _report(
    archive: ArchiveReader, config: Config, state: Path, dsn: str | None, *, recordings: bool
) -> None:
    made = f"offhook: restored the backup of {archive.manifest.made_at} to {state}"
    print(made + ("" if recordings else ", without recordings"), file=sys.stderr)
    if config.flows is not None and not _is_inside(config.flows, state):
        print(f"offhook: its flows are in {state / 'flows'}; set flows: to that", file=sys.stderr)
    if dsn is None:
        print(f"offhook: start it with: ./run up --state {state}", file=sys.stderr)


def _resolved(state: Path) -> Path:
    return state.resolve()


def _checked(archive: ArchiveReader, state: Path) -> Config:
    """The configuration in the backup, as it will be. Raises BackupError, ConfigError."""
    newest = migrations()[-1].version
    manifest = archive.manifest
    if manifest.schema > newest:
        raise BackupError(
            f"{archive.path}: a newer Offhook ({manifest.offhook}) has made this backup: its"
            f" database has schema {manifest.schema:04d}, this one knows only up to {newest:04d};"
            " restore it with that version or a newer one"
        )
    if CENTRE_FILE not in manifest.files:
        raise BackupError(f"{archive.path}: this backup has no centre.yaml; take another")
    with archive.open(CENTRE_FILE) as file:
        text = file.read()
    try:
        return parse(state / "centre.yaml", text)
    except ConfigError as error:
        raise BackupError(
            f"{archive.path}: this Offhook can't use the centre.yaml in this backup: {error}"
        ) from error


def _look_at(config: Config, state: Path, *, recordings: bool) -> None:
    """Refuse to write over anything."""
    if _is_used(state):
        raise BackupError(
            f"{state} is not empty, and a backup is restored only where nothing is; name another"
            " folder with --state, or move this one away"
        )
    if os.path.ismount(state):
        raise BackupError(
            f"{state} is a disk of its own, and can't be replaced as a whole; name a folder in it"
            " with --state"
        )
    root = config.recordings.root
    if recordings and root.is_absolute() and _is_used(root):
        raise BackupError(
            f"{root} (recordings.root) is not empty, and nothing is written over; move it away, or"
            " restore with --without-recordings"
        )


def _is_used(folder: Path) -> bool:
    """Whether there is something. A folder that has only a lock has nothing."""
    try:
        return any(entry.name != "in-use.lock" for entry in folder.iterdir())
    except FileNotFoundError:
        return False


async def _refuse_used(dsn: str) -> None:
    pool = await make_pool(dsn, pool_size=1)
    try:
        tables = await pool.fetchval(_TABLES)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise explained(error, dsn) from error
    finally:
        await close_pool(pool)
    if tables:
        raise BackupError(
            "the database that the backup's centre.yaml (or OFFHOOK_DSN) names is not empty, and"
            " nothing is written over; make an empty one with createdb, and name it in OFFHOOK_DSN"
        )


@contextmanager
def _beside(state: Path, recordings: Path | None) -> Iterator[Path]:
    """A folder beside the state folder, for as long as all is not in it. What an earlier restore
    left that was killed is removed first, there and where ``recordings`` are put."""
    new = state.with_name(f"{state.name}.restoring")
    lock = claim(new)  # another restore is refused
    try:
        _empty(new)
        _remove(recordings)
        yield new
    except BaseException:
        _empty(new)
        _remove(recordings)
        shutil.rmtree(new, ignore_errors=True)
        raise
    finally:
        lock.close()


def _remove(folder: Path | None) -> None:
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def _empty(new: Path) -> None:
    if (new / "postgres" / "data" / "postmaster.pid").exists():
        left = EmbeddedServer(new / "postgres")
        with contextlib.suppress(StorageError):
            left.start()
            left.stop()
    for entry in new.iterdir() if new.is_dir() else ():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != "in-use.lock":
            entry.unlink()


def _extract(
    archive: ArchiveReader,
    config: Config,
    new: Path,
    state: Path,
    recordings: bool,
    step: CountSteps,
) -> None:
    flows = new / "flows"
    if config.flows is not None and _is_inside(config.flows, state):
        flows = new / config.flows.relative_to(state)
    sounds = config.asterisk.sounds or new / "prompts"
    folders = {
        STATE: new,
        FLOWS: flows,
        PROMPTS: (new / "prompts" if config.asterisk.sounds is None else sounds) / "uploaded",
        RECORDINGS: _elsewhere(config) or new / config.recordings.root,
    }
    for name in archive.manifest.files:
        prefix, _, inside = name.partition("/")
        folder = folders.get(f"{prefix}/")
        if name == DATABASE or folder is None:
            continue
        if f"{prefix}/" == RECORDINGS and not recordings:
            continue
        archive.extract(name, folder / inside, step)


def _is_inside(path: Path, folder: Path) -> bool:
    return Path(os.path.normpath(path)).is_relative_to(folder)


def _elsewhere(config: Config) -> Path | None:
    """Where recordings are put at first that don't belong into the state folder."""
    root = config.recordings.root
    return root.with_name(f"{root.name}.restoring") if root.is_absolute() else None


async def _load(archive: ArchiveReader, dsn: str | None, new: Path, bar: ByteBar) -> None:
    """Load the database, and bring it forward."""
    server: EmbeddedServer | None = None
    if dsn is None:
        server = EmbeddedServer(new / "postgres")
        await asyncio.to_thread(server.start)
    try:
        address = dsn or (await server.database("offhook") if server is not None else "")
        with archive.open(DATABASE) as source:
            await load_dump(address, source, bar.step)
        pool = await make_pool(address, pool_size=1)
        try:
            await bring_forward(pool, address)
        finally:
            await close_pool(pool)
    finally:
        if server is not None:
            await asyncio.to_thread(server.stop)


def _put(config: Config, new: Path, state: Path, *, recordings: bool) -> None:
    """Give everything its name."""
    root, beside = config.recordings.root, _elsewhere(config)
    if recordings and beside is not None and beside.exists():
        if root.exists():
            root.rmdir()
        beside.rename(root)
    if state.exists():
        (state / "in-use.lock").unlink(missing_ok=True)
        state.rmdir()
    new.rename(state)
