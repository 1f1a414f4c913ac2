"""The server process of a PostgreSQL data folder, as the note in it names it."""

import contextlib
import socket
import struct
from pathlib import Path

import psutil

_FIELDS = 8  # of a complete postmaster.pid
_PORT_LINE, _SOCKET_LINE, _STATE_LINE = 3, 4, 7  # of it
_WHETHER_ENCRYPTED = struct.pack("!ii", 8, 80877103)
"""PostgreSQL's SSLRequest, which it answers with one byte before any login."""


class Postmaster:
    """The server of a data folder, if one runs, whoever has started it."""

    def __init__(self, data: Path) -> None:
        self.note = data / "postmaster.pid"
        """What a server writes down of itself, and removes when it stops."""
        self._data = data

    def process(self) -> psutil.Process | None:
        """The process that the note names, if that is a server of this folder.

        After a crash, the process id may belong to any other program.
        """
        try:
            text = self.note.read_text(encoding="utf-8")
            process = psutil.Process(int(text.splitlines()[0]))
            if process.name() != "postgres" or process.status() == psutil.STATUS_ZOMBIE:
                return None
            return process if Path(process.cwd()) == self._data else None
        except psutil.AccessDenied as error:
            raise RuntimeError("its server is already running as another user") from error
        except (OSError, ValueError, IndexError, psutil.NoSuchProcess):
            return None

    def is_ready(self) -> bool:
        """Whether it has written that it can be used."""
        lines = self._lines()
        return len(lines) >= _FIELDS and lines[_STATE_LINE].strip() == "ready"

    def socket_file(self) -> Path | None:
        """Where it listens; None if it has not written that yet."""
        lines = self._lines()
        folder = lines[_SOCKET_LINE].strip() if len(lines) > _SOCKET_LINE else ""
        return Path(folder) / f".s.PGSQL.{lines[_PORT_LINE].strip()}" if folder else None

    def says_a_word(self, within_s: float) -> bool:
        """Whether it answers at all in so many seconds; it does so even while it recovers."""
        file = self.socket_file()
        if file is None:
            return False
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(within_s)
                line.connect(str(file))
                line.sendall(_WHETHER_ENCRYPTED)
                return bool(line.recv(1))
        except OSError:
            return False

    def remove_locks(self) -> None:
        """Remove what a killed server has left."""
        file = self.socket_file()
        if file is not None:
            file.with_name(file.name + ".lock").unlink(missing_ok=True)
            file.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)

    def _lines(self) -> list[str]:
        try:
            return self.note.read_text(encoding="utf-8").splitlines()
        except OSError:
            return []  # it has just stopped


def kill_all(postmaster: psutil.Process) -> None:
    """Kills (-9) a server and its children, which may hang as well and would hold its memory."""
    with contextlib.suppress(psutil.Error):
        for process in (postmaster, *postmaster.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                process.kill()
