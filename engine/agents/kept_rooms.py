"""Remembers which phones are nailed up, so that one that hangs up during a restart is missed, and
which are only borrowed, so that they are let go after it."""

import asyncio
import json
from pathlib import Path

import structlog

from domain.identity import StationName
from machine.one_line import in_one_line
from machine.private_files import write_private

log = structlog.get_logger()

KEPT_ROOMS = "rooms.json"
"""The file's name in the state folder."""


class KeptRooms:
    """The phones that are nailed up, in the file ``path``; None: they are remembered nowhere.

    The file is written by a thread, soon after a change. If that fails, it is logged; all it costs
    is that an agent whose phone hung up during the restart is rung like others.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._stations, self._borrowed = self._read()
        self._writing: asyncio.Task[None] | None = None
        self._again = False

    def all(self) -> frozenset[StationName]:
        """Those that ought to be there."""
        return frozenset(self._stations)

    @property
    def borrowed(self) -> frozenset[StationName]:
        """Those that are in their rooms for one call only."""
        return frozenset(self._borrowed)

    def add(self, station: StationName) -> None:
        """The phone is nailed up."""
        if station not in self._stations or station in self._borrowed:
            self._stations.add(station)
            self._borrowed.discard(station)
            self._changed()

    def borrow(self, station: StationName) -> None:
        """The phone is in its room for one call."""
        if station not in self._borrowed:
            self._borrowed.add(station)
            self._changed()

    def discard(self, station: StationName) -> None:
        """It is not any more."""
        if station in self._stations or station in self._borrowed:
            self._stations.discard(station)
            self._borrowed.discard(station)
            self._changed()

    def _read(self) -> tuple[set[StationName], set[StationName]]:
        try:
            found = [] if self._path is None else json.loads(self._path.read_bytes())
            if isinstance(found, list):  # from before phones could be borrowed
                found = {"nailed_up": found}
            nailed_up, borrowed = (
                {StationName(name) for name in found.get(kind, ()) if isinstance(name, str)}
                for kind in ("nailed_up", "borrowed")
            )
            return nailed_up, borrowed
        except FileNotFoundError:
            return set(), set()
        except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
            log.warning(
                "nobody knows which phones were nailed up, because this file can't be read",
                file=str(self._path),
                why=in_one_line(error),
            )
            return set(), set()

    def _changed(self) -> None:
        self._again = True
        if self._path is not None and self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write(self._path))

    async def _write(self, path: Path) -> None:
        try:
            while self._again:
                self._again = False
                kinds = {"nailed_up": self._stations, "borrowed": self._borrowed}
                content = json.dumps({kind: sorted(names) for kind, names in kinds.items()})
                await asyncio.to_thread(write_private, path, content.encode())
        except OSError as error:
            log.warning(
                "which phones are nailed up could not be written down",
                file=str(path),
                why=in_one_line(error),
            )
        finally:
            self._writing = None
