"""Converts an uploaded sound of any usual format into what Asterisk plays without transcoding.

That is 8 kHz, mono, 16-bit WAV at an even loudness. ffmpeg decodes, under limits of time, memory
and output, and pydub measures. pydub's own call of ffmpeg has no limits and lets a playlist open
other files, so ffmpeg is run here: its input is a copy in memory, its folder is empty, and only
formats that hold their sound themselves are read.
"""

import asyncio
import io
import math
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from domain.errors import OffhookError
from prompts.programs import ProgramEndless, ProgramHung, ProgramMissing, Ran, run_program
from prompts.segments import AudioSegment
from prompts.speech import RATE
from prompts.wav import HEADER_BYTES, is_telephone, parse

MAX_UPLOAD_BYTES = 20_000_000
LONGEST_RECORDING_S = 300.0
TARGET_LUFS = -20.0
"""Integrated loudness (EBU R128) of every recording: that of what espeak-ng and piper say here
(-19 to -23). It leaves speech the headroom that a telephone's 8 bits want."""
LOUDEST_PEAK = 0.84
"""Of full scale, after levelling: -1.5 dB."""
MOST_GAIN_DB = 30.0
"""A recording that would need more is mostly noise."""
SILENT_DBFS = -60.0
DEADLINE_S = 60.0

_DECODED_RATE = 48_000
_MEMORY_KB = 1_500_000
_CPU_S = 60
_RUN_OF_CLIPPED = 3  # samples at full scale, one after the other: nothing natural does that
_AT_FULL_SCALE = 32_700
_NOT_FOUND = 127  # what a shell ends with
_LESS_THAN_A_SOUND = 4_096
_LIMITED = f'ulimit -v {_MEMORY_KB}; ulimit -t {_CPU_S}; ulimit -f 0; exec nice -n 10 "$@"'

_FORMATS = "wav,w64,mp3,ogg,flac,mov,aac,amr,caf,aiff,au,matroska,asf,gsm,alaw,mulaw,g722,s16le"
"""What ffmpeg may read. No playlists, no lists of files, no streams, no scripts."""
_PLAIN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "gsm": ("-f", "gsm"),
        "ulaw": ("-f", "mulaw", "-ar", "8000", "-ac", "1"),
        "ul": ("-f", "mulaw", "-ar", "8000", "-ac", "1"),
        "pcmu": ("-f", "mulaw", "-ar", "8000", "-ac", "1"),
        "alaw": ("-f", "alaw", "-ar", "8000", "-ac", "1"),
        "al": ("-f", "alaw", "-ar", "8000", "-ac", "1"),
        "pcma": ("-f", "alaw", "-ar", "8000", "-ac", "1"),
        "g722": ("-f", "g722"),
        "sln": ("-f", "s16le", "-ar", "8000", "-ac", "1"),
        "slin": ("-f", "s16le", "-ar", "8000", "-ac", "1"),
        "sln16": ("-f", "s16le", "-ar", "16000", "-ac", "1"),
    }
)
"""Formats that only the file's name tells, for they have no header."""
_MARKED = (b"RIFF", b"ID3", b"OggS", b"fLaC", b"#!AMR", b"FORM", b".snd", b"\x1aE\xdf\xa3")
_Samples: TypeAlias = "np.ndarray[tuple[int], np.dtype[np.int16]]"
_LOUDNESS = re.compile(r"^\s*I:\s+(-?[0-9.]+|-inf|nan) LUFS", re.MULTILINE)


class SoundRefusal(StrEnum):
    """Why a file can't become a recording."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    NO_SOUND = "no_sound"  # not a sound, or none that we read
    SILENT = "silent"
    TOO_LONG = "too_long"
    TOO_SLOW = "too_slow"  # to convert
    NO_CONVERTER = "no_converter"


class SoundRefused(OffhookError):  # noqa: N818
    """The file can't become a recording; ``detail`` is what ffmpeg said, if anything."""

    def __init__(self, why: SoundRefusal, detail: str = "") -> None:
        super().__init__(why, detail)
        self.why = why
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found in a recording, for whoever uploads it."""

    seconds: float
    loudness: float
    """In LUFS, before levelling."""
    gain: float
    """In dB: what was added to reach ``TARGET_LUFS``."""
    clipped_s: float
    """How much of the original is cut off at full scale, counted in steps of 10 ms."""
    lead_s: float
    """Silence at the beginning, and at the end."""
    tail_s: float


@dataclass(frozen=True, slots=True)
class ConvertedSound:
    """A recording as telephones hear it, a WAV file's bytes."""

    wav: bytes
    findings: Findings


