"""What callers say after a tone: named, judged, taken in, and found again after a crash."""

import array
import asyncio
import math
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bench.tones import RATE
from domain.identity import CallId, QueueName
from recordings.voice_files import FORMAT, KeptVoice, VoiceName, read_name, said_s
from recordings.voices import VoiceArchive
from recordings.waveform import waveform_json
from tests.waiting import until

CALL = CallId("pbx1-1795315998.1")
SALES = QueueName("sales")
NAME = VoiceName(CALL, 1795316000123, SALES)


def spoken(seconds: float, loud: int = 8000, before_s: float = 0) -> bytes:
    """Samples of one side: silence, and then a tone."""
    tone = (
        round(loud * math.sin(2 * math.pi * 400 * i / RATE)) for i in range(int(seconds * RATE))
    )
    return array.array("h", [*(0 for _ in range(int(before_s * RATE))), *tone]).tobytes()


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    (tmp_path / "spool").mkdir()
    (tmp_path / "root").mkdir()
    return tmp_path / "spool"


def write(spool: Path, name: VoiceName, data: bytes) -> Path:
    raw = spool / f"{name}.{FORMAT}"
    raw.write_bytes(data)
    return raw


@asynccontextmanager
async def running(spool: Path, told: list[KeptVoice]) -> AsyncIterator[VoiceArchive]:
    voices = VoiceArchive(
        spool, spool.parent / "root", told.append, first_again_s=0.02, last_again_s=0.1
    )
    task = asyncio.create_task(voices.run())
    try:
        yield voices
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def ended(_call: CallId) -> bool | None:
    return True


async def goes_on(_call: CallId) -> bool | None:
    return None


@pytest.mark.parametrize("short", [False, True])
@pytest.mark.parametrize("queue", [SALES, QueueName("short"), None])
def test_a_name_says_whose_it_is(queue: QueueName | None, short: bool) -> None:
    name = VoiceName(CALL, 1795316000123, queue, short)
    assert read_name(str(name)) == name


@pytest.mark.parametrize("text", ["", "x", "../x.v1795316000123", f"{CALL}.v12", f"{CALL}.raw"])
def test_other_names_are_none_of_ours(text: str) -> None:
    assert read_name(text) is None


def test_a_name_that_cannot_be_a_files_is_refused() -> None:
    with pytest.raises(ValueError, match="can't name a recording"):
        str(VoiceName(CallId("../../etc/passwd"), 1795316000123))


@pytest.mark.parametrize(
    ("data", "length"),
    [
        (spoken(1.0, before_s=1.0), 2.0),
        (b"", 0),
        (bytes(16000), 0),
        (spoken(3.0, loud=200), 0),  # a line's hiss
        (spoken(0.05, before_s=2.0), 0),  # a click
        (spoken(1.0) + b"\x01", 1.0),  # a file that a crash has cut
    ],
)
def test_whether_anything_was_said(data: bytes, length: float, spool: Path) -> None:
    assert said_s(write(spool, NAME, data)) == pytest.approx(length)


async def test_a_voice_is_kept_as_the_player_wants_it(spool: Path) -> None:
    told: list[KeptVoice] = []
    raw = write(spool, NAME, spoken(1.5))
    async with running(spool, told) as voices:
        assert await voices.finish(NAME) == 1.5
        await until(lambda: not raw.exists())
    (kept,) = told
    assert (kept.file, kept.duration_s) == (f"2026/11/22/{NAME}.wav", 1.5)
    assert kept.fact().queue == SALES
    stored = spool.parent / "root" / kept.file
    with wave.open(str(stored)) as wav:
        assert (wav.getnchannels(), wav.getframerate(), wav.getnframes()) == (2, RATE, 12000)
        samples = array.array("h", wav.readframes(12000))
    assert max(samples[::2]) > 7000, "the caller is on the left"
    assert not any(samples[1::2])
    assert '"agent":[0.0' in waveform_json(stored)


async def test_where_nothing_was_said_no_file_is_left(spool: Path) -> None:
    told: list[KeptVoice] = []
    raw = write(spool, NAME, bytes(16000))
    async with running(spool, told) as voices:
        assert await voices.finish(NAME) == 0
    assert not raw.exists()
    assert told == []


async def test_what_a_killed_controller_left_is_found_once_its_call_is_over(spool: Path) -> None:
    told: list[KeptVoice] = []
    raw, empty = write(spool, NAME, spoken(1)), write(spool, VoiceName(CALL, 1795316000999), b"")
    (spool / "holiday.sln").write_bytes(spoken(1))
    async with running(spool, told) as voices:
        with capture_logs() as lines:
            assert await voices.orphans(goes_on) == 0
            with voices.recording(NAME):
                assert await voices.orphans(ended) == 0, "it is being written"
            assert await voices.orphans(ended) == 1
            await until(lambda: not raw.exists())
            assert await voices.orphans(ended) == 0
    assert [one.name for one in told] == [NAME]
    assert not empty.exists()
    assert [line["file"] for line in lines] == [str(spool / "holiday.sln")], "said once"


async def test_one_that_is_cut_short_is_known_as_such_after_a_crash(spool: Path) -> None:
    told: list[KeptVoice] = []
    raw = write(spool, NAME, spoken(1))
    killed = VoiceArchive(spool, spool.parent / "root", told.append)
    assert await killed.finish(NAME, short=True) == 1
    assert not raw.exists()
    async with running(spool, told) as voices:
        assert await voices.orphans(ended) == 1
        await until(lambda: not list(spool.iterdir()))
    (kept,) = told
    assert (kept.fact().short, kept.fact().queue) == (True, SALES)


async def test_one_that_is_taken_during_the_look_for_others_is_not_missed(spool: Path) -> None:
    raw = write(spool, NAME, spoken(1))
    voices = VoiceArchive(spool, spool.parent / "root", lambda _: None)

    async def taken_meanwhile(_call: CallId) -> bool | None:
        raw.rename(raw.with_name("elsewhere"))
        return True

    with capture_logs() as lines:
        assert await voices.orphans(taken_meanwhile) == 0
    assert lines == []


async def test_taken_twice_it_is_the_same(spool: Path) -> None:
    told: list[KeptVoice] = []
    async with running(spool, told) as voices:
        for _ in range(2):
            write(spool, NAME, spoken(1))
            await voices.finish(NAME)
            await until(lambda: not list(spool.iterdir()))
    assert told[0] == told[1]
    assert len(list((spool.parent / "root").rglob("*.wav"))) == 1


async def test_without_a_place_it_waits_and_is_logged_once(spool: Path) -> None:
    told: list[KeptVoice] = []
    root = spool.parent / "root"
    root.rmdir()
    raw = write(spool, NAME, spoken(1))
    with capture_logs() as lines:
        async with running(spool, told) as voices:
            await voices.finish(NAME)
            await until(lambda: voices.trouble is not None)
            assert raw.exists()
            root.mkdir()
            await until(lambda: not raw.exists())
            assert voices.trouble is None
    assert len(told) == 1
    assert [line["log_level"] for line in lines] == ["error"]


async def test_a_link_is_left_alone(spool: Path, tmp_path: Path) -> None:
    told: list[KeptVoice] = []
    (tmp_path / "secret").write_bytes(spoken(1))
    (spool / f"{NAME}.{FORMAT}").symlink_to(tmp_path / "secret")
    async with running(spool, told) as voices:
        with pytest.raises(OSError, match="symbolic link"):
            await voices.finish(NAME)
        assert await voices.orphans(ended) == 0
    assert told == []
