"""Reads on in a log that another program writes and rotates, from where reading stopped."""

import contextlib
import glob
import json
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import structlog

from documents.json_text import parsed
from telephony.log_rows import LogPlace

log = structlog.get_logger()

LARGEST = 10_000_000
"""In bytes, some 4,000 calls; a larger log is put aside under another name."""
KEPT = 5
"""How many older files that have been read are kept."""
KEPT_UNREAD = 50

_CHUNK = 1 << 18
_LONGEST = 1 << 16
"""In bytes, more than a row has. Anything longer is a crash's, perhaps with a row at its end."""
_PACKED = (".gz", ".xz", ".bz2", ".zst", ".lz4")


class LogFile:
    """``path`` and the files it was renamed to in the same folder (``path.1``, ``path-20261122``).

    ``memory`` keeps where to go on, by the file's inode. Nothing here raises OSError: a log that
    can't be read has no lines, and an error is logged.
    """

    def __init__(self, path: Path, memory: Path) -> None:
        self.path = path
        self._memory = memory
        self._inodes: dict[int, int] = {}
        self._remembered: LogPlace | None = None
        self._cannot_rotate: set[Path] = set()
        self._cannot_remember = False
        self._is_no_file = False
        inode, offset = self._recall()
        self._next = LogPlace(0, offset)
        if inode:
            self._inodes[0] = inode

    def lines(self) -> Iterator[tuple[LogPlace, str]]:
        """The new lines, only whole ones, each with its place. Blocking."""
        try:
            self._look_at_it()
            for file in self._new_files():
                yield from self._rest_of(file)
        except OSError as error:
            log.error("Asterisk's event log can't be read", file=str(self.path), why=str(error))

    def remember(self, place: LogPlace | None) -> None:
        """Let the next process begin at ``place``; None for where reading has stopped."""
        place = place or self._next
        if place == self._remembered or place.file not in self._inodes:
            return
        new = self._memory.with_suffix(".new")
        try:
            new.write_text(json.dumps({"inode": self._inodes[place.file], "offset": place.offset}))
            new.replace(self._memory)
        except OSError as error:
            if not self._cannot_remember:
                self._cannot_remember = True
                log.error(
                    "how far the log has been read can't be saved",
                    file=str(self._memory),
                    why=error.strerror,
                )
            return
        self._remembered, self._cannot_remember = place, False
        for file in [file for file in self._inodes if file < place.file]:
            del self._inodes[file]

    def rotate(
        self, *, largest: int = LARGEST, kept: int = KEPT, unread: int = KEPT_UNREAD
    ) -> None:
        """Put the log aside as ``path.<time>`` if it has grown large, and remove the oldest.

        Asterisk opens it again for each row (measured), so no row is lost; and no file with unread
        rows is removed unless there are more than ``unread`` files. Blocking.
        """
        with self._complaint(self.path):
            if self.path.stat().st_size > largest:
                self.path.rename(self.path.with_name(f"{self.path.name}.{time.time_ns()}"))
        older: list[Path] = []
        read = 0
        with self._complaint(self.path):
            older = [file for file in self._files() if file != self.path]
            current = self._inodes.get(self._remembered.file if self._remembered else 0)
            for number, file in enumerate(older):
                if file.stat().st_ino == current:
                    read = number
        for number, file in enumerate(older):
            newer = len(older) - number - 1
            if newer >= kept and (number < read or newer >= unread):
                with self._complaint(file):
                    file.unlink()

    @contextlib.contextmanager
    def _complaint(self, file: Path) -> Iterator[None]:
        """Log once what can't be done to a file, and let everything else go on."""
        try:
            yield
        except FileNotFoundError:
            pass
        except OSError as error:
            if file not in self._cannot_rotate:
                self._cannot_rotate.add(file)
                log.error(
                    "Asterisk's event log grows; let Offhook's user rename and remove it, or rotate"
                    " it (docs/asterisk-elsewhere.md)",
                    file=str(file),
                    why=error.strerror,
                )

    def _recall(self) -> tuple[int, int]:
        try:
            kept = parsed(self._memory.read_bytes())
            inode, offset = int(kept["inode"]), int(kept["offset"])
            if offset < 0:
                raise ValueError("the offset is below 0")
            return inode, offset
        except FileNotFoundError:
            return 0, 0
        except (OSError, ValueError, LookupError, TypeError, OverflowError) as error:
            log.warning(
                "unreadable; the log is read from its beginning",
                file=str(self._memory),
                why=str(error),
            )
            return 0, 0

    def _look_at_it(self) -> None:
        """Log an error if the log is not a regular file: Asterisk writes to nothing else, and we
        don't read through links."""
        was, self._is_no_file = self._is_no_file, False
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            self._is_no_file = not stat.S_ISREG(self.path.lstat().st_mode)
        if self._is_no_file and not was:
            log.error(
                "Asterisk's event log is not a regular file: what happens while the controller is"
                " away stays unknown; move it away, and Asterisk makes a new one",
                file=str(self.path),
            )

    def _new_files(self) -> list[Path]:
        """The file that was read last and those begun since then, in order."""
        if not self.path.parent.is_dir():
            return []
        ordered = self._files()
        current = self._inodes.get(self._next.file)
        for number, file in enumerate(ordered):
            if file.stat().st_ino == current:
                return ordered[number:]
        if current is None:
            return ordered  # nothing has been read yet
        if ordered:
            log.warning("the log was removed; its last rows are lost", file=str(self.path))
        return ordered[-1:]

    def _files(self) -> list[Path]:
        """The log and the files it was renamed to, the oldest first."""
        files = [
            (file == self.path, file.stat().st_mtime_ns, file)
            for file in self.path.parent.glob(f"{glob.escape(self.path.name)}*")
            if file.suffix not in _PACKED and file.is_file() and not file.is_symlink()
        ]
        return [file for _, _, file in sorted(files)]

    def _rest_of(self, file: Path) -> Iterator[tuple[LogPlace, str]]:
        with file.open("rb") as source:
            status = os.fstat(source.fileno())
            known = self._inodes.get(self._next.file)
            if known is not None and (
                known != status.st_ino or status.st_size < self._next.offset  # copied and emptied
            ):
                self._next = LogPlace(self._next.file + 1, 0)
            self._inodes[self._next.file] = status.st_ino
            source.seek(self._next.offset)
            torn = b""
            while chunk := source.read(_CHUNK):
                *whole, torn = (torn + chunk).split(b"\n")
                for line in whole:
                    place = self._next
                    self._next = LogPlace(place.file, place.offset + len(line) + 1)
                    yield place, line.decode("utf-8", "replace")
                if (junk := len(torn) - _LONGEST) > 0:
                    torn = torn[junk:]
                    self._next = LogPlace(self._next.file, self._next.offset + junk)
