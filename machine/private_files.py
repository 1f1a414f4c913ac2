"""Writes files that only their owner can read, whole or not at all. Blocking."""

import os
import stat
from pathlib import Path


def write_private(path: Path, content: bytes) -> None:
    """Replace a file atomically; others can't read it, not even for a moment.

    After a failure (OSError) the previous file is there, and nothing else.
    """
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def keep_private(path: Path, mode: int) -> None:
    """Make a file or folder private to its owner. One that already is isn't touched, for the disk
    may be read-only. Raises OSError."""
    if stat.S_IMODE(path.stat().st_mode) != mode:
        path.chmod(mode)


def have(file: Path, content: bytes) -> bool:
    """Make sure that the file has this content and is private; returns whether it was written.

    It isn't if it has this content already: on a full disk, what was started from it can be
    started again. Raises OSError.
    """
    try:
        if file.read_bytes() == content:
            return False
    except OSError:
        pass  # writing it will report what is wrong
    write_private(file, content)
    return True


def write_once(path: Path, content: bytes) -> None:
    """Make a file that only its owner can read. Raises FileExistsError if there is something of
    this name, OSError; then nothing of it is left."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)  # or a power cut could bring the previous file back
    finally:
        os.close(folder)
