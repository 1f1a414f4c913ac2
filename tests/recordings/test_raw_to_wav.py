"""Every crash point leaves the raw or the finished file; nothing is overwritten."""

import os
import resource
import wave
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.identity import CallId
from recordings.faults import RecordingKept, RecordingLost
from recordings.integrity import Integrity, verify
from recordings.raw_to_wav import Recording, hash_of, release, store
from tests.recordings.sounds import raw_sound, write_raw

CALL = CallId("pbx1-1795315998.12")
STEPS = ("write", "sync", "place", "sync_folder", "peaks", "told", "release")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    folder.mkdir()
    return folder


def samples_of(path: Path) -> bytes:
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 8000)
        return file.readframes(file.getnframes())


def test_a_wav_below_its_day_with_length_hash_and_both_sides(tmp_path: Path, root: Path) -> None:
    data = raw_sound(2.5)
    raw = write_raw(tmp_path / "spool", CALL, data)
    recording = store(raw, CALL, 2.4, root)
    assert recording.file == f"2026/11/22/{CALL}.wav"
    stored = root / recording.file
    assert samples_of(stored) == data
    assert recording == Recording(
        CALL, recording.file, hash_of(stored), 2.5, 2.4, True, stored.stat().st_size
    )
    assert raw.exists(), "removed only when it is written down"
    written = recording.recorded()
    assert (written.file, written.sha256, written.whole) == (recording.file, hash_of(stored), True)
    assert verify(root, recording.file, recording.sha256) is Integrity.INTACT


@pytest.mark.parametrize(
    ("bridged_s", "whole"), [(2.5, True), (3.0, True), (2.0, True), (3.1, False), (None, False)]
)
def test_whole_is_as_long_as_bridged(
    tmp_path: Path, root: Path, bridged_s: float | None, whole: bool
) -> None:
    raw = write_raw(tmp_path / "spool", CALL, raw_sound(2.5))
    assert store(raw, CALL, bridged_s, root).whole is whole


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_cut_last_frame_is_dropped(tmp_path: Path, root: Path, cut: int) -> None:
    data = raw_sound(0.3)
    raw = write_raw(tmp_path / "spool", CALL, data + b"\1" * cut)
    assert samples_of(root / store(raw, CALL, 0.3, root).file) == data


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.binary(max_size=9000))
def test_any_bytes_are_kept_to_the_last_whole_frame(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    folder = tmp_path_factory.mktemp("any")
    raw = write_raw(folder / "spool", CALL, data)
    try:
        recording = store(raw, CALL, None, folder)
    except RecordingLost:
        assert len(data) < 4
    else:
        assert samples_of(folder / recording.file) == data[: len(data) // 4 * 4]


@pytest.mark.parametrize("content", [b"", b"\0\0\0", None])
def test_no_sound_is_said_and_touches_nothing(
    tmp_path: Path, root: Path, content: bytes | None
) -> None:
    raw = tmp_path / f"{CALL}.raw"
    if content is not None:
        raw.write_bytes(content)
    with pytest.raises(RecordingLost):
        store(raw, CALL, 5.0, root)
    assert raw.exists() is (content is not None)
    assert not list(root.rglob("*"))


def test_another_sound_under_the_same_name_stays(tmp_path: Path, root: Path) -> None:
    first = store(write_raw(tmp_path / "spool", CALL, raw_sound(1)), CALL, 1, root)
    second = store(write_raw(tmp_path / "spool", CALL, raw_sound(2)), CALL, 2, root)
    assert second.file == f"2026/11/22/{CALL}.2.wav"
    assert verify(root, first.file, first.sha256) is Integrity.INTACT
    again = store(tmp_path / "spool" / f"{CALL}.raw", CALL, 2, root)
    assert again == second, "done again it finds its own work"


def test_without_hard_links(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_self: Path, _target: Path) -> None:
        raise PermissionError(1, "no links on this file system")

    monkeypatch.setattr(Path, "hardlink_to", refused)
    raw = write_raw(tmp_path / "spool", CALL, raw_sound(1))
    first = store(raw, CALL, 1, root)
    assert store(raw, CALL, 1, root) == first
    write_raw(tmp_path / "spool", CALL, raw_sound(2))
    assert store(raw, CALL, 2, root).file.endswith(".2.wav")
    assert not list(root.rglob("*.part"))


@pytest.mark.parametrize("last", STEPS)
@pytest.mark.parametrize("again", [True, False])
def test_killed_before_each_step(tmp_path: Path, root: Path, last: str, again: bool) -> None:
    """A process that is killed leaves the raw file or the finished one, whole; done again, both."""
    data = raw_sound(1.2)
    raw = write_raw(tmp_path / "spool", CALL, data)

    def die(step: str) -> None:
        if step == last:
            os._exit(9)

    child = os.fork()
    if child == 0:
        try:
            stored = store(raw, CALL, 1.2, root, at=die)
            die("told")
            die("release")
            release(raw, stored)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 9, "the step was reached"
    finished = list(root.rglob("*.wav"))
    assert raw.read_bytes() == data
    for file in finished:
        assert samples_of(file) == data, "a file under its name is whole"
    if again:
        recording = store(raw, CALL, 1.2, root)
        assert release(raw, recording)
        assert [f.name for f in root.rglob("*.wav")] == [f"{CALL}.wav"]
        assert samples_of(root / recording.file) == data
        assert not list(root.rglob("*.part"))


def test_an_hour_takes_little_memory(tmp_path: Path, root: Path) -> None:
    raw = tmp_path / f"{CALL}.raw"
    with raw.open("wb") as file:
        file.truncate(3600 * 32000)  # sparse: silence
    child = os.fork()
    if child == 0:
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        code = 1
        try:
            recording = store(raw, CALL, 3600, root)
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - used
            code = 0 if recording.whole and grown < 30_000 else 2
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def test_more_than_a_wav_file_holds_is_kept(tmp_path: Path, root: Path) -> None:
    raw = tmp_path / f"{CALL}.raw"
    with raw.open("wb") as file:
        file.truncate(2**32)
    with pytest.raises(RecordingKept, match="more than a WAV file holds"):
        store(raw, CALL, None, root)
    assert raw.exists()


def test_verify_tells_what_became_of_a_recording(tmp_path: Path, root: Path) -> None:
    recording = store(write_raw(tmp_path / "spool", CALL, raw_sound(1)), CALL, 1, root)
    path = root / recording.file
    path.write_bytes(path.read_bytes()[:-1] + b"\7")
    assert verify(root, recording.file, recording.sha256) is Integrity.CHANGED
    path.unlink()
    assert verify(root, recording.file, recording.sha256) is Integrity.MISSING
    assert verify(root, "../secret", recording.sha256) is Integrity.MISSING
    path.mkdir()
    assert verify(root, recording.file, recording.sha256) is Integrity.UNREADABLE
