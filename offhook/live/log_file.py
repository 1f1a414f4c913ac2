"""A log that another program writes and rotates, read on from where one had come to."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import structlog

from telephony.event_log import Place

log = structlog.get_logger()

_CHUNK = 1 << 18
_PACKED = (".gz", ".xz", ".bz2", ".zst", ".lz4")


class LogFile:
    """``path`` and the files it was renamed to (``path.1``, ``path-20261122``: same folder).

    Where to go on is kept in ``memory``, by the file's inode. Nothing here raises OSError: a
    log that can't be read has no lines, and says so.
    """

    def __init__(self, path: Path, memory: Path) -> None:
        self.path = path
        self._memory = memory
        self._inodes: dict[int, int] = {}
        self._remembered: Place | None = None
        inode, offset = self._recall()
        self._next = Place(0, offset)
        if inode:
            self._inodes[0] = inode

    def lines(self) -> Iterator[tuple[Place, str]]:
        """What is new: whole lines only, each with its place. Blocking."""
        try:
            for file in self._new_files():
                yield from self._rest_of(file)
        except OSError as error:
            log.error("Asterisk's event log can't be read", file=str(self.path), why=str(error))

    def remember(self, place: Place | None) -> None:
        """The next process begins here; None: where reading has come to."""
        place = place or self._next
        if place == self._remembered or place.file not in self._inodes:
            return
        new = self._memory.with_suffix(".new")
        try:
            new.write_text(json.dumps({"inode": self._inodes[place.file], "offset": place.offset}))
            new.replace(self._memory)
        except OSError as error:
            log.error("can't be written", file=str(self._memory), why=str(error))
            return
        self._remembered = place
        for file in [file for file in self._inodes if file < place.file]:
            del self._inodes[file]

    def _recall(self) -> tuple[int, int]:
        try:
            kept = json.loads(self._memory.read_text())
            return int(kept["inode"]), int(kept["offset"])
        except FileNotFoundError:
            return 0, 0
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("unreadable; the log is read anew", file=str(self._memory), why=str(error))
            return 0, 0

    def _new_files(self) -> list[Path]:
        """The file that was read last, and those begun since, in their order."""
        if not self.path.parent.is_dir():
            return []
        files = [
            (file.stat().st_mtime_ns, file == self.path, file)
            for file in self.path.parent.glob(f"{self.path.name}*")
            if file.suffix not in _PACKED and file.is_file()
        ]
        ordered = [file for _, _, file in sorted(files)]
        current = self._inodes.get(self._next.file)
        for number, file in enumerate(ordered):
            if file.stat().st_ino == current:
                return ordered[number:]
        if current is not None and ordered:
            log.warning("the log was taken away; what it said last is lost", file=str(self.path))
        return [self.path] if self.path.exists() else []

    def _rest_of(self, file: Path) -> Iterator[tuple[Place, str]]:
        with file.open("rb") as source:
            status = os.fstat(source.fileno())
            known = self._inodes.get(self._next.file)
            if known is not None and (
                known != status.st_ino or status.st_size < self._next.offset  # copied and emptied
            ):
                self._next = Place(self._next.file + 1, 0)
            self._inodes[self._next.file] = status.st_ino
            source.seek(self._next.offset)
            torn = b""
            while chunk := source.read(_CHUNK):
                *whole, torn = (torn + chunk).split(b"\n")
                for line in whole:
                    place = self._next
                    self._next = Place(place.file, place.offset + len(line) + 1)
                    yield place, line.decode("utf-8", "replace")
