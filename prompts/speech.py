"""Speaks texts with espeak-ng, as telephone sound (8 kHz, mono, 16 bit)."""

import asyncio
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from domain.errors import OffhookError
from prompts.figures import in_words
from prompts.programs import ProgramEndless, ProgramHung, ProgramMissing, Ran, run_program
from prompts.segments import AudioSegment, audioop
from prompts.wav import TELEPHONE_RATE, parse

RATE = TELEPHONE_RATE
MAX_BYTES = 16_000_000
"""The largest file or output that is made into a prompt: 90 seconds of CD quality."""
LONGEST_S = MAX_BYTES / (2 * RATE)
"""The longest prompt: as telephone sound it has ``MAX_BYTES``."""
LOUDEST_DBFS = -3.0
DEADLINE_S = 20.0
LEFT_ALONE_S = 30.0
_PASS_HZ = 3600.0
_TAPS = 31


class SpeechFault(StrEnum):
    """Why a text has no sound."""

    NO_SYNTHESIZER = "no synthesizer"
    NO_VOICE = "no voice"
    FAILED = "synthesis failed"
    HUNG = "synthesis hung"
    DISK_FULL = "disk full"
    NOT_WRITABLE = "not writable"
    OUT_OF_REACH = "out of reach"  # the database has it, and is away
    NOT_RECORDED = "not recorded"  # and it has no text that could be spoken


class SpeechError(OffhookError):
    """No sound could be made; the call goes on without it. Its text says why in one line."""

    def __init__(self, fault: SpeechFault, message: str, advice: str) -> None:
        super().__init__(f"{message}; {advice}")
        self.fault = fault
        self.message = message
        self.advice = advice


@dataclass(frozen=True, slots=True)
class Voice:
    """espeak-ng's voices for a language, best first, and how fast they speak."""

    names: tuple[str, ...]
    words_per_minute: int = 160


# In espeak-ng 1.51 (Debian 12, Ubuntu 24.04), "cmn" reads the pinyin it has looked up as if it
# were English ("nin two hao three"); the pinyin voice reads the same characters as Mandarin.
VOICES: Mapping[str, Voice] = MappingProxyType(
    {
        "zh-CN": Voice(("cmn-latn-pinyin", "cmn"), 170),
        "zh-HK": Voice(("yue",), 170),
        "en": Voice(("en-us", "en"), 150),
    }
)


def voice_of(language: str) -> Voice:
    """The voice for a language tag; espeak-ng knows most tags by themselves."""
    return VOICES.get(language) or Voice((language.lower(), language.partition("-")[0].lower()))


