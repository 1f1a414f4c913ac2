"""A backup's file: a ZIP archive, with a manifest that has a checksum for each file. Blocking.

It is written beside its place and renamed, so a backup that has a name is whole. The manifest comes
last; an archive that was cut short has none.
"""

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, BinaryIO

from documents.json_text import parsed
from domain.errors import OperatorError
from machine.safe_files import NotAFileError, open_regular

FORM = 1
"""The form of archive that this code writes and reads."""
DATABASE = "database.dump"
MANIFEST = "manifest.json"
CHUNK = 256 * 1024

_LARGEST_MANIFEST = 512 * 1024 * 1024
_PART = re.compile(r"[^/\0]+")


class BackupError(OperatorError):
    """A backup can't be made, or can't be restored. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup is of, and what is in it."""

    made_at: str
    offhook: str
    schema: int
    """The last migration of its database."""
    node: str
    recordings: bool
    files: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    """The size in bytes and the SHA-256 of each."""
    form: int = FORM


class ArchiveWriter:
    """Adds files to a new archive."""

    def __init__(self, file: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True)
        self._files: dict[str, tuple[int, str]] = {}

    @contextmanager
    def member(self, name: str) -> Iterator[Callable[[bytes], None]]:
        """Write one file of the archive with the function that is yielded."""
        sha, size = hashlib.sha256(), 0
        with self._zip.open(zipfile.ZipInfo(name), "w", force_zip64=True) as out:

            def write(block: bytes) -> None:
                nonlocal size
                out.write(block)
                sha.update(block)
                size += len(block)

            yield write
        self._files[name] = (size, sha.hexdigest())

    def add(self, name: str, source: IO[bytes], step: Callable[[int], object]) -> None:
        """Copy an open file into it, as long as it is now."""
        with self.member(name) as write:
            while block := source.read(CHUNK):
                write(block)
                step(len(block))

    def abandon(self) -> None:
        """End it without a manifest; the file is of no use then."""
        with contextlib.suppress(OSError, ValueError):
            self._zip.close()

    def finish(self, about: Manifest) -> None:
        """Write the manifest."""
        whole = {**asdict(about), "files": self._files}
        self._zip.writestr(zipfile.ZipInfo(MANIFEST), json.dumps(whole, indent=1))
        self._zip.close()


@contextmanager
def new_archive(path: Path) -> Iterator[ArchiveWriter]:
    """Write a new file that only its owner can read. It gets its name when the context ends without
    an error; otherwise nothing is left of it. Raises BackupError."""
    if os.path.lexists(path):
        raise BackupError(f"{path}: there is such a file already; name another, or remove it")
    part = path.with_name(f"{path.name}.part")
    try:
        # What an earlier one left that was killed has this name too, and is written over.
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise _not_written(part, error) from error
    with os.fdopen(descriptor, "r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError(f"{part}: another backup is being written to it; wait") from None
        try:
            os.fchmod(file.fileno(), 0o600)
            file.truncate()
            archive = ArchiveWriter(file)
            try:
                yield archive
            except BaseException:
                with contextlib.suppress(OSError):
                    os.ftruncate(file.fileno(), 0)  # or closing it would want more of a full disk
                archive.abandon()
                raise
            file.flush()
            os.fsync(file.fileno())
            _name(part, path)
        except FileExistsError as error:
            raise BackupError(f"{path}: somebody else has made this file; name another") from error
        except OSError as error:
            if error.filename is not None and Path(error.filename) != part:
                raise
            raise _not_written(part, error) from error
        finally:
            part.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _name(part: Path, path: Path) -> None:
    """Raises FileExistsError if somebody else was faster."""
    try:
        path.hardlink_to(part)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS):
            raise
        if os.path.lexists(path):  # the file system has no hard links
            raise FileExistsError from error
        part.rename(path)


def _not_written(part: Path, error: OSError) -> BackupError:
    return BackupError(
        f"{part}: can't be written ({error.strerror}); free space there, or name another file with"
        " --to"
    )


class ArchiveReader:
    """An archive whose manifest has been read; ``verify`` reads the rest."""

    def __init__(self, path: Path, archive: zipfile.ZipFile, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest
        self._zip = archive

    @property
    def size(self) -> int:
        """The bytes of all files together."""
        return sum(size for size, _ in self.manifest.files.values())

    def verify(self, step: Callable[[int], object]) -> None:
        """Read all of it. Raises BackupError if a byte is not what was written."""
        for name, (size, sha256) in self.manifest.files.items():
            sha, read = hashlib.sha256(), 0
            try:
                with self._zip.open(name) as file:
                    while block := file.read(CHUNK):
                        sha.update(block)
                        read += len(block)
                        if read > size:
                            break
                        step(len(block))
            except _BROKEN as error:
                raise _damaged(self.path, name) from error
            if (read, sha.hexdigest()) != (size, sha256):
                raise _damaged(self.path, name)

    def open(self, name: str) -> IO[bytes]:
        """One of its files, to be read."""
        return self._zip.open(name)

    def extract(self, name: str, to: Path, step: Callable[[int], object]) -> None:
        """Write one of its files to a new file, readable by its owner alone. Raises OSError."""
        to.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with self._zip.open(name) as source, os.fdopen(descriptor, "wb") as file:
            while block := source.read(CHUNK):
                file.write(block)
                step(len(block))
            file.flush()
            os.fsync(file.fileno())


_BROKEN = (
    OSError,
    EOFError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    RuntimeError,
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
)
"""What reading a damaged archive raises."""


@contextmanager
def opened_archive(path: Path) -> Iterator[ArchiveReader]:
    """Open an archive. Raises BackupError if it is none, is cut short, or a newer Offhook's."""
    try:
        with open_regular(path) as (file, _):
            try:
                archive = zipfile.ZipFile(file)
                manifest = _manifest(path, archive)
            except _BROKEN as error:
                raise BackupError(
                    f"{path}: this is not a whole backup of Offhook: it was cut short, or is"
                    " something else; take another"
                ) from error
            yield ArchiveReader(path, archive, manifest)
    except NotAFileError as error:
        raise BackupError(f"{path}: it is {error}; name a backup's file") from error


def _manifest(path: Path, archive: zipfile.ZipFile) -> Manifest:
    if archive.getinfo(MANIFEST).file_size > _LARGEST_MANIFEST:
        raise ValueError("its manifest is too large")
    whole: Any = parsed(archive.read(MANIFEST))
    if whole["form"] > FORM:
        raise BackupError(
            f"{path}: a newer Offhook ({str(whole.get('offhook'))[:40]}) has made this backup;"
            " restore it with that version or a newer one"
        )
    files = {}
    for name, (size, sha256) in whole["files"].items():
        if not is_plain(name):
            raise ValueError(f"{name!r} is not a file's place")
        files[name] = (int(size), str(sha256))
    if {*files, MANIFEST} != set(archive.namelist()) or DATABASE not in files:
        raise ValueError("its files are not those of its manifest")
    return Manifest(
        made_at=str(whole["made_at"]),
        offhook=str(whole["offhook"]),
        schema=int(whole["schema"]),
        node=str(whole["node"]),
        recordings=bool(whole["recordings"]),
        files=files,
    )


def is_plain(name: str) -> bool:
    """Whether this is a place below the folder that an archive is extracted to."""
    return all(_PART.fullmatch(part) and part not in (".", "..") for part in name.split("/"))


def _damaged(path: Path, name: str) -> BackupError:
    return BackupError(
        f"{path}: {name} in this backup is damaged, so nothing of it was restored; take another"
    )
