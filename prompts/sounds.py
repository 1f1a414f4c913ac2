"""Finds or makes the sound file of a prompt: a recording, or a voice, kept in a cache."""

import asyncio
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import structlog

from domain.errors import OffhookError
from domain.prompts import PromptText
from prompts.kept_sounds import RETRY_AFTER_S, KeptSounds, Recipe, digest
from prompts.prompt_files import Stamp, converted, copy, is_telephone_file, stamp, there
from prompts.recorded import NothingRecorded, RecordedSounds
from prompts.speakers import Speaker, Speakers
from prompts.speech import Espeak, SpeechError, SpeechFault

log = structlog.get_logger()

PATIENCE_S = 6.0
"""How long a caller waits for a sound that is still being made."""
MOST_FOUND = 20_000
"""Prompts whose files are remembered; those that were asked for first are looked for again."""
MOST_BYTES_KEPT = 1_000_000_000
"""Of each kind of sounds: some 17 hours."""
TIDY_EVERY_S = 3600.0
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
    """A file that somebody put into the folder, in one of its states."""

    file: Path
    state: Stamp

    @property
    def name(self) -> str:
        """The name of its copy for telephones; a new upload has a new name."""
        return digest(str(self.file), str(self.state))


@dataclass(frozen=True, slots=True)
class _Found:
    """Where a prompt's sound was found; valid until one of the files or the recording changes."""

    recording: str | None
    upload: str
    state: Stamp | None
    """The upload's; None: there was no upload."""
    file: str
    sound: str
    for_good: bool
    """False: what should be played can't be had just now, so something else is."""

    def holds(self, recording: str | None) -> bool:
        return (
            self.for_good
            and self.recording == recording
            and (recording is not None or stamp(self.upload) == self.state)
            and (self.file == self.upload or there(self.file))
        )