class Espeak:
    """Runs espeak-ng, at most ``at_once`` processes at a time.

    Each has ``deadline_s`` to finish. After one hangs, no other is started for a while: the
    callers in line behind it would each wait as long, for nothing.
    """

    def __init__(
        self,
        command: Sequence[str] = ("espeak-ng",),
        *,
        at_once: int = 2,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._deadline_s = deadline_s
        self._command = tuple(command)
        self._free = asyncio.Semaphore(at_once)
        self._hung: tuple[float, SpeechError] | None = None

    @property
    def name(self) -> str:
        """The program's name."""
        return "espeak-ng"

    def key(self, language: str) -> tuple[str, ...]:
        """The voices and the speed."""
        voice = voice_of(language)
        return (*voice.names, str(voice.words_per_minute))

    async def speak(self, text: str, language: str) -> bytes:
        """The text as a WAV file's bytes; raises SpeechError."""
        voice = voice_of(language)
        async with self._free:
            if self._hung is not None and asyncio.get_running_loop().time() < self._hung[0]:
                raise self._hung[1]
            for name in voice.names:
                ran = await self._run(text, language, name, voice.words_per_minute)
                if ran.code == 0 and ran.written:
                    return await asyncio.to_thread(telephone_sound, ran.written)
                if "voice does not exist" not in ran.said:
                    raise SpeechError(
                        SpeechFault.FAILED,
                        f"espeak-ng ended with code {ran.code}: {ran.complaint or 'no message'}",
                        "try it by hand: espeak-ng -v " + name,
                    )
        raise SpeechError(
            SpeechFault.NO_VOICE,
            f"espeak-ng has no voice {' or '.join(voice.names)} for {language}",
            "install espeak-ng-data, or upload recordings for this language",
        )

    async def _run(self, text: str, language: str, voice: str, speed: int) -> Ran:
        options = ("-v", voice, "-s", str(speed), "-b", "1", "--stdin", "--stdout")
        try:
            return await run_program(
                (*self._command, *options),
                in_words(text, language).encode(),
                deadline_s=self._deadline_s,
                most_bytes=MAX_BYTES,
            )
        except ProgramMissing as error:
            raise SpeechError(
                SpeechFault.NO_SYNTHESIZER, str(error), "install it (apt-get install espeak-ng)"
            ) from error
        except ProgramHung as error:
            hung = SpeechError(
                SpeechFault.HUNG,
                f"espeak-ng {error}",
                "the machine is overloaded, or the text is not speech",
            )
            self._hung = (asyncio.get_running_loop().time() + LEFT_ALONE_S, hung)
            raise hung from error
        except ProgramEndless as error:
            raise SpeechError(
                SpeechFault.FAILED,
                f"espeak-ng does not stop: it {error}",
                "reinstall it (apt-get install --reinstall espeak-ng)",
            ) from error


def telephone_sound(wav: bytes) -> bytes:
    """Any WAV as 8 kHz, mono, 16 bit at an even loudness. Raises SpeechError if it has no sound."""
    audio = _segment(wav).set_channels(1)
    if audio.frame_count() == 0 or audio.max == 0:
        raise SpeechError(
            SpeechFault.FAILED, "there is no sound in it", "check the text or the file"
        )
    audio = audio.apply_gain(LOUDEST_DBFS - audio.max_dBFS)
    if audio.frame_rate > RATE:
        # pydub resamples by picking samples: anything above 4 kHz would come back as noise.
        # It has no public way to replace the samples alone.
        audio = audio._spawn(_low_pass(audio.raw_data, audio.frame_rate))  # noqa: SLF001
    made = io.BytesIO()
    audio.set_frame_rate(RATE).export(made, format="wav")
    return made.getvalue()


def _segment(wav: bytes) -> AudioSegment:
    """Decodes a WAV as 16-bit sound. espeak-ng writes to a pipe, so its header claims 2 GB."""
    try:
        sound = parse(wav)
    except ValueError as error:
        raise SpeechError(SpeechFault.FAILED, str(error), "expected plain PCM WAV") from error
    samples = sound.frames
    seconds = len(samples) / (sound.width * sound.channels * sound.rate)
    # A file of a low rate is small and grows when it is resampled to 8 kHz, in one call of
    # audioop during which no other Python code runs.
    if seconds > LONGEST_S:
        raise SpeechError(
            SpeechFault.FAILED,
            f"it has {seconds / 60:.0f} minutes of sound",
            f"at most {LONGEST_S // 60:.0f} minutes",
        )
    if sound.width == 1:
        samples = audioop.bias(samples, 1, -128)
    samples = audioop.lin2lin(samples, sound.width, 2)
    return AudioSegment(samples, sample_width=2, frame_rate=sound.rate, channels=sound.channels)


def _low_pass(samples: bytes, rate: int) -> bytes:
    """Keep only what a telephone carries, with a windowed-sinc filter, tap by tap over all samples.

    audioop works on the whole sound at C's speed; sample by sample, Python would hold up the
    controller's calls for a tenth of a second per sentence.
    """
    middle = (_TAPS - 1) // 2
    cut = 2 * _PASS_HZ / rate
    taps = []
    for index in range(_TAPS):
        x = index - middle
        sinc = cut if x == 0 else math.sin(math.pi * cut * x) / (math.pi * x)
        taps.append(sinc * (0.54 + 0.46 * math.cos(math.pi * x / middle)))
    gain = sum(taps)
    wide = audioop.lin2lin(samples, 2, 4)  # so that rounding stays inaudible
    silence = bytes(4 * middle)
    padded = silence + wide + silence
    total = bytes(len(wide))
    for index, tap in enumerate(taps):
        part = padded[4 * index : 4 * index + len(wide)]
        total = audioop.add(total, audioop.mul(part, 4, tap / gain), 4)
    return audioop.lin2lin(total, 4, 2)
