"""Makes beeps as A-law packets of 20 ms, and finds their onsets in raw recordings."""

import array
import math
from functools import lru_cache

RATE = 8000
FRAME = 160


def _alaw(sample: int) -> int:
    sign = 0x80 if sample >= 0 else 0
    magnitude = min(abs(sample) >> 3, 4095)
    if magnitude < 32:
        code = magnitude >> 1
    else:
        exponent = magnitude.bit_length() - 5
        code = exponent << 4 | (magnitude >> exponent) & 0x0F
    return (code | sign) ^ 0x55


SILENCE = bytes([_alaw(0)]) * FRAME


@lru_cache
def tone_frame(hertz: int) -> bytes:
    """20 ms of a tone; multiples of 50 Hz join without a click."""
    return bytes(
        _alaw(round(8000 * math.sin(2 * math.pi * hertz * i / RATE))) for i in range(FRAME)
    )


def _linear(code: int) -> int:
    code ^= 0x55
    exponent, mantissa = code >> 4 & 7, code & 0x0F
    magnitude = mantissa << 4 | 8 if exponent == 0 else (mantissa << 4 | 0x108) << exponent - 1
    return magnitude if code & 0x80 else -magnitude


LINEAR = [_linear(code) for code in range(256)]
"""The sample that each A-law code stands for."""


def sounds(payload: bytes, hertz: int) -> bool:
    """Whether an A-law packet carries a tone of ``hertz``."""
    samples = array.array("h", (LINEAR[code] for code in payload))
    return bool(samples) and max(map(abs, samples)) > 1500 and _power(samples, hertz) > 2500


def _power(samples: "array.array[int]", hertz: int) -> float:
    real = imaginary = 0.0
    for i, sample in enumerate(samples):
        angle = 2 * math.pi * hertz * i / RATE
        real += sample * math.cos(angle)
        imaginary += sample * math.sin(angle)
    return 2 * math.hypot(real, imaginary) / len(samples)


def onsets(samples: "array.array[int]", hertz: int) -> list[float]:
    """Seconds at which a tone of ``hertz`` begins, to 10 ms, in one channel's samples."""
    found: list[float] = []
    last_loud = -1.0
    for start in range(0, len(samples) - 80, 80):
        window = samples[start : start + 80]
        at = start / RATE
        if max(map(abs, window)) > 1500 and _power(window, hertz) > 3500:
            if at - last_loud > 0.15:
                found.append(at)
            last_loud = at
    return found


def split(raw: bytes) -> tuple["array.array[int]", "array.array[int]"]:
    """The two channels of interleaved 16-bit samples."""
    samples = array.array("h", raw[: len(raw) // 4 * 4])
    return samples[0::2], samples[1::2]
