"""Finds or makes the sound file of a prompt: an upload, or espeak-ng's voice, kept in a cache."""

import asyncio
import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import structlog

from domain.errors import OffhookError
from domain.prompts import PromptText
from prompts.prompt_files import Stamp, converted, copy, is_telephone_file, stamp, there, write
from prompts.speech import Espeak, SpeechError, SpeechFault, voice_of

log = structlog.get_logger()

FORMAT = "1"  # of the files made here; a new number makes them all again
RETRY_AFTER_S = 5.0
PATIENCE_S = 6.0
"""How long a caller waits for a sound that is still being made."""
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")

PromptProgress = Callable[[int, int], None]
"""Called with (done, all) while prompts are made."""


class PromptError(OffhookError):
    """There is no sound for this prompt; the call goes on without it. It has been logged."""

    def __init__(self, prompt: PromptText, cause: SpeechError) -> None:
        super().__init__(f"prompt {prompt.name} ({prompt.language}): {cause}")
        self.prompt = prompt
        self.fault = cause.fault


@dataclass(frozen=True, slots=True)
class Prepared:
    """The result of making prompts in advance."""

    ready: int
    failed: tuple[PromptError, ...]


@dataclass(frozen=True, slots=True)
class _Upload:
    """An uploaded file in one of its states."""

    file: Path
    state: Stamp

    @property
    def name(self) -> str:
        """The name of its copy for telephones; a new upload has a new name."""
        return _digest(str(self.file), str(self.state))


@dataclass(frozen=True, slots=True)
class _Found:
    """Where a prompt's sound was found; valid until one of the files changes."""

    upload: str
    state: Stamp | None
    """The upload's; None: there was no upload."""
    file: str
    sound: str
    for_good: bool
    """False: the upload can't be converted just now, so its text is spoken instead."""

    def holds(self) -> bool:
        return (
            self.for_good
            and stamp(self.upload) == self.state
            and (self.file == self.upload or there(self.file))
        )


