"""Measures the waveform that the player draws: how loud each side is along the recording.

The peaks are found while the recording is stored, and kept beside it as JSON. They are a cache: if
lost, they are measured again from the WAV.
"""

import json
import math
import wave
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from machine.safe_files import NotAFileError, new_file, open_regular, remove_quietly
from recordings.capture import CHANNELS, FRAME_BYTES, RATE
from recordings.sound import StereoStretch

MAX_BARS = 1000
MIN_BAR_FRAMES = RATE // 10


def bar_frames(frames: int) -> int:
    """How many frames one bar covers: a tenth of a second, or more in a long recording."""
    return max(MIN_BAR_FRAMES, math.ceil(frames / MAX_BARS))


@dataclass(slots=True)
class Waveform:
    """The loudest sample of each bar, 0 to 1, by side; ``bar_s`` is a bar's length in seconds."""

    bar_s: float
    caller: list[float] = field(default_factory=list)
    agent: list[float] = field(default_factory=list)

    def add(self, bar: StereoStretch) -> None:
        """Measure the next bar."""
        left, right = bar.split_to_mono()
        for side, segment in ((self.caller, left), (self.agent, right)):
            side.append(round(min(1.0, segment.max / 32767), 4))

    def json(self) -> str:
        return json.dumps(
            {"bar_s": self.bar_s, "caller": self.caller, "agent": self.agent},
            separators=(",", ":"),
        )


def cache_of(recording: Path) -> Path:
    """The file in which a recording's peaks are kept."""
    return recording.with_suffix(".peaks.json")


def keep(recording: Path, waveform: Waveform) -> None:
    """Write the cache. A full or read-only disk is no reason to fail: it can be made again."""
    cache = cache_of(recording)
    part = cache.with_name(f".{cache.name}.part")
    try:
        with new_file(part) as file:
            file.write(waveform.json().encode())
        part.replace(cache)
    except OSError:
        remove_quietly(part)


def waveform_json(recording: Path) -> str:
    """The peaks of a stored WAV as JSON, from the cache or measured again.

    Raises OSError if the recording can't be read, ValueError if it isn't one of ours. Reads
    bar by bar; call it in a thread.
    """
    cache = cache_of(recording)
    try:
        with open_regular(cache) as (file, status):
            fresh = status.st_mtime_ns >= recording.stat().st_mtime_ns
            # The cache isn't synced: a power cut may leave it empty.
            if fresh and (kept := file.read().decode()):
                return kept
    except (OSError, NotAFileError, ValueError):
        pass
    waveform = find(recording)
    keep(recording, waveform)
    return waveform.json()


def find(recording: Path) -> Waveform:
    """Measure a stored WAV. Raises what ``waveform_json`` raises."""
    try:
        with open_regular(recording) as (opened, _), wave.open(opened, "rb") as file:
            form = (file.getframerate(), file.getsampwidth(), file.getnchannels())
            if form != (RATE, FRAME_BYTES // CHANNELS, CHANNELS):
                raise ValueError(f"{recording.name}: not a 16-bit stereo WAV of {RATE} Hz")
            frames = bar_frames(file.getnframes())
            waveform = Waveform(frames / RATE)
            for bar in _bars(file, frames):
                waveform.add(bar)
    except (wave.Error, EOFError, RuntimeError, NotAFileError) as error:
        raise ValueError(f"{recording.name}: not a WAV file: {error}") from error
    return waveform


def _bars(file: wave.Wave_read, frames: int) -> Iterator[StereoStretch]:
    while data := file.readframes(frames):
        yield StereoStretch.of(data)