class Converter:
    """Runs ffmpeg, at most ``at_once`` conversions at a time, each within ``deadline_s``."""

    def __init__(
        self,
        command: Sequence[str] = ("ffmpeg",),
        *,
        at_once: int = 2,
        deadline_s: float = DEADLINE_S,
        longest_s: float = LONGEST_RECORDING_S,
    ) -> None:
        self._command = tuple(command)
        self._deadline_s = deadline_s
        self._longest_s = longest_s
        self._free = asyncio.Semaphore(at_once)

    async def convert(
        self, data: bytes, file_name: str, *, untouched: bool = False
    ) -> ConvertedSound:
        """The file as telephone sound; its name helps only where the format has no header.

        ``untouched``: one that is telephone sound already stays as it is. Raises SoundRefused.
        """
        if not data:
            raise SoundRefused(SoundRefusal.EMPTY)
        if len(data) > MAX_UPLOAD_BYTES:
            raise SoundRefused(SoundRefusal.TOO_LARGE)
        async with self._free:
            wide, loudness = await self._decode(data, file_name)
            heard = await asyncio.to_thread(_heard, wide)
            if heard.seconds > self._longest_s:
                raise SoundRefused(SoundRefusal.TOO_LONG)
            if heard.loudest_dbfs < SILENT_DBFS:
                raise SoundRefused(SoundRefusal.SILENT)
            loudness = heard.mean_dbfs if loudness is None else loudness + heard.mixed_db
            if untouched and is_telephone(data[:HEADER_BYTES], len(data)):
                gain, wav = 0.0, data
            else:
                gain = min(TARGET_LUFS - loudness, MOST_GAIN_DB)
                wav = await asyncio.to_thread(_plain_wav, await self._level(heard.mono, gain))
        return ConvertedSound(
            wav,
            Findings(
                round(heard.seconds, 2),
                round(loudness, 1),
                round(gain, 1),
                round(heard.clipped_s, 2),
                round(heard.lead_s, 2),
                round(heard.tail_s, 2),
            ),
        )

    async def _decode(self, data: bytes, file_name: str) -> tuple[bytes, float | None]:
        """The sound as 48 kHz WAV of one or two channels, and its loudness, if it can be told."""
        kind = file_name.rpartition(".")[2].lower() if "." in file_name else ""
        plain = () if data.startswith(_MARKED) else _PLAIN.get(kind, ())
        ran = await self._widened(data, plain, "mono|stereo")
        if ran.code != 0 and not ran.written and "channel layout" in ran.said:
            # ffmpeg doesn't choose between the two for more channels than two.
            ran = await self._widened(data, plain, "stereo")
        if ran.code != 0 and len(ran.written) < _LESS_THAN_A_SOUND:
            raise SoundRefused(SoundRefusal.NO_SOUND, ran.complaint)
        found = _LOUDNESS.findall(ran.said)
        loudness = float(found[-1]) if found and found[-1] not in ("-inf", "nan") else None
        return ran.written, None if loudness is None or loudness <= -69.0 else loudness

    async def _widened(self, data: bytes, plain: Sequence[str], layouts: str) -> Ran:
        return await self._run(
            (
                *("-protocol_whitelist", "file", "-format_whitelist", _FORMATS, "-threads", "1"),
                *(*plain, "-i", "/dev/stdin", "-map", "0:a:0", "-vn", "-sn", "-dn"),
                *("-map_metadata", "-1", "-t", f"{self._longest_s + 1:g}", "-threads", "1"),
                "-af",
                f"aresample={_DECODED_RATE},aformat=channel_layouts={layouts},"
                "ebur128=framelog=verbose",
                *("-c:a", "pcm_s16le", "-f", "wav", "pipe:1"),
            ),
            data,
            int((self._longest_s + 2) * _DECODED_RATE * 4),
        )

    async def _level(self, mono: bytes, gain: float) -> bytes:
        """48 kHz samples as telephone samples, ``gain`` dB louder, and no peak beyond the limit."""
        ran = await self._run(
            (
                *("-f", "s16le", "-ar", str(_DECODED_RATE), "-ac", "1", "-i", "/dev/stdin"),
                "-af",
                f"aresample={RATE}:filter_size=64:cutoff=0.95,volume={gain:.2f}dB,"
                f"alimiter=limit={LOUDEST_PEAK}:level=0:attack=5:release=50",
                *("-c:a", "pcm_s16le", "-f", "s16le", "pipe:1"),
            ),
            mono,
            int((self._longest_s + 2) * RATE * 2),
        )
        if ran.code != 0 or not ran.written:
            raise SoundRefused(SoundRefusal.NO_SOUND, ran.complaint)
        return ran.written

    async def _run(self, options: Sequence[str], source: bytes, most_bytes: int) -> Ran:
        whole = limited((*self._command, "-nostdin", "-hide_banner", "-nostats"))
        with tempfile.TemporaryDirectory(prefix="offhook-sound-") as folder:
            try:
                ran = await run_program(
                    (*whole, *options),
                    source,
                    deadline_s=self._deadline_s,
                    most_bytes=most_bytes,
                    folder=Path(folder),
                )
            except ProgramMissing as error:
                raise SoundRefused(SoundRefusal.NO_CONVERTER, str(error)) from error
            except ProgramHung as error:
                raise SoundRefused(SoundRefusal.TOO_SLOW) from error
            except ProgramEndless as error:
                raise SoundRefused(SoundRefusal.NO_SOUND, str(error)) from error
        if ran.code == _NOT_FOUND:
            raise SoundRefused(SoundRefusal.NO_CONVERTER, ran.complaint)
        return ran


