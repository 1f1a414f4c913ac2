"""pydub's AudioSegment for our one format.

pydub holds a whole file in memory, several times over when it splits or exports, which is
gigabytes for a shift-long recording. So each stretch of a few seconds is a segment of its own,
and the WAV's header is written by ``wave``, as pydub itself does it.
"""

import warnings
from typing import Protocol, Self, cast

with warnings.catch_warnings():
    # Reading raw samples needs no ffmpeg, and audioop's successor is installed where it's gone.
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
        """From whole frames of raw samples. Raises ValueError if a frame is cut."""
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
