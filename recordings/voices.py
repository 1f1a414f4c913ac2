"""Takes in what callers have said after a tone: voicemails, and what flows record.

What is waiting is in memory only: after a crash the files are still in the spool, where ``orphans``
finds them. Nothing waits for it but the caller who has just spoken, and only to know whether
anything was heard.
"""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import structlog

from domain.identity import CallId
from machine.safe_files import NotAFileError
from recordings.capture import RATE
from recordings.faults import RecordingForeign, RecordingKept, RecordingLost
from recordings.voice_files import (
    FORMAT,
    SAMPLE_BYTES,
    VoiceName,
    VoiceTold,
    read_name,
    said_s,
    store_voice,
)

FIRST_AGAIN_S = 5.0
LAST_AGAIN_S = 300.0
SPARE_BYTES = 16_000_000
"""What is to stay free for the recordings of talks."""

log = structlog.get_logger()


class VoiceArchive:
    """Stores voices one by one, and retries those that can't be stored yet.

    ``spool`` is where Asterisk writes them, ``told`` is given each once it is safe on disk and
    before the raw file is removed.
    """

    def __init__(
        self,
        spool: Path,
        root: Path,
        told: VoiceTold,
        *,
        first_again_s: float = FIRST_AGAIN_S,
        last_again_s: float = LAST_AGAIN_S,
    ) -> None:
        self.spool, self._root, self._told = spool, root, told
        self._first_again_s, self._last_again_s = first_again_s, last_again_s
        self._due: asyncio.Queue[VoiceName] = asyncio.Queue()
        self._taken: set[VoiceName] = set()
        self._in_hand: set[VoiceName] = set()
        self._left_alone: set[str] = set()
        self.trouble: str | None = None
        """Why voices can't be stored at present, in one line; None if they can."""

    @property
    def waiting(self) -> int:
        """How many are still to be stored."""
        return len(self._taken)

    def without_suffix(self, name: VoiceName) -> str:
        """The path that Asterisk is given, which adds the suffix itself."""
        return str(self.spool.absolute() / str(name))

    def raw(self, name: VoiceName) -> Path:
        """The file that Asterisk writes."""
        return self.spool / f"{name}.{FORMAT}"

    def no_room(self, seconds: float) -> str | None:
        """Why Asterisk could not write so much, in one line; None if it can. Blocking."""
        needed = round(seconds * RATE * SAMPLE_BYTES) + SPARE_BYTES
        try:
            free = shutil.disk_usage(self.spool).free
        except OSError as error:
            return f"{self.spool}: {error.strerror}"
        if free >= needed:
            return None
        return f"{self.spool}: {free / 1e6:.0f} MB are free, {needed / 1e6:.0f} MB needed"

    @contextmanager
    def recording(self, name: VoiceName) -> Iterator[None]:
        """While Asterisk writes it, nobody takes it in."""
        self._in_hand.add(name)
        try:
            yield
        finally:
            self._in_hand.discard(name)

    async def finish(self, name: VoiceName, *, short: bool = False) -> float:
        """Take in a recording that is over, and return its length in seconds; 0 if nothing was
        said, and then no file is left. ``short``: some of it is missing, and whoever hears it is
        to know. Raises OSError if it can't be read."""
        raw = self.raw(name)
        try:
            seconds = await asyncio.to_thread(said_s, raw)
        except NotAFileError as error:
            raise OSError(f"{raw} is {error}") from error
        if seconds > 0:
            self._take(await asyncio.to_thread(self._marked, name) if short else name)
        else:
            await asyncio.to_thread(raw.unlink, missing_ok=True)
        return seconds

    def _marked(self, name: VoiceName) -> VoiceName:
        """The same recording, with a name that says that it is cut short. Blocking."""
        marked = replace(name, short=True)
        self.raw(name).rename(self.raw(marked))
        return marked

    def _take(self, name: VoiceName) -> None:
        if name not in self._taken:
            self._taken.add(name)
            self._due.put_nowait(name)

    async def orphans(self, over: Callable[[CallId], Awaitable[object | None]]) -> int:
        """Take what a controller left that was killed; returns how many. ``over`` returns None of a
        call that goes on, or may: its file may still be written."""
        found = 0
        for name in await asyncio.to_thread(self._names):
            if name in self._taken or name in self._in_hand or await over(name.call) is None:
                continue
            try:
                found += await self.finish(name) > 0
            except FileNotFoundError:
                continue  # it has been taken in, or named anew, since the look into the folder
            except OSError as error:
                self._leave_alone(str(name), str(error))
        return found

    def _names(self) -> list[VoiceName]:
        try:
            files = sorted(one for one in self.spool.iterdir() if one.suffix == f".{FORMAT}")
        except OSError:
            return []  # the archive of calls says so; it is the same folder
        names = []
        for file in files:
            name = read_name(file.stem)
            if name is None:
                self._leave_alone(file.stem, "its name is none of ours")
            elif str(name) not in self._left_alone:
                names.append(name)
        return names

    def _leave_alone(self, stem: str, why: str) -> None:
        if stem not in self._left_alone:
            self._left_alone.add(stem)
            log.warning(
                "a file in Asterisk's spool is left alone; remove it by hand",
                file=str(self.spool / f"{stem}.{FORMAT}"),
                why=why,
            )

    async def run(self) -> None:
        """Store what is taken, until cancelled; the rest then stays in the spool."""
        again_s = self._first_again_s
        while True:
            name = await self._due.get()
            try:
                await self._store(name)
            except RecordingKept as error:
                if self.trouble != str(error):
                    log.error(str(error))
                self.trouble = str(error)
                self._due.put_nowait(name)
                await asyncio.sleep(again_s)
                again_s = min(again_s * 2, self._last_again_s)
                continue
            except RecordingForeign as error:
                self._leave_alone(str(name), str(error))
            except RecordingLost as error:
                log.error("what a caller said is lost", name=str(name), why=str(error))
            except Exception:
                # A bug that one hits must not keep the others from being stored.
                log.exception("a voice can't be stored; its raw file stays", name=str(name))
                self._left_alone.add(str(name))
            else:
                self.trouble, again_s = None, self._first_again_s
            self._taken.discard(name)

    async def _store(self, name: VoiceName) -> None:
        raw = self.raw(name)
        self._told(await asyncio.to_thread(store_voice, raw, name, self._root))
        try:
            await asyncio.to_thread(raw.unlink, missing_ok=True)
        except OSError as error:
            # It is stored and known. The next start will find the raw file and change nothing.
            self._leave_alone(str(name), f"it is stored, and can't be removed: {error.strerror}")
