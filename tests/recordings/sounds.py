"""Raw recordings for tests."""

import array
import math
from pathlib import Path

from bench.tones import RATE


def raw_sound(seconds: float, left_hz: int = 400, right_hz: int = 1000) -> bytes:
    """Interleaved samples: a tone on each side, 0 Hz for silence."""
    frames = round(seconds * RATE)
    samples = array.array("h", bytes(4 * frames))
    for side, hertz in enumerate((left_hz, right_hz)):
        if hertz:
            wave = [
                round(8000 * math.sin(2 * math.pi * hertz * i / RATE)) for i in range(RATE // 50)
            ]
            repeated = wave * (frames // len(wave) + 1)
            samples[side::2] = array.array("h", repeated[:frames])
    return samples.tobytes()


def write_raw(folder: Path, call: str, data: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    raw = folder / f"{call}.raw"
    raw.write_bytes(data)
    return raw
