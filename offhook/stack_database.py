"""The database of an Offhook on one machine."""

import asyncio
from pathlib import Path

from machine.one_line import in_one_line
from storage.database import open_database
from storage.database_errors import DatabaseRefused, DatabaseUnreachable, EmbeddedServerFailed
from storage.embedded import EmbeddedServer
from storage.last_known import LAST_KNOWN, LastKnown
from telephony.asterisk.provision import Progress


class StackDatabase:
    """An embedded one of its own, one on a server that it is given, or one that runs elsewhere.

    ``dsn`` is its address: "" until ``start`` if the server is embedded.
    """

    def __init__(
        self,
        state: Path,
        dsn: str | None,
        given: EmbeddedServer | None,
        name: str,
        progress: Progress,
    ) -> None:
        self.dsn = dsn or ""
        self.server = given
        """The embedded server, the given one or, once it is started, its own."""
        self.is_own = given is None and not self.dsn
        """Whether it is on an embedded server of its own."""
        self._state = state
        self._name = name
        self._progress = progress

    async def start(self) -> None:
        """Start its own server, and see that the database can be used. Raises StorageError if the
        controller could not do without it."""
        try:
            await self._start()
        except (DatabaseUnreachable, DatabaseRefused, EmbeddedServerFailed) as error:
            if not self._can_wait():
                raise
            self._progress(f"{in_one_line(error)}. Starting without it")

    async def _start(self) -> None:
        if self.is_own:
            self._progress("starting PostgreSQL (embedded)")
            self.server = EmbeddedServer(self._state / "postgres")
            self.dsn = self.server.usual_dsn(self._name)
            await asyncio.to_thread(self.server.start)
        if self.server is not None:
            self.dsn = await self.server.database(self._name)
        if not self.is_own or not self._can_wait():
            # Better to fail now than in the controller, when Asterisk is already running. Besides,
            # an updated controller can start while old calls are migrated, from what was last
            # known; without that it can't.
            await (await open_database(self.dsn)).close()

    def _can_wait(self) -> bool:
        """Whether a controller has served here before, and can start from what it knew last."""
        return LastKnown(self._state / LAST_KNOWN).found

    async def stop(self) -> None:
        """Stop its own server, if it has been started."""
        if self.is_own and self.server is not None:
            await asyncio.to_thread(self.server.stop)
            self.server = None
