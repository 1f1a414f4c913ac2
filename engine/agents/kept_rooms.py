"""Remembers which phones are nailed up, so that one that hangs up during a restart is missed."""

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
        self._stations = self._read()
        self._writing: asyncio.Task[None] | None = None
        self._again = False

    def all(self) -> frozenset[StationName]:
        """Those that ought to be there."""
        return frozenset(self._stations)

    def add(self, station: StationName) -> None:
        """The phone is nailed up."""
        if station not in self._stations:
            self._stations.add(station)
            self._changed()

    def discard(self, station: StationName) -> None:
        """It is not any more."""
        if station in self._stations:
            self._stations.discard(station)
            self._changed()

    def _read(self) -> set[StationName]:
        try:
            found = [] if self._path is None else json.loads(self._path.read_bytes())
            return {StationName(name) for name in found if isinstance(name, str)}
        except FileNotFoundError:
            return set()
        except (OSError, ValueError, TypeError, RecursionError) as error:
            log.warning(
                "nobody knows which phones were nailed up, because this file can't be read",
                file=str(self._path),
                why=in_one_line(error),
            )
            return set()

    def _changed(self) -> None:
        self._again = True
        if self._path is not None and self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write(self._path))

    async def _write(self, path: Path) -> None:
        try:
            while self._again:
                self._again = False
                content = json.dumps(sorted(self._stations)).encode()
                await asyncio.to_thread(write_private, path, content)
        except OSError as error:
            log.warning(
                "which phones are nailed up could not be written down",
                file=str(path),
                why=in_one_line(error),
            )
        finally:
            self._writing = None