class Prompts:
    """Sound files under one folder.

    ``uploaded/<language>/<name>.wav`` holds people's own recordings, which come first;
    ``spoken/`` is a cache of what espeak-ng said, named by content, and may be deleted any time.
    """

    def __init__(
        self,
        folder: Path,
        espeak: Espeak | None = None,
        *,
        seen_as: Path | None = None,
        retry_after_s: float = RETRY_AFTER_S,
    ) -> None:
        """``seen_as`` is the folder's path as Asterisk sees it, if that differs. A prompt
        that failed is not retried within ``retry_after_s``."""
        self._retry_after_s = retry_after_s
        self._folder, self._seen_as = folder, seen_as or folder
        self._uploaded = folder / "uploaded"
        self._spoken = folder / "spoken"
        self._espeak = espeak or Espeak()
        self._making: dict[Path, asyncio.Task[None]] = {}
        self._failed: dict[Path, tuple[float, SpeechError]] = {}  # no retry before this time
        self._told: set[SpeechFault] = set()
        self._refused: set[_Upload] = set()  # uploads that are not a sound; reported once
        self._found: dict[PromptText, _Found] = {}

    async def sound(self, prompt: PromptText, *, patience_s: float | None = None) -> str:
        """The path, without its extension, of the prompt as 8 kHz mono 16-bit WAV.

        A sound that doesn't exist yet is made now: once, however many callers ask for it, and to
        the end even if they hang up or have waited for ``patience_s``. Raises PromptError.
        """
        return (await self._look(prompt, patience_s)).sound

    async def _look(self, prompt: PromptText, patience_s: float | None = None) -> _Found:
        found = self._found.get(prompt)
        if found is None or not found.holds():
            try:
                async with asyncio.timeout(patience_s):
                    found = self._found[prompt] = await self._find(prompt)
            except SpeechError as error:
                raise PromptError(prompt, error) from error
            except TimeoutError as error:
                slow = SpeechError(
                    SpeechFault.HUNG,
                    f"it was not made within {patience_s:g} s",
                    "it will be there once espeak-ng gets to it",
                )
                self._tell(prompt, slow)
                raise PromptError(prompt, slow) from error
        return found

    async def prepare(
        self, texts: Iterable[PromptText], progress: PromptProgress | None = None
    ) -> Prepared:
        """Make the sounds of these texts in advance; failures don't stop it."""
        texts = tuple(texts)
        failed: list[PromptError] = []
        for done, text in enumerate(texts):
            if progress is not None:
                progress(done, len(texts))
            try:
                await self.sound(text)
            except PromptError as error:
                failed.append(error)
        if progress is not None:
            progress(len(texts), len(texts))
        return Prepared(len(texts) - len(failed), tuple(failed))

    async def publish(self, texts: Iterable[PromptText], folder: Path) -> Prepared:
        """Put sounds where the dialplan finds them by name: ``folder/<language>/<name>.wav``."""
        ready, failed = 0, []
        for text in texts:
            try:
                made = Path((await self._look(text)).file)
                await asyncio.to_thread(copy, made, folder / text.language / f"{text.name}.wav")
                ready += 1
            except PromptError as error:
                failed.append(error)
            except SpeechError as error:
                self._tell(text, error)
                failed.append(PromptError(text, error))
        return Prepared(ready, tuple(failed))

    async def close(self) -> None:
        """Stop making sounds."""
        tasks = list(self._making.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _find(self, prompt: PromptText) -> _Found:
        if not _SAFE.fullmatch(prompt.name) or not _SAFE.fullmatch(prompt.language):
            raise SpeechError(
                SpeechFault.FAILED,
                f"{prompt.language!r}/{prompt.name!r} can't be a file's name",
                "use letters, digits, - and _",
            )
        upload = self._uploaded / prompt.language / f"{prompt.name}.wav"
        state = stamp(str(upload))
        file, for_good = await self._file(prompt, None if state is None else _Upload(upload, state))
        sound = self._seen_as / file.relative_to(self._folder).with_suffix("")
        return _Found(str(upload), state, str(file), str(sound), for_good)

    async def _file(self, prompt: PromptText, upload: _Upload | None) -> tuple[Path, bool]:
        for_good = True
        if upload is not None and upload not in self._refused:
            if await asyncio.to_thread(is_telephone_file, upload.file):
                return upload.file, True
            try:
                return await self._kept(upload.name, prompt, upload), True
            except SpeechError as error:
                for_good = error.fault is SpeechFault.FAILED
                if for_good:
                    self._refuse(upload, error)
        voice = voice_of(prompt.language)
        words = _digest(*voice.names, str(voice.words_per_minute), prompt.text)
        return await self._kept(words, prompt, None), for_good

    def _refuse(self, upload: _Upload, error: SpeechError) -> None:
        if upload not in self._refused:
            self._refused.add(upload)
            log.error(
                "an uploaded prompt can't be played; its text is spoken instead",
                file=str(upload.file),
                why=error.message,
                do="upload it as PCM WAV",
            )

    async def _kept(self, name: str, prompt: PromptText, upload: _Upload | None) -> Path:
        """The file of this name in the cache; it is made if it doesn't exist yet."""
        path = self._spoken / f"{name}.wav"
        if there(str(path)) and await asyncio.to_thread(is_telephone_file, path):
            return path
        until, error = self._failed.get(path, (0.0, None))
        if error is not None and asyncio.get_running_loop().time() < until:
            raise error
        task = self._making.get(path)
        if task is None:
            making = self._make(path, prompt, upload)
            task = asyncio.create_task(making, name=f"prompt {prompt.name}")
            self._making[path] = task
            task.add_done_callback(lambda done: self._made(path, done))
        await asyncio.shield(task)
        return path

    def _made(self, path: Path, task: asyncio.Task[None]) -> None:
        del self._making[path]
        if not task.cancelled():
            task.exception()  # marks it as retrieved, even if every caller who asked has hung up

    async def _make(self, path: Path, prompt: PromptText, upload: _Upload | None) -> None:
        try:
            try:
                if upload is not None:
                    sound = await asyncio.to_thread(converted, upload.file)
                else:
                    sound = await self._espeak.speak(prompt.text, prompt.language)
                await asyncio.to_thread(write, path, sound)
            except (SpeechError, asyncio.CancelledError):
                raise
            except Exception as error:  # a bug costs this prompt, not the call
                raise SpeechError(SpeechFault.FAILED, repr(error), "please report this") from error
        except SpeechError as error:
            # A queue of callers must not start espeak-ng once for each of them.
            until = asyncio.get_running_loop().time() + self._retry_after_s
            self._failed[path] = (until, error)
            if upload is None or error.fault is not SpeechFault.FAILED:
                self._tell(prompt, error)
            raise
        self._failed.pop(path, None)
        if self._told:
            self._told.clear()
            log.info("prompts are spoken again", prompt=prompt.name, language=prompt.language)

    def _tell(self, prompt: PromptText, error: SpeechError) -> None:
        """Logs each kind of fault once until a prompt succeeds again, instead of for every call."""
        if error.fault not in self._told:
            self._told.add(error.fault)
            log.error(
                "a prompt has no sound; calls go on without it",
                prompt=prompt.name,
                language=prompt.language,
                why=error.message,
                do=error.advice,
            )


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join((FORMAT, *parts)).encode()).hexdigest()[:32]
