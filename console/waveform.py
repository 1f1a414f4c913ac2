"""What the player draws: how loud each side of a recording is, along its length."""

import sys
import wave
from array import array
from itertools import pairwise
from pathlib import Path

SIDES = ("caller", "agent")
"""The left and the right channel."""


def peaks(path: Path, bars: int) -> dict[str, list[float]]:
    """The loudest sample of each of ``bars`` stretches, 0 to 1, by side.

    A mono file shows the same on both sides. Raises OSError, or ValueError if it isn't a WAV
    file of 16-bit samples. Reads stretch by stretch, so a long call takes no more memory.
    """
    try:
        with wave.open(str(path), "rb") as file:
            if file.getsampwidth() != 2:
                raise ValueError(f"{path.name}: not 16-bit samples")
            channels, frames = file.getnchannels(), file.getnframes()
            found: list[list[float]] = [[] for _ in range(channels)]
            edges = [frames * n // bars for n in range(bars + 1)]
            for start, end in pairwise(edges):
                if end == start:
                    continue
                samples = array("h", file.readframes(end - start))
                if sys.byteorder == "big":
                    samples.byteswap()
                for channel, levels in enumerate(found):
                    levels.append(_loudest(samples[channel::channels]))
    except (wave.Error, EOFError) as error:
        raise ValueError(f"{path.name}: not a WAV file: {error}") from error
    return {side: found[min(n, len(found) - 1)] for n, side in enumerate(SIDES)}


def _loudest(samples: "array[int]") -> float:
    if not samples:
        return 0.0
    return round(min(1.0, max(max(samples), -min(samples)) / 32767), 4)
