"""What the ears make of sound: which tone, from when to when."""

import asyncio
import uuid

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farend.called_customers import TONES
from farend.ears import HZ, OTHER, PACKET, PACKET_S, Ear, Ears, Heard
from tests.waiting import until


def sound(*parts: tuple[float, float]) -> bytes:
    """Tones after one another: frequency (0: silence) and seconds."""
    return b"".join(
        (8000 * np.sin(2 * np.pi * hz * np.arange(round(seconds * HZ)) / HZ))
        .astype("<i2").tobytes()
        for hz, seconds in parts
    )  # fmt: skip


def heard(data: bytes, began_at: float = 100.0) -> list[tuple[int, float, float]]:
    """What an ear hears of it, if the first packet has arrived 20 ms after ``began_at``."""
    ear = Ear()
    size = 2 * PACKET
    for place, first in enumerate(range(0, len(data), size)):
        ear.take(data[first : first + size], began_at + (place + 1) * PACKET_S)
    return [(h.hz, round(h.began_at, 3), round(h.ended_at, 3)) for h in ear.heard()]


@given(st.sampled_from(TONES), st.integers(0, 400), st.integers(60, 900))
def test_a_tone_is_heard_from_its_beginning_to_its_end(hz: int, before: int, lasts: int) -> None:
    (one,) = heard(sound((0, before / 1000), (hz, lasts / 1000), (0, 0.1)))
    assert one[0] == hz
    assert one[1] == pytest.approx(100 + before / 1000, abs=0.002)
    assert one[2] == pytest.approx(100 + (before + lasts) / 1000, abs=0.002)


@given(st.permutations(TONES))
def test_voices_are_told_apart(tones: list[int]) -> None:
    assert [h[0] for h in heard(sound(*((hz, 0.11) for hz in tones)))] == tones


def test_a_pause_makes_two_and_what_is_no_tone_is_something_else() -> None:
    two = heard(sound((500, 0.3), (0, 0.3), (500, 0.3)))
    assert [(h[0], round(h[2] - h[1], 1)) for h in two] == [(500, 0.3), (500, 0.3)]
    noise = np.random.default_rng(1).integers(-9000, 9000, 1600).astype("<i2").tobytes()
    assert [h[0] for h in heard(noise)] == [OTHER]
    assert heard(sound((0, 1.0))) == [] and heard(b"") == []


async def test_a_connection_is_an_ear_until_it_closes(unused_tcp_port: int) -> None:
    told: dict[str, tuple[Heard, ...]] = {}
    ears = Ears(told.__setitem__)
    await ears.start("127.0.0.1", unused_tcp_port)
    name = f"{uuid.uuid4()}"[:24] + "000000000000"
    reader, writer = await asyncio.open_connection("127.0.0.1", unused_tcp_port)
    writer.write(b"\x01\x00\x10" + uuid.UUID(name).bytes)
    data = sound((800, 0.4))
    for first in range(0, len(data), 320):
        writer.write(b"\x10\x01\x40" + data[first : first + 320])
    await writer.drain()
    await until(lambda: ears.so_far(name), what="the ear to hear")
    assert [h.hz for h in ears.so_far(name)] == [800] and told == {}
    writer.close()
    await until(lambda: told, what="the ear to close")
    assert [h.hz for h in told[name]] == [800] and ears.so_far(name) == ()
    # One whose name says 50 ms is sent away after that; one that sends rubbish is closed.
    brief, quick = await asyncio.open_connection("127.0.0.1", unused_tcp_port)
    quick.write(b"\x01\x00\x10" + uuid.UUID(name[:24] + "000000000050").bytes)
    assert await asyncio.wait_for(brief.readexactly(3), 60) == bytes(3)
    quick.close()
    await ears.stop()
    assert reader.at_eof() or await reader.read() == b""
