"""Parses a WAV file's bytes, without I/O, into a sound or a ValueError.

The standard library's ``wave`` raises half a dozen kinds of errors for headers that lie, and
doesn't know WAVE_FORMAT_EXTENSIBLE before Python 3.12.
"""

import struct
from dataclasses import dataclass

TELEPHONE_RATE = 8000
HEADER_BYTES = 44
_TELEPHONE_FORM = (1, 1, TELEPHONE_RATE, 2 * TELEPHONE_RATE, 2, 16)
_PCM, _EXTENSIBLE = 1, 0xFFFE
_RATES = range(1000, 192_001)
_CHANNELS = range(1, 9)
_WIDTHS = range(1, 5)


@dataclass(frozen=True, slots=True)
class Sound:
    """Whole frames of PCM samples; 8 bit is unsigned, everything else signed."""

    frames: bytes
    width: int
    """Bytes per sample."""
    rate: int
    channels: int
    cut: bool
    """Whether the header promises more than there is."""


def parse(data: bytes) -> Sound:
    """The sound in a WAV file. Raises ValueError with one line that says why there is none."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise ValueError("this is not a WAV file")
    form: tuple[int, int, int] | None = None
    at = 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8
        if name == b"fmt ":
            form = _form(data[at : at + size])
        elif name == b"data":
            if form is None:
                raise ValueError("its header has no format")
            width, rate, channels = form
            there = data[at : at + size]
            whole = len(there) - len(there) % (width * channels)
            return Sound(there[:whole], width, rate, channels, cut=len(there) < size)
        at += size + size % 2  # a chunk of odd length is followed by a padding byte
    raise ValueError("it has no samples: the file is cut short, or its header is broken")


def _form(chunk: bytes) -> tuple[int, int, int]:
    if len(chunk) < 16:
        raise ValueError("its header is cut short")
    code, channels, rate, _, _, bits = struct.unpack("<HHIIHH", chunk[:16])
    if code == _EXTENSIBLE and len(chunk) >= 26:
        code = int.from_bytes(chunk[24:26], "little")
    if code != _PCM:
        raise ValueError(f"its format is {code}, not PCM (1)")
    width = (bits + 7) // 8
    if width not in _WIDTHS or rate not in _RATES or channels not in _CHANNELS:
        raise ValueError(f"it has {channels} channels of {bits} bits at {rate} Hz")
    return width, rate, channels


def is_telephone(header: bytes, size: int) -> bool:
    """Whether a file of ``size`` bytes that begins with ``header`` can be played as it is.

    Only the plain form counts, 44 bytes and then nothing but samples: not every version of
    Asterisk skips what else a WAV file may hold.
    """
    if len(header) < HEADER_BYTES or size <= HEADER_BYTES:
        return False
    riff, whole, kind, fmt, length, *form, data, samples = struct.unpack(
        "<4sI4s4sIHHIIHH4sI", header[:HEADER_BYTES]
    )
    return (
        (riff, kind, fmt, length, data) == (b"RIFF", b"WAVE", b"fmt ", 16, b"data")
        and tuple(form) == _TELEPHONE_FORM
        and whole == size - 8
        and samples == size - HEADER_BYTES
        and samples % 2 == 0
    )
