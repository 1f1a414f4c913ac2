"""Files as people put them into prompts/uploaded, by accident or on purpose."""

import io
import os
import random
import struct
import wave
from pathlib import Path

from tests.prompts.sounds import tones

PLAIN = tones(500, rate=8000)
"""One second, as telephones want it."""


def wav(channels: int = 1, width: int = 2, rate: int = 8000, frames: int = 4000) -> bytes:
    """Noise, so that it is never silent."""
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(random.Random(7).randbytes(frames * channels * width))
    return made.getvalue()


def patched(at: int, new: bytes, whole: bytes = PLAIN) -> bytes:
    return whole[:at] + new + whole[at + len(new) :]


def with_chunk(name: bytes, content: bytes) -> bytes:
    """A chunk between format and samples, filled up to an even length as it must be."""
    chunk = name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
    whole = PLAIN[:36] + chunk + PLAIN[36:]
    return patched(4, struct.pack("<I", len(whole) - 8), whole)


PLAYABLE = {
    "as it should be": PLAIN,
    "stereo of a CD": wav(2, 2, 44_100, 22_050),
    "8 bit": wav(1, 1),
    "24 bit": wav(1, 3, 48_000, 24_000),
    "32 bit": wav(1, 4),
    "six channels": wav(6, 2, 16_000),
    "odd chunk before the samples": with_chunk(b"LIST", b"INFOabc"),
    "large chunk before the samples": with_chunk(b"bext", bytes(5001)),
    "something after the samples": PLAIN + b"LIST\4\0\0\0INFO",
    "extensible header": PLAIN[:16]
    + struct.pack("<I", 40)
    + b"\xfe\xff"
    + PLAIN[22:36]
    + struct.pack("<HHI", 22, 16, 4)
    + b"\1\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"
    + PLAIN[36:],
    "cut short": PLAIN[:9000],
    "claims 4 GB": patched(40, b"\xff\xff\xff\xff"),
    "claims 4 GB in all": patched(4, b"\xff\xff\xff\xff"),
    "half a sample too much": PLAIN + b"\1",
}
"""There is a sound in them, and callers hear it."""

BROKEN = {
    "empty": b"",
    "one byte": b"R",
    "only RIFF": b"RIFF",
    "header cut": PLAIN[:30],
    "no samples": PLAIN[:44],
    "random": random.Random(1).randbytes(5000),
    "zeros": bytes(100_000),
    "claims no samples": patched(40, bytes(4)),
    "no channels": patched(22, bytes(2)),
    "65535 channels": patched(22, b"\xff\xff"),
    "rate 0": patched(24, bytes(4)),
    "rate 4 GHz": patched(24, b"\xff\xff\xff\xff"),
    "0 bits": patched(34, bytes(2)),
    "64 bits": patched(34, b"\x40\0"),
    "floating point": patched(20, b"\3\0"),
    "A-law": patched(20, b"\6\0"),
    "18 minutes in 1 MB, 16 times that for a telephone": wav(1, 1, 1000, 1_100_000),
    "format chunk of 4 GB": patched(16, b"\xff\xff\xff\xff"),
    "format chunk of 4 bytes": patched(16, b"\4\0\0\0"),
    "big endian": b"RIFX" + PLAIN[4:],
    "mp3": b"ID3\3\0\0\0\0\0\0" + b"\xff\xfb\x90\x00" * 500,
    "ogg": b"OggS" + bytes(3000),
    "web page": b"<html>404</html>" * 100,
}
"""Nobody can say what they should sound like: the words are spoken instead."""


def fuzzed(count: int, seed: int = 3) -> list[bytes]:
    """Sounds whose headers are bent in up to five places."""
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        whole = bytearray(
            wav(
                chance.choice([1, 2]),
                chance.choice([1, 2, 3, 4]),
                chance.choice([8000, 16_000, 44_100]),
                400,
            )
        )
        for _ in range(chance.randrange(1, 6)):
            whole[chance.randrange(44)] = chance.randrange(256)
        made.append(bytes(whole[: chance.choice([len(whole), chance.randrange(len(whole))])]))
    return made


def odd_things(folder: Path) -> dict[str, Path]:
    """What isn't a file with a sound in it, by what it is, each as ``<name>.wav`` in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    made = {
        name: folder / f"{name}.wav" for name in ("fifo", "folder", "device", "huge", "endless")
    }
    os.mkfifo(made["fifo"])
    made["folder"].mkdir()
    made["device"].symlink_to("/dev/zero")
    made["endless"].symlink_to("endless.wav")
    with made["huge"].open("wb") as file:
        file.write(wav(2, 2, 44_100, 10))
        file.truncate(3 * 2**30)
    return made
