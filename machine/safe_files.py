"""Opens files safely in folders where others may have put something else. Blocking.

A FIFO would block whoever opens it, and a symbolic link may lead to another file. So we follow no
links, never wait, and check what was opened, not what the name meant a moment before.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedRandom, BufferedReader
from pathlib import Path

from domain.errors import OffhookError

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_MAKE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class NotAFileError(OffhookError):
    """The name belongs to something other than a regular file; ``str`` says what it is."""


@contextmanager
def open_regular(path: Path) -> Iterator[tuple[BufferedReader, os.stat_result]]:
    """Open a regular file to read; yields it with its status. Raises NotAFileError, OSError."""
    try:
        descriptor = os.open(path, _READ)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.ENXIO):
            raise
        raise NotAFileError(kind_of(path)) from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise NotAFileError(_kind(status))
    with os.fdopen(descriptor, "rb") as file:
        yield file, status


def kind_of(path: Path) -> str:
    """What kind of thing is at ``path``, if it can't be opened as a file."""
    try:
        return _kind(path.lstat())
    except OSError as error:
        return str(error.strerror)


def _kind(status: os.stat_result) -> str:
    return _KINDS.get(stat.S_IFMT(status.st_mode), "not a file")


@contextmanager
def new_file(path: Path) -> Iterator[BufferedRandom]:
    """Create a new file, removing first whatever a crash or anybody else left under the name."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, _MAKE, 0o666), "w+b") as file:
        yield file


def remove_quietly(path: Path) -> None:
    """Remove a file if that can be done."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
