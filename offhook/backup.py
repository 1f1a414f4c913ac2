"""``./run backup``: the whole of a centre in one file, while it runs."""

import argparse
import asyncio
import os
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import asyncpg

from configuration.centre_file import Config
from configuration.moving import MOVED
from configuration.secrets import PASSWORDS, SECRETS
from machine.in_thread import in_thread
from machine.progress import ByteBar, ProgressBar
from machine.safe_files import NotAFileError, open_regular
from offhook.backup_archive import (
    DATABASE,
    ArchiveWriter,
    BackupError,
    Manifest,
    new_archive,
)
from offhook.own_database import address_of, config_of, database_of
from offhook.places import places
from storage.database import Database
from storage.database_errors import AWAY, StorageError
from storage.dumping import copied_rows, dump, rows_of
from storage.migrate import migrations

CENTRE_FILE = "state/centre.yaml"
OUTBOX = "outbox.jsonl"
STATE, FLOWS, PROMPTS, RECORDINGS = "state/", "flows/", "prompts/", "recordings/"
"""Where an archive has the state folder's files, the centre's own flows, the prompts that were
uploaded, and the recordings."""

_OF_STATE = (SECRETS, PASSWORDS, MOVED, OUTBOX)
"""Files of the state folder. All others are made anew."""


@dataclass(frozen=True, slots=True)
class _Source:
    name: str
    path: Path
    size: int


async def backup(arguments: argparse.Namespace) -> int:
    """Make a backup. Returns the exit code."""
    config = config_of(arguments.state, arguments.config)
    to: Path = arguments.to
    async with database_of(config, arguments.state) as database:
        with new_archive(to) as archive:
            # The outbox first: what it hands to the database later, the database may lack.
            lost = _add_files(archive, config, arguments.state)
            await _add_database(archive, database, address_of(config, database))
            if arguments.recordings:
                lost += await _add_recordings(archive, config, arguments.state)
            archive.finish(
                Manifest(
                    made_at=datetime.now(UTC).isoformat(timespec="seconds"),
                    offhook=offhook_version(),
                    schema=migrations()[-1].version,
                    node=config.node,
                    recordings=arguments.recordings,
                )
            )
    without = "" if arguments.recordings else ", without recordings (--recordings)"
    gone = f"; {lost:,} files went away meanwhile" if lost else ""
    print(f"offhook: wrote {to}, {size_of(to):,} bytes{without}{gone}", file=sys.stderr)
    return 0


def offhook_version() -> str:
    """The version of this code; "0" if it was never installed."""
    try:
        return version("offhook")
    except PackageNotFoundError:
        return "0"


def size_of(path: Path) -> int:
    """The bytes of a file."""
    return path.stat().st_size


async def _add_database(archive: ArchiveWriter, database: Database, dsn: str) -> None:
    bar = ProgressBar(max(1, await rows_of(database.pool)), "rows of the database")
    counting = asyncio.get_running_loop().create_task(copied_rows(database.pool, bar.step))
    try:
        with archive.member(DATABASE) as write:
            await dump(dsn, write)
    except (asyncpg.PostgresError, *AWAY) as error:
        if isinstance(error, (StorageError, OSError)):
            raise
        raise BackupError(f"the database went away, and there is no backup: {error}") from error
    finally:
        counting.cancel()
        await asyncio.wait([counting])
        bar.end()


def _add_files(archive: ArchiveWriter, config: Config, state: Path) -> int:
    """How many files went away while they were read."""
    with archive.member(CENTRE_FILE) as write:
        write(config.text)
    found = [
        _Source(f"{STATE}{name}", path, 0) for name in _OF_STATE if (path := state / name).is_file()
    ]
    moved = config.source.with_name(f"{config.source.name}.moved")
    if moved.is_file():
        found.append(_Source(f"{STATE}centre.yaml.moved", moved, 0))
    if config.flows is not None:
        found += _below(config.flows, FLOWS, lambda name: name.endswith(".yaml"))
    uploaded = places(config, state).prompts / "uploaded"
    found += _below(uploaded, PROMPTS, lambda _: True)
    return sum(not _add(archive, each, lambda _: None) for each in found)


async def _add_recordings(archive: ArchiveWriter, config: Config, state: Path) -> int:
    root = places(config, state).recordings
    found = list(_below(root, RECORDINGS, lambda name: name.endswith((".wav", ".peaks.json"))))
    bar = ByteBar(sum(each.size for each in found), "of recordings")
    try:
        return await in_thread(
            lambda step: sum(not _add(archive, each, step) for each in found), bar.step
        )
    finally:
        bar.end()


def _add(archive: ArchiveWriter, found: _Source, step: Callable[[int], object]) -> bool:
    """Whether it was there."""
    try:
        with open_regular(found.path) as (file, _):
            archive.add(found.name, file, step)
    except (FileNotFoundError, NotAFileError):
        return False
    return True


def _below(folder: Path, prefix: str, wanted: Callable[[str], bool]) -> Iterator[_Source]:
    """The regular files below a folder, without following links. Raises OSError."""

    def fails(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            raise error

    for where, folders, names in os.walk(folder, onerror=fails):
        folders.sort()
        for name in sorted(filter(wanted, names)):
            path = Path(where) / name
            status = path.lstat()
            if stat.S_ISREG(status.st_mode):
                inside = path.relative_to(folder).as_posix()
                yield _Source(f"{prefix}{inside}", path, status.st_size)
