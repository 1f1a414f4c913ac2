"""espeak-ng: text in, telephone sound out (8 kHz, mono, 16 bit)."""

import asyncio
import contextlib
import io
import math
import os
import signal
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import BinaryIO

with warnings.catch_warnings():
    # audioop left the standard library with 3.13, and audioop-lts takes its place; pydub misses
    # ffmpeg, which plain WAV doesn't need.
    warnings.simplefilter("ignore")
    import audioop

    from pydub import AudioSegment

from domain.errors import OffhookError
from prompts.wav import TELEPHONE_RATE, parse

RATE = TELEPHONE_RATE
MAX_BYTES = 16_000_000
"""Of a sound that is made into a prompt: a minute and a half in a CD's quality."""
LONGEST_S = MAX_BYTES / (2 * RATE)
"""What has this length has as many bytes on a telephone."""
LOUDEST_DBFS = -3.0
DEADLINE_S = 20.0
LEFT_ALONE_S = 30.0
_SAID = 300  # characters of what it complained
_PASS_HZ = 3600.0
_TAPS = 31


class SpeechFault(StrEnum):
    """Why there is no sound for a text."""

    NO_SYNTHESIZER = "no synthesizer"
    NO_VOICE = "no voice"
    FAILED = "synthesis failed"
    HUNG = "synthesis hung"
    DISK_FULL = "disk full"
    NOT_WRITABLE = "not writable"


class SpeechError(OffhookError):
    """No sound could be made; a call goes on without it. The text is one line that says why."""

    def __init__(self, fault: SpeechFault, message: str, advice: str) -> None:
        super().__init__(f"{message}; {advice}")
        self.fault = fault
        self.message = message
        self.advice = advice


@dataclass(frozen=True, slots=True)
class Voice:
    """espeak-ng's voices for a language, the best first, and how fast they speak."""

    names: tuple[str, ...]
    words_per_minute: int = 160


# In espeak-ng 1.51 (Debian 12, Ubuntu 24.04) "cmn" reads the pinyin it has looked up as if it
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
    """Speaks by starting espeak-ng, at most ``at_once`` of them at a time.

    Each has ``deadline_s`` to be done. One that hangs is left alone for a while: those who stand
    in line behind it would each wait as long for nothing.
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

    async def speak(self, text: str, language: str) -> bytes:
        """The text as a WAV file's bytes; raises SpeechError."""
        voice = voice_of(language)
        async with self._free:
            if self._hung is not None and asyncio.get_running_loop().time() < self._hung[0]:
                raise self._hung[1]
            for name in voice.names:
                code, spoken, said = await self._run(text, name, voice.words_per_minute)
                if code == 0 and spoken:
                    return await asyncio.to_thread(telephone_sound, spoken)
                if "voice does not exist" not in said:
                    raise SpeechError(
                        SpeechFault.FAILED,
                        f"espeak-ng ended with code {code}: {said or 'no message'}",
                        "try it by hand: espeak-ng -v " + name,
                    )
        raise SpeechError(
            SpeechFault.NO_VOICE,
            f"espeak-ng has no voice {' or '.join(voice.names)} for {language}",
            "install espeak-ng-data, or upload recordings for this language",
        )

    async def _run(self, text: str, voice: str, speed: int) -> tuple[int, bytes, str]:
        # The text goes through standard input: it may begin with "-", and is not in `ps`. As a
        # file, and not through a pipe: one that dies before it has read would break the writing.
        options = ("-v", voice, "-s", str(speed), "-b", "1", "--stdin", "--stdout")
        try:
            with _in_memory(text.encode()) as source:
                process = await asyncio.create_subprocess_exec(
                    *self._command,
                    *options,
                    stdin=source,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.PIPE,
                    start_new_session=True,
                )
        except OSError as error:
            raise SpeechError(
                SpeechFault.NO_SYNTHESIZER,
                f"{self._command[0]} can't be started: {error.strerror}",
                "install it (apt-get install espeak-ng)",
            ) from error
        ended = False
        try:
            async with asyncio.timeout(self._deadline_s):
                spoken, said = await _output(process)
                await process.wait()
                ended = True
        except TimeoutError as error:
            hung = SpeechError(
                SpeechFault.HUNG,
                f"espeak-ng was not done after {self._deadline_s:g} s",
                "the machine is overloaded, or the text is no speech",
            )
            self._hung = (asyncio.get_running_loop().time() + LEFT_ALONE_S, hung)
            raise hung from error
        finally:
            if not ended:
                # The whole group: what it started holds our pipes, even if it is gone itself.
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
                await asyncio.shield(process.wait())
        return process.returncode or 0, spoken, said.decode(errors="replace").strip()[-_SAID:]


