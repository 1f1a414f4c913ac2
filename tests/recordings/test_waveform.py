import json
import os
import wave
from pathlib import Path

import pytest

from domain.identity import CallId
from recordings.raw_to_wav import store
from recordings.waveform import MAX_BARS, cache_of, find, waveform_json
from tests.recordings.sounds import raw_sound, write_raw

CALL = CallId("pbx1-1795315998.12")


def stored(folder: Path, data: bytes) -> Path:
    raw = write_raw(folder / "spool", CALL, data)
    return folder / store(raw, CALL, None, folder).file


def test_caller_left_agent_right(tmp_path: Path) -> None:
    path = stored(tmp_path, raw_sound(1, left_hz=400, right_hz=0) + raw_sound(0.5, 0, 1000))
    drawn = json.loads(waveform_json(path))
    assert drawn["bar_s"] == 0.1
    assert len(drawn["caller"]) == len(drawn["agent"]) == 15
    assert all(0.2 < peak < 0.3 for peak in drawn["caller"][:10] + drawn["agent"][10:])
    assert not any(drawn["caller"][10:] + drawn["agent"][:10])


def test_the_cache_is_what_would_be_found_again(tmp_path: Path) -> None:
    path = stored(tmp_path, raw_sound(3.33))
    kept = cache_of(path).read_text()
    assert kept == find(path).json()
    cache_of(path).unlink()
    assert waveform_json(path) == kept
    assert cache_of(path).read_text() == kept


def test_a_recording_that_is_newer_than_its_cache_is_read_again(tmp_path: Path) -> None:
    path = stored(tmp_path, raw_sound(1))
    cache_of(path).write_text("old")
    later = path.stat().st_mtime + 10
    os.utime(path, (later, later))
    assert json.loads(waveform_json(path))["bar_s"] == 0.1


def test_a_cache_that_a_power_cut_left_empty_is_made_again(tmp_path: Path) -> None:
    path = stored(tmp_path, raw_sound(1))
    kept = cache_of(path).read_text()
    cache_of(path).write_text("")
    assert waveform_json(path) == kept


def test_a_long_recording_is_still_small(tmp_path: Path) -> None:
    path = stored(tmp_path, bytes(32000 * 600))
    drawn = json.loads(waveform_json(path))
    assert len(drawn["caller"]) <= MAX_BARS
    assert drawn["bar_s"] == 0.6


@pytest.mark.parametrize("content", [b"", b"RIFF", b"no sound at all, but long enough to look at"])
def test_what_is_no_wav_is_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"x\.wav: not a WAV"):
        waveform_json(path)


def test_a_mono_file_is_not_ours(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\0")
    with pytest.raises(ValueError, match="stereo"):
        waveform_json(path)
