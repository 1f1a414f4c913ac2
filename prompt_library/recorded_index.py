"""Knows which recording is heard under which name: followed, and kept on this machine."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import asyncpg
import structlog

from machine.private_files import write_private
from prompts.speech import SpeechError, SpeechFault
from storage.announced import ANSWERS_WITHIN_S, LOOK_EVERY_S, Announced
from storage.database import connection
from storage.database_errors import AWAY
from storage.queries import load

log = structlog.get_logger()

_SQL = load("prompt_recordings")
CHANNEL = "prompt_recordings"
INDEX_FILE = "recordings.json"
"""The file's name in the state folder."""

_Names = dict[tuple[str, str, str], str]
"""By project, language and name: what the sound is called."""


class RecordedIndex:
    """The names as this process knows them; before the first look, as the file has them.

    ``prompts.recorded.RecordedSounds`` says what calls ask of it.
    """

    def __init__(
        self, pool: asyncpg.Pool, file: Path, *, look_every_s: float = LOOK_EVERY_S
    ) -> None:
        self._pool = pool
        self._file = file
        self._announced = Announced(pool, CHANNEL, look_every_s=look_every_s)
        self._names: _Names = _read(file)
        self._newest = -1

    def of(self, project: str, language: str, name: str) -> str | None:
        """What the sound is called that is heard under this name; None: nothing is recorded."""
        names = self._names
        if not names:
            return None
        return names.get((project, language, name)) or names.get(("", language, name))

    async def bytes_of(self, sound: str) -> bytes:
        """The sound of this name. Raises SpeechError."""
        try:
            async with asyncio.timeout(ANSWERS_WITHIN_S), connection(self._pool) as db:
                wav: bytes | None = await db.fetchval(_SQL["wav"], sound)
        except AWAY as error:
            raise SpeechError(
                SpeechFault.OUT_OF_REACH,
                f"the recording {sound} can't be had while the database is away",
                "it will be there once the database is",
            ) from error
        if wav is None:
            raise SpeechError(
                SpeechFault.FAILED, f"the database has no sound {sound}", "upload it again"
            )
        return wav

    async def look(self) -> None:
        """Look now: somebody in this process has changed something. If the database is just away,
        ``follow`` finds it later."""
        try:
            async with asyncio.timeout(ANSWERS_WITHIN_S):
                await self._take(whole=False)
        except AWAY:
            self._announced.look()

    async def follow(self, changed: Callable[[], Awaitable[None]]) -> None:
        """Take each change, whoever made it, until cancelled. ``changed`` is called after those
        that others see too."""
        told = None

        async def read(whole: bool) -> None:
            nonlocal told
            async with asyncio.timeout(ANSWERS_WITHIN_S):
                await self._take(whole=whole)
            if self._names is not told:
                told = self._names
                await changed()

        await self._announced.follow(read, (), _tell)

    async def _take(self, *, whole: bool) -> None:
        async with connection(self._pool) as db:
            newest = await db.fetchval(_SQL["newest"])
            if newest == self._newest and not whole:
                return
            rows = await db.fetch(_SQL["names"])
        names = {
            (row["project"], row["language"], row["name"]): row["sound"]
            for row in rows
            if row["sound"] is not None
        }
        self._newest = newest
        if names != self._names:
            self._names = names
            await asyncio.to_thread(self._keep, names)

    def _keep(self, names: Mapping[tuple[str, str, str], str]) -> None:
        whole = [[*key, sound] for key, sound in sorted(names.items())]
        try:
            write_private(self._file, json.dumps(whole, ensure_ascii=False).encode())
        except OSError as error:
            log.error("the names of recordings can't be kept here", why=str(error))


def _tell(error: Exception) -> None:
    log.error("the recordings can't be read; those known go on", why=str(error))


def _read(file: Path) -> _Names:
    try:
        whole = json.loads(file.read_bytes())
        return {(str(p), str(lang), str(n)): str(sound) for p, lang, n, sound in whole}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError) as error:
        log.error("the names of recordings on this machine can't be read", why=str(error))
        return {}