class Prompts:
    """Sound files under one folder.

    People's own recordings come first: ``recorded/`` holds those of the library, named by content,
    and ``uploaded/<language>/<name>.wav`` files that the library has yet to take over. ``spoken/``
    is a cache of what espeak-ng and others said. ``recorded/`` and ``spoken/`` may be deleted any
    time.
    """

    def __init__(
        self,
        folder: Path,
        espeak: Speaker | None = None,
        *,
        speakers: Speakers | None = None,
        recorded: RecordedSounds | None = None,
        seen_as: Path | None = None,
        retry_after_s: float = RETRY_AFTER_S,
    ) -> None:
        """``speakers`` say who speaks which language; without them, ``espeak`` speaks all.
        ``seen_as`` is the folder's path as Asterisk sees it, if that differs. A prompt
        that failed is not retried within ``retry_after_s``."""
        self._folder, self._seen_as = folder, seen_as or folder
        self._uploaded = folder / "uploaded"
        self._speakers = speakers or Speakers(espeak or Espeak())
        self._recorded = recorded or NothingRecorded()
        self._told: set[SpeechFault] = set()
        self._spoken = KeptSounds(folder / "spoken", self._well, retry_after_s=retry_after_s)
        self._kept_recordings = KeptSounds(
            folder / "recorded", self._well, retry_after_s=retry_after_s
        )
        self._stand_ins: set[str] = set()  # speakers that fail; reported once
        self._refused: set[_Upload] = set()  # uploads that are not a sound; reported once
        self._found: dict[tuple[str, PromptText], _Found] = {}

    async def sound(
        self, prompt: PromptText, *, project: str = "", patience_s: float | None = None
    ) -> str:
        """The path, without its extension, of the prompt as 8 kHz mono 16-bit WAV.

        ``project`` is the call's: its own recordings come before those of all projects. A sound
        that doesn't exist yet is made now: once, however many callers ask for it, and to
        the end even if they hang up or have waited for ``patience_s``. Raises PromptError.
        """
        return (await self._look(prompt, project, patience_s)).sound

    async def file(
        self, prompt: PromptText, *, project: str = "", patience_s: float | None = None
    ) -> Path:
        """The same sound as a file of this machine, to be read now. Raises PromptError."""
        return Path((await self._look(prompt, project, patience_s)).file)

    async def _look(
        self, prompt: PromptText, project: str = "", patience_s: float | None = None
    ) -> _Found:
        key = project, prompt
        found = self._found.get(key)
        recording = self._recorded.of(project, prompt.language, prompt.name)
        if found is None or not found.holds(recording):
            try:
                async with asyncio.timeout(patience_s):
                    found = await self._find(prompt, recording, patience_s)
            except SpeechError as error:
                raise PromptError(prompt, error) from error
            except TimeoutError as error:
                slow = SpeechError(
                    SpeechFault.HUNG,
                    f"it was not made within {patience_s:g} s",
                    "it will be there once the speaking program gets to it",
                )
                self._tell(prompt, slow)
                raise PromptError(prompt, slow) from error
            self._found.pop(key, None)
            if len(self._found) >= MOST_FOUND:
                del self._found[next(iter(self._found))]
            self._found[key] = found
        return found

    async def prepare(
        self,
        texts: Iterable[PromptText],
        progress: PromptProgress | None = None,
        *,
        project: str = "",
    ) -> Prepared:
        """Make the sounds of these texts in advance; failures don't stop it."""
        texts = tuple(texts)
        failed: list[PromptError] = []
        for done, text in enumerate(texts):
            if progress is not None:
                progress(done, len(texts))
            try:
                await self.sound(text, project=project)
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
                made = await self.file(text)
                await asyncio.to_thread(copy, made, folder / text.language / f"{text.name}.wav")
                ready += 1
            except PromptError as error:
                failed.append(error)
            except SpeechError as error:
                self._tell(text, error)
                failed.append(PromptError(text, error))
        return Prepared(ready, tuple(failed))

    async def keep_small(
        self, most_bytes: int = MOST_BYTES_KEPT, every_s: float = TIDY_EVERY_S
    ) -> None:
        """Delete what was spoken or played longest ago wherever there is more, until cancelled."""
        while True:
            for sounds in (self._spoken, self._kept_recordings):
                if deleted := await sounds.tidy(most_bytes):
                    log.info("sounds were deleted that nobody has heard for long", files=deleted)
            await asyncio.sleep(every_s)

    async def close(self) -> None:
        """Stop making sounds."""
        await self._spoken.close()
        await self._kept_recordings.close()

    async def _find(
        self, prompt: PromptText, recording: str | None, patience_s: float | None
    ) -> _Found:
        if not _SAFE.fullmatch(prompt.name) or not _SAFE.fullmatch(prompt.language):
            raise SpeechError(
                SpeechFault.FAILED,
                f"{prompt.language!r}/{prompt.name!r} can't be a file's name",
                "use letters, digits, - and _",
            )
        upload = self._uploaded / prompt.language / f"{prompt.name}.wav"
        state = stamp(str(upload))
        file, for_good = await self._file(
            prompt, recording, None if state is None else _Upload(upload, state), patience_s
        )
        sound = self._seen_as / file.relative_to(self._folder).with_suffix("")
        return _Found(recording, str(upload), state, str(file), str(sound), for_good)

    async def _file(
        self,
        prompt: PromptText,
        recording: str | None,
        upload: _Upload | None,
        patience_s: float | None,
    ) -> tuple[Path, bool]:
        """The file, and whether it stays the one to play."""
        for_good = True
        if recording is not None:
            try:
                return await self._recording(prompt, recording), True
            except SpeechError:
                if not prompt.text:
                    raise
                for_good = False
        if upload is not None and upload not in self._refused:
            if await asyncio.to_thread(is_telephone_file, upload.file):
                return upload.file, for_good
            try:
                return await self._converted(prompt, upload), for_good
            except SpeechError as error:
                if error.fault is SpeechFault.FAILED:
                    self._refuse(upload, error)
                else:
                    for_good = False
        if not prompt.text:
            missing = SpeechError(
                SpeechFault.NOT_RECORDED,
                f'there is no recording "{prompt.name}" in {prompt.language}',
                "upload it under Prompts",
            )
            self._tell(prompt, missing)
            raise missing
        file, first_choice = await self._speech(prompt, patience_s)
        return file, for_good and first_choice

    async def _recording(self, prompt: PromptText, recording: str) -> Path:
        async def make() -> bytes:
            return await self._recorded.bytes_of(recording)

        recipe = Recipe(make, lambda error: self._tell(prompt, error))
        return await self._kept_recordings.file(recording, recipe)

    async def _converted(self, prompt: PromptText, upload: _Upload) -> Path:
        async def make() -> bytes:
            return await asyncio.to_thread(converted, upload.file)

        def failed(error: SpeechError) -> None:
            if error.fault is not SpeechFault.FAILED:
                self._tell(prompt, error)

        return await self._spoken.file(upload.name, Recipe(make, failed))

    async def _speech(self, prompt: PromptText, patience_s: float | None) -> tuple[Path, bool]:
        """The text, spoken, and whether by the one who was chosen for this language. Whoever is
        chosen may be slow: after half of the caller's patience the usual one speaks, and the
        other's sound is there for the next caller."""
        *chosen, usual = self._speakers.of(prompt.language)
        for speaker in chosen:
            try:
                async with asyncio.timeout(None if patience_s is None else patience_s / 2):
                    file = await self._said(prompt, speaker, lambda _: None)
            except TimeoutError:
                continue
            except SpeechError as error:
                self._stand_in(prompt, speaker, error)
            else:
                if speaker.name in self._stand_ins:
                    self._stand_ins.discard(speaker.name)
                    log.info("a speaking program works again", program=speaker.name)
                return file, True
        return await self._said(prompt, usual, lambda error: self._tell(prompt, error)), not chosen

    async def _said(
        self, prompt: PromptText, speaker: Speaker, failed: Callable[[SpeechError], None]
    ) -> Path:
        async def make() -> bytes:
            return await speaker.speak(prompt.text, prompt.language)

        name = digest(*speaker.key(prompt.language), prompt.text)
        return await self._spoken.file(name, Recipe(make, failed))

    def _stand_in(self, prompt: PromptText, speaker: Speaker, error: SpeechError) -> None:
        if speaker.name not in self._stand_ins:
            self._stand_ins.add(speaker.name)
            log.error(
                "a speaking program fails; another one speaks for it",
                program=speaker.name,
                language=prompt.language,
                why=error.message,
                do=error.advice,
            )

    def _refuse(self, upload: _Upload, error: SpeechError) -> None:
        if upload not in self._refused:
            self._refused.add(upload)
            log.error(
                "an uploaded prompt can't be played; its text is spoken instead",
                file=str(upload.file),
                why=error.message,
                do="upload it as PCM WAV",
            )

    def _well(self) -> None:
        if self._told:
            self._told.clear()
            log.info("prompts are spoken again")

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
