"""Keeps sound files named by their content: each is made once, and again when it is gone."""

import asyncio
import contextlib
import hashlib
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from prompts.prompt_files import is_telephone_file, there, write
from prompts.speech import SpeechError, SpeechFault

FORMAT = "2"  # of the files made here; a new number makes them all again
RETRY_AFTER_S = 5.0
_USED_ONCE_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a sound is made that doesn't exist yet."""

    make: Callable[[], Awaitable[bytes]]
    """Raises SpeechError."""
    failed: Callable[[SpeechError], None]
    """Told once for each try that failed."""


class KeptSounds:
    """The files of one folder, which may be deleted at any time, even while they are played.

    Several processes may share the folder: a file is there whole or not at all.
    """

    def __init__(
        self, folder: Path, made: Callable[[], None], *, retry_after_s: float = RETRY_AFTER_S
    ) -> None:
        """``made`` is called for each sound that was made. One that failed is not tried again
        within ``retry_after_s``."""
        self.folder = folder
        self._told_of = made
        self._retry_after_s = retry_after_s
        self._making: dict[Path, asyncio.Task[None]] = {}
        self._failed: dict[Path, tuple[float, SpeechError]] = {}  # no retry before this time

    async def file(self, name: str, recipe: Recipe) -> Path:
        """The file of this name; it is made if it doesn't exist yet. Raises SpeechError."""
        path = self.folder / f"{name}.wav"
        if there(str(path)) and await asyncio.to_thread(_usable, path):
            return path
        until, error = self._failed.get(path, (0.0, None))
        if error is not None and asyncio.get_running_loop().time() < until:
            raise error
        task = self._making.get(path)
        if task is None:
            task = asyncio.create_task(self._make(path, recipe), name=f"prompt {name}")
            self._making[path] = task
            task.add_done_callback(lambda done: self._made(path, done))
        await asyncio.shield(task)
        return path

    async def tidy(self, most_bytes: int) -> int:
        """Delete what was used longest ago until the files have at most ``most_bytes``; how many
        were deleted. Texts with callers' own values would otherwise gather for ever."""
        return await asyncio.to_thread(_tidied, self.folder, most_bytes)

    async def close(self) -> None:
        """Stop making sounds."""
        tasks = list(self._making.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _made(self, path: Path, task: asyncio.Task[None]) -> None:
        del self._making[path]
        if not task.cancelled():
            task.exception()  # marks it as retrieved, even if every caller who asked has hung up

    async def _make(self, path: Path, recipe: Recipe) -> None:
        try:
            try:
                sound = await recipe.make()
                await asyncio.to_thread(write, path, sound)
            except (SpeechError, asyncio.CancelledError):
                raise
            except Exception as error:  # a bug costs this prompt, not the call
                raise SpeechError(SpeechFault.FAILED, repr(error), "please report this") from error
        except SpeechError as error:
            # A queue of callers must not start espeak-ng once for each of them.
            until = asyncio.get_running_loop().time() + self._retry_after_s
            self._failed[path] = (until, error)
            recipe.failed(error)
            raise
        self._failed.pop(path, None)
        self._told_of()


def _usable(path: Path) -> bool:
    """Whether Asterisk can play it; if so it counts as used, once a day."""
    if not is_telephone_file(path):
        return False
    with contextlib.suppress(OSError):  # the folder may be another user's
        if time.time() - path.stat().st_mtime > _USED_ONCE_S:
            os.utime(path)
    return True


def _tidied(folder: Path, most_bytes: int) -> int:
    found = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                if entry.name.endswith(".wav") and entry.is_file(follow_symlinks=False):
                    about = entry.stat(follow_symlinks=False)
                    found.append((about.st_mtime, about.st_size, entry.path))
    whole, deleted = sum(size for _, size, _ in found), 0
    for _, size, path in sorted(found):
        if whole <= most_bytes:
            break
        with contextlib.suppress(OSError):
            Path(path).unlink()
            deleted += 1
        whole -= size
    return deleted


def digest(*parts: str) -> str:
    """A name for the sound that is made of these."""
    return hashlib.sha256("\0".join((FORMAT, *parts)).encode()).hexdigest()[:32]
