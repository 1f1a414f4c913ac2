"""Sounds for tests: made of tones, and measured by level and frequency."""

import io
import math
import wave
from array import array

from prompts.speech import RATE


def samples(wav: bytes) -> "array[int]":
    with wave.open(io.BytesIO(wav)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        return array("h", file.readframes(file.getnframes()))


def level(sound: "array[int]", hz: float) -> float:
    """How loud one frequency is, in dB of full scale (Goertzel)."""
    turn = 2 * math.cos(2 * math.pi * hz / RATE)
    before = last = 0.0
    for sample in sound:
        before, last = last, sample / 32768 + turn * last - before
    power = before**2 + last**2 - turn * before * last
    return 10 * math.log10(power * 4 / len(sound) ** 2 + 1e-12)


def tones(*frequencies: float, rate: int = 22050, channels: int = 1) -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        whole = array("h")
        for n in range(rate):
            value = sum(math.sin(2 * math.pi * hz * n / rate) for hz in frequencies)
            whole.extend([int(8000 * value)] * channels)
        file.writeframes(whole.tobytes())
    return made.getvalue()