def limited(command: Sequence[str]) -> tuple[str, ...]:
    """The command with limits: memory, time of the processor, and no file may be written."""
    return ("sh", "-c", _LIMITED, "sh", *command)


@dataclass(frozen=True, slots=True)
class _Heard:
    """What a decoded sound is like."""

    mono: bytes
    seconds: float
    loudest_dbfs: float
    mean_dbfs: float
    mixed_db: float
    """How much louder it is as one channel than as two, which R128 adds up."""
    clipped_s: float
    lead_s: float
    tail_s: float


def _heard(wide: bytes) -> _Heard:
    """Measure a decoded sound. Raises SoundRefused if there is none."""
    try:
        sound = parse(wide)
    except ValueError as error:
        raise SoundRefused(SoundRefusal.NO_SOUND, str(error)) from error
    whole = AudioSegment(
        sound.frames, sample_width=2, frame_rate=sound.rate, channels=sound.channels
    )
    if whole.frame_count() < sound.rate / 50:
        raise SoundRefused(SoundRefusal.NO_SOUND)
    sides = whole.split_to_mono()
    mono = whole.set_channels(1)
    if len(sides) == 2 and mono.rms * 4 < max(side.rms for side in sides):
        mono = max(sides, key=lambda side: side.rms)  # one side is the other's inverse
    lead_s, tail_s = _silence(np.frombuffer(mono.raw_data, "<i2"), sound.rate)
    return _Heard(
        mono.raw_data,
        mono.frame_count() / sound.rate,
        mono.max_dBFS,
        mono.dBFS,
        20 * math.log10(max(mono.rms, 1) / max(math.hypot(*(one.rms for one in sides)), 1)),
        max(_clipped(np.frombuffer(side.raw_data, "<i2"), sound.rate) for side in sides),
        lead_s,
        tail_s,
    )


def _clipped(samples: _Samples, rate: int) -> float:
    """Seconds in which samples stay at full scale."""
    full = np.abs(samples.astype(np.int32)) >= _AT_FULL_SCALE
    runs = np.convolve(full.astype(np.int8), np.ones(_RUN_OF_CLIPPED, np.int8), "valid")
    at = np.flatnonzero(runs == _RUN_OF_CLIPPED)
    return len(np.unique(at // (rate // 100))) / 100


def _silence(samples: _Samples, rate: int) -> tuple[float, float]:
    """Seconds of silence at the beginning and at the end: 30 dB below the loudest, in steps of
    10 ms."""
    step = rate // 100
    steps = np.abs(samples[: len(samples) // step * step].astype(np.int32)).reshape(-1, step)
    peaks = steps.max(axis=1) if len(steps) else np.zeros(1, np.int32)
    loud = np.flatnonzero(peaks > max(int(peaks.max()) // 32, 1))
    if len(loud) == 0:
        return 0.0, 0.0
    return float(loud[0]) / 100, float(len(peaks) - 1 - loud[-1]) / 100


def _plain_wav(samples: bytes) -> bytes:
    even = samples[: len(samples) // 2 * 2]
    made = io.BytesIO()
    AudioSegment(even, sample_width=2, frame_rate=RATE, channels=1).export(made, format="wav")
    return made.getvalue()