def _in_memory(text: bytes) -> BinaryIO:
    """An open file with this content, of no name."""
    file = os.fdopen(os.memfd_create("prompt", os.MFD_CLOEXEC), "w+b")
    file.write(text)
    file.seek(0)
    return file


async def _output(process: asyncio.subprocess.Process) -> tuple[bytes, bytes]:
    """All of standard output and error. SpeechError if that is more than any prompt."""
    spoken, said = await asyncio.gather(_all(process.stdout), _all(process.stderr))
    return spoken, said


async def _all(stream: asyncio.StreamReader | None) -> bytes:
    read = bytearray()
    while stream is not None and (chunk := await stream.read(1 << 16)):
        read += chunk
        if len(read) > MAX_BYTES:
            raise SpeechError(
                SpeechFault.FAILED,
                f"espeak-ng does not stop: it has said more than {MAX_BYTES // 10**6} MB",
                "install it anew (apt-get install --reinstall espeak-ng)",
            )
    return bytes(read)


def telephone_sound(wav: bytes) -> bytes:
    """Any WAV as 8 kHz mono 16 bit at an even loudness; SpeechError if there is no sound in it."""
    audio = _segment(wav).set_channels(1)
    if audio.frame_count() == 0 or audio.max == 0:
        raise SpeechError(
            SpeechFault.FAILED, "there is no sound in it", "check the text or the file"
        )
    audio = audio.apply_gain(LOUDEST_DBFS - audio.max_dBFS)
    if audio.frame_rate > RATE:
        # pydub resamples by picking samples: what lies above 4 kHz would come back as noise.
        # It has no public way to replace the samples alone.
        audio = audio._spawn(_low_pass(audio.raw_data, audio.frame_rate))  # noqa: SLF001
    made = io.BytesIO()
    audio.set_frame_rate(RATE).export(made, format="wav")
    return made.getvalue()


def _segment(wav: bytes) -> AudioSegment:
    """16-bit sound. espeak-ng writes to a pipe, so its header says 2 GB; read what there is."""
    try:
        sound = parse(wav)
    except ValueError as error:
        raise SpeechError(SpeechFault.FAILED, str(error), "expected plain PCM WAV") from error
    samples = sound.frames
    seconds = len(samples) / (sound.width * sound.channels * sound.rate)
    # A file of a low rate is small, and grows: to a telephone's 8 kHz it is made by one call of
    # audioop, and no Python runs meanwhile.
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
    """Leave what a telephone carries: a windowed-sinc filter, tap by tap over all samples.

    audioop works on the whole sound at C's speed; sample by sample in Python would hold up the
    controller's calls for a tenth of a second for each sentence.
    """
    middle = (_TAPS - 1) // 2
    cut = 2 * _PASS_HZ / rate
    taps = []
    for index in range(_TAPS):
        x = index - middle
        sinc = cut if x == 0 else math.sin(math.pi * cut * x) / (math.pi * x)
        taps.append(sinc * (0.54 + 0.46 * math.cos(math.pi * x / middle)))
    gain = sum(taps)
    wide = audioop.lin2lin(samples, 2, 4)  # so that rounding stays far below what is heard
    silence = bytes(4 * middle)
    padded = silence + wide + silence
    total = bytes(len(wide))
    for index, tap in enumerate(taps):
        part = padded[4 * index : 4 * index + len(wide)]
        total = audioop.add(total, audioop.mul(part, 4, tap / gain), 4)
    return audioop.lin2lin(total, 4, 2)
