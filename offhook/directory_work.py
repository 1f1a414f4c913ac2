"""Puts together what people configure while calls go on: the directory, read at the start, then
followed by all who work by it."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import structlog

from centre.directory import Directory
from centre.directory_copy import DirectoryCopy
from centre.directory_store import KeptDirectory
from centre.following import FollowedDirectory
from centre.running import centre_of
from configuration.centre_file import Config
from configuration.directory_at_start import asterisk_passwords, directory_at_start, keep_here
from configuration.in_force import InForce
from configuration.secrets import Secrets
from console.kit.browser_sessions import RememberedSessions
from domain.centre import Centre
from engine.engine import Engine
from offhook.database_work import DatabaseWork
from offhook.places import Places
from telephony.asterisk.centre_in_asterisk import CentreInAsterisk

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class DirectoryWork:
    """The directory of one controller."""

    config: Config
    """Without what has been moved into the directory."""
    followed: FollowedDirectory
    centre: Centre
    """The centre at the start."""
    asterisk: CentreInAsterisk | None
    """Writes the centre into Asterisk's files; None: they are not ours."""
    in_use: asyncio.Queue[Centre]
    """Each centre that is in force: the first, and whatever it becomes."""
    _at_start: DirectoryCopy
    _state: Path
    _secrets: Secrets
    _stored: DatabaseWork

    @classmethod
    async def begin(cls, found: InForce, where: Places, stored: DatabaseWork) -> "DirectoryWork":
        """Read the directory, from this machine's copy if the database is away."""
        state, secrets = where.state, found.secrets
        config, copy = await directory_at_start(
            found.config, state, stored.pool if stored.open_now else None, secrets
        )
        centre = centre_of(copy.kept.directory)
        asterisk = None if where.generated is None else CentreInAsterisk(where.generated)
        if asterisk is not None:
            asterisk.give(centre, asterisk_passwords(secrets, copy).credentials)
        in_use: asyncio.Queue[Centre] = asyncio.Queue()
        in_use.put_nowait(centre)
        followed = FollowedDirectory(stored.pool, copy)
        return cls(config, followed, centre, asterisk, in_use, copy, state, secrets, stored)

    def kept(self) -> KeptDirectory:
        """The directory in force."""
        return self.followed.found.kept

    def directory(self) -> Directory:
        """What it consists of."""
        return self.kept().directory

    async def follow(self, engine: Engine, sessions: RememberedSessions) -> None:
        """Put each change in force, until cancelled; begins once the database is open."""
        database = self._stored.database

        async def take(now: DirectoryCopy) -> None:
            centre = centre_of(now.kept.directory)
            engine.take(centre)
            log.info("a change is in force", revision=now.kept.revision)
            if self.asterisk is not None:
                # After the engine, to which no channel is a stranger's then.
                passwords = asterisk_passwords(self._secrets, now)
                self.asterisk.give(centre, passwords.credentials)
            sessions.take(centre)
            self.in_use.put_nowait(centre)
            await asyncio.to_thread(keep_here, self._state, now)
            await database.agents.remember(centre.agents)

        await database.open()
        if self._at_start.kept.revision == 0:
            # Begun without the database, and without a copy.
            await directory_at_start(self.config, self._state, self._stored.pool, self._secrets)
        else:
            await database.agents.remember(engine.centre.agents)
        await self.followed.follow(take)
