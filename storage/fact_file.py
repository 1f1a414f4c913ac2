"""Appends facts to the outbox's file, each line whole or not at all, for one process at a time."""

import errno
import fcntl
import os
from pathlib import Path

import structlog

from storage.database_errors import OutboxTaken

log = structlog.get_logger()

_CHUNK = 256 * 1024
_WRITE = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC
_NOT_TO_WRITE = {errno.EROFS, errno.EACCES, errno.EPERM}


class FactFile:
    """An append-only file of lines, locked for this process until closed.

    What was appended survives the death of this process, but not that of the machine (there is no
    fsync: it would cost each call milliseconds). Raises OutboxTaken if another process has the
    file.

    A file that can only be read (the disk was remounted) is read; appending to it raises OSError
    until it can be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read_only = False
        self._fd = self._open()
        self._torn = False
        try:
            self._lock()
            self.size = os.fstat(self._fd).st_size
            self._drop_torn_line()
            self.lines = self._count()
        except BaseException:
            os.close(self._fd)
            raise

    def _open(self) -> int:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return os.open(self.path, _WRITE | os.O_CREAT, 0o600)
        except OSError as error:
            if error.errno not in _NOT_TO_WRITE or not self.path.exists():
                raise
            self._read_only = True
            return os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)

    def _reopen(self) -> None:
        """Opens the file for writing, if that has become possible. Raises OSError."""
        fresh = os.open(self.path, _WRITE)
        if not os.path.sameopenfile(fresh, self._fd):
            os.close(fresh)
            raise OSError(errno.ESTALE, "another file has taken its place", str(self.path))
        # It stays ours all the while: the old descriptor keeps its lock until the new one has it.
        fcntl.flock(self._fd, fcntl.LOCK_UN)
        os.close(self._fd)
        self._fd = fresh
        self._lock()
        self._read_only = False

    def append(self, line: bytes) -> None:
        """Appends one line. Raises OSError if the disk doesn't take all of it; then none of it
        stays."""
        if self._read_only:
            self._reopen()
        if self._torn:
            os.ftruncate(self._fd, self.size)
            self._torn = False
        self._torn = True
        written = os.write(self._fd, line)
        if written < len(line):
            os.ftruncate(self._fd, self.size)
            self._torn = False
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
        self._torn = False
        self.size += len(line)
        self.lines += 1

    def read(self, offset: int, limit: int) -> tuple[list[bytes], int]:
        """At most ``limit`` lines from ``offset`` on, and the offset of the next one."""
        want, data = _CHUNK, b""
        while True:
            data = os.pread(self._fd, min(want, self.size - offset), offset)
            if b"\n" in data or offset + len(data) >= self.size:
                break
            want *= 2
        end = data.rfind(b"\n") + 1
        lines = data[:end].split(b"\n")[:-1][:limit]
        return lines, offset + sum(len(line) + 1 for line in lines)

    def clear(self) -> None:
        """Removes all lines. Raises OSError if that fails; then all are still there."""
        if self._read_only:
            self._reopen()
        os.ftruncate(self._fd, 0)
        self.size = 0
        self.lines = 0
        self._torn = False

    def close(self) -> None:
        """Closes the file and frees its lock. May be called twice."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _lock(self) -> None:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutboxTaken(
                f"{self.path} is in use by another controller; stop that one, or give this one "
                "a state folder of its own"
            ) from None

    def _drop_torn_line(self) -> None:
        """Removes half a line that a process left which was killed inside ``append``."""
        if self.size == 0:
            return
        start = max(0, self.size - _CHUNK)
        while True:
            tail = os.pread(self._fd, self.size - start, start)
            if b"\n" in tail or start == 0:
                break
            start = max(0, start - _CHUNK)
        whole = start + tail.rfind(b"\n") + 1 if b"\n" in tail else 0
        if whole < self.size:
            log.warning(
                "the outbox's last line was torn by a crash; dropped",
                file=str(self.path),
                line=repr(tail[whole - start :][:200]),
            )
            self.size = whole
            if self._read_only:
                self._torn = True
            else:
                os.ftruncate(self._fd, whole)

    def _count(self) -> int:
        lines = offset = 0
        while offset < self.size:
            data = os.pread(self._fd, _CHUNK, offset)
            if not data:
                break
            lines += data.count(b"\n")
            offset += len(data)
        return lines
