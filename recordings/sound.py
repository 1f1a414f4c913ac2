"""Reads a raw recording in short stretches, as pydub segments of the one format we use.

pydub holds a whole file in memory, and several copies when it splits or exports: gigabytes for a
recording as long as a shift. So each stretch of a few seconds is a segment of its own, and the
WAV's header is written with ``wave``, as pydub itself does.
"""

import warnings
from typing import Protocol, Self, cast

with warnings.catch_warnings():
    # pydub warns of a missing ffmpeg, which raw samples don't need, and of audioop, which
    # audioop-lts replaces.
    warnings.simplefilter("ignore")
    from pydub import AudioSegment

from recordings.capture import CHANNELS, FRAME_BYTES, RATE


class Mono(Protocol):
    """One side of a stretch."""

    @property
    def max(self) -> int: ...


class StereoStretch:
    """A stretch of stereo sound."""

    __slots__ = ("_segment",)

    def __init__(self, segment: "AudioSegment") -> None:
        self._segment = segment

    @classmethod
    def of(cls, data: bytes) -> Self:
        """Makes one of raw samples. Raises ValueError if they are not whole frames."""
        if len(data) % FRAME_BYTES:
            raise ValueError(f"{len(data)} bytes are not a whole number of frames")
        return cls(
            AudioSegment(
                data=data,
                sample_width=FRAME_BYTES // CHANNELS,
                frame_rate=RATE,
                channels=CHANNELS,
            )
        )

    @property
    def raw_data(self) -> bytes:
        return cast(bytes, self._segment.raw_data)

    def split_to_mono(self) -> tuple[Mono, Mono]:
        """The caller's and the agent's side."""
        left, right = self._segment.split_to_mono()
        return left, right
