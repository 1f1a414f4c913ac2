"""Files that others put into the spool or among the recordings do no harm, and nothing is lost."""

# ruff: noqa: ASYNC240 - small files of a test

import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from domain.identity import CallId
from domain.reasons import LossReason
from recordings.archive import Archive, Lost, OverCall
from recordings.faults import RecordingForeign, RecordingKept
from recordings.ingest import ingest
from recordings.integrity import Integrity, verify
from recordings.raw_to_wav import Recording, hash_of, release, store
from recordings.waveform import cache_of, waveform_json
from tests.recordings.sounds import raw_sound, write_raw
from tests.recordings.test_archive import archive_in, running
from tests.rights import an_owners_rights
from tests.waiting import until

CALL = CallId("pbx1-1795315998.12")
OTHERS = [CallId(f"pbx1-1795315998.{n}") for n in range(20, 24)]
SECRET = b"root:$6$secret:19000:0:99999:7:::\n" * 1000


def _fifo(raw: Path, _folder: Path) -> None:
    os.mkfifo(raw)


def _symlink(raw: Path, folder: Path) -> None:
    secret = folder / "shadow"
    secret.write_bytes(SECRET)
    raw.symlink_to(secret)


def _hard_link(raw: Path, folder: Path) -> None:
    secret = folder / "shadow"
    secret.write_bytes(SECRET)
    raw.hardlink_to(secret)


def _dangling(raw: Path, folder: Path) -> None:
    raw.symlink_to(folder / "nowhere")


def _endless(raw: Path, _folder: Path) -> None:
    raw.symlink_to("/dev/zero")


def _folder(raw: Path, _folder: Path) -> None:
    raw.mkdir()


def _socket(raw: Path, _folder: Path) -> None:
    opened = os.open(raw.parent, os.O_PATH)
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(f"/proc/self/fd/{opened}/{raw.name}")  # a socket's path has room for 107 bytes
    os.close(opened)


def _too_much(raw: Path, _folder: Path) -> None:
    with raw.open("wb") as file:  # sparse: takes no room
        file.truncate(2**43)


def _strangers(raw: Path, _folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    raw.write_bytes(SECRET)
    os.chown(raw, 12345, 12345)


FOREIGN = {
    "a FIFO": _fifo,
    "a symbolic link": _symlink,
    "hard links": _hard_link,
    "a symbolic link to nowhere": _dangling,
    "a symbolic link to a device": _endless,
    "a folder": _folder,
    "a socket": _socket,
    "eight terabytes of nothing": _too_much,
    "another user's file": _strangers,
}
Put = Callable[[Path, Path], None]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    folder.mkdir()
    return folder


@pytest.fixture
def raw(tmp_path: Path) -> Iterator[Path]:
    """Where the call's raw file would be. Whoever hangs on a FIFO there is let go at the end."""
    (tmp_path / "spool").mkdir()
    file = tmp_path / "spool" / f"{CALL}.raw"
    yield file
    if file.is_fifo():
        os.close(os.open(file, os.O_RDWR | os.O_NONBLOCK))


@pytest.mark.parametrize("put", FOREIGN.values(), ids=FOREIGN.keys())
async def test_a_foreign_file_is_left_alone_and_the_others_are_stored(
    put: Put, raw: Path, root: Path, tmp_path: Path
) -> None:
    put(raw, tmp_path)
    for call in OTHERS:
        write_raw(tmp_path / "spool", call, raw_sound(0.2))
    told: list[Recording | Lost] = []
    archive = archive_in(tmp_path, told)

    async def over(call: CallId) -> OverCall:
        return OverCall(call, 0.2)

    with capture_logs() as logs:
        async with running(archive):
            archive.take(OverCall(CALL, 5.0))
            for call in OTHERS:
                archive.take(OverCall(call, 0.2))
            await until(lambda: archive.waiting == 0)
            for _ in range(5):
                assert await archive.orphans(over) == 0, "once is enough"
    assert sorted(r.call for r in told if isinstance(r, Recording)) == OTHERS
    (lost,) = [r for r in told if isinstance(r, Lost)]
    assert lost.call == CALL
    assert lost.why is LossReason.FOREIGN_FILE
    assert [line["log_level"] for line in logs] == ["error"]
    assert str(raw) in logs[0]["why"]
    assert os.path.lexists(raw), "it isn't ours to remove"
    stored = [file.read_bytes() for file in root.rglob("*") if file.is_file()]
    assert not any(b"secret" in content for content in stored)


@pytest.mark.usefixtures("root")
async def test_it_is_stored_once_it_is_put_right(raw: Path, tmp_path: Path) -> None:
    raw.mkdir()
    told: list[Recording | Lost] = []
    archive = archive_in(tmp_path, told)

    async def over(call: CallId) -> OverCall:
        return OverCall(call, 0.5)

    async with running(archive):
        archive.take(OverCall(CALL, 0.5))
        await until(lambda: archive.waiting == 0)
        raw.rmdir()
        write_raw(raw.parent, CALL, raw_sound(0.5))
        assert await archive.orphans(over) == 1
        await until(lambda: archive.waiting == 0)
    assert [type(r) for r in told] == [Lost, Recording]


async def test_a_foreign_file_beside_a_recording_is_no_loss(raw: Path, tmp_path: Path) -> None:
    _fifo(raw, tmp_path)
    told: list[Recording | Lost] = []
    archive = archive_in(tmp_path, told)
    async with running(archive):
        archive.take(OverCall(CALL, 5.0, recorded=True))
        await until(lambda: archive.waiting == 0)
    assert told == []


@pytest.mark.usefixtures("root")
async def test_names_that_name_no_call_are_said_once(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    for name in ("not a call", "..", "-rf", "a\nb", "x" * 201, "中文"):
        write_raw(spool, name, b"1234")
    (spool / os.fsdecode(b"\xff\xfe.raw")).write_bytes(b"1234")

    async def over(call: CallId) -> OverCall | None:
        raise AssertionError(call)

    archive = archive_in(tmp_path, [])
    with capture_logs() as logs:
        for _ in range(5):
            assert await archive.orphans(over) == 0
    assert len(logs) == 7
    assert len(list(spool.iterdir())) == 7


@pytest.mark.parametrize("kind", ["a file", "not readable"])
async def test_a_spool_that_cannot_be_read_ends_nothing(kind: str, tmp_path: Path) -> None:
    if kind == "a file":
        (tmp_path / "spool").write_text("")
    else:
        (tmp_path / "spool").mkdir(mode=0)

    async def over(call: CallId) -> OverCall | None:
        raise AssertionError(call)

    archive = archive_in(tmp_path, [])
    with capture_logs() as logs, an_owners_rights():
        for _ in range(3):
            assert await archive.orphans(over) == 0
    assert len(logs) == 1
    assert logs[0]["folder"] == str(tmp_path / "spool")


def test_swapped_while_it_is_stored(raw: Path, root: Path, tmp_path: Path) -> None:
    """Looked at and read is one open file; what the name means later changes nothing."""
    data = raw_sound(1.0)
    write_raw(raw.parent, CALL, data)

    def swap(step: str) -> None:
        if step == "write":
            raw.unlink()
            _symlink(raw, tmp_path)

    recording = store(raw, CALL, 1.0, root, at=swap)
    assert (root / recording.file).read_bytes()[44:] == data
    assert release(raw, recording) is False
    assert raw.is_symlink()
    assert (tmp_path / "shadow").read_bytes() == SECRET


def test_swapped_all_the_time(raw: Path, root: Path, tmp_path: Path) -> None:
    """However the swaps fall, no secret becomes a recording and nothing hangs."""
    data = raw_sound(0.1)
    secret = tmp_path / "shadow"
    secret.write_bytes(SECRET)
    write_raw(raw.parent, CALL, data)
    done = threading.Event()

    def swap() -> None:
        new = raw.with_suffix(".new")
        while not done.is_set():
            for put in (lambda: new.symlink_to(secret), lambda: new.write_bytes(data)):
                put()
                new.replace(raw)

    swapping = threading.Thread(target=swap)
    swapping.start()
    try:
        outcomes = set()
        for _ in range(200):
            try:
                recording = store(raw, CALL, 0.1, root)
                outcomes.add(recording.bytes)
            except RecordingForeign:
                outcomes.add(0)
    finally:
        done.set()
        swapping.join()
    assert outcomes <= {0, len(data) + 44}
    assert [file.name for file in root.rglob("*.wav")] in ([], [f"{CALL}.wav"])


# -- among the recordings --------------------------------------------------------------------


@pytest.mark.parametrize("name", [f"{CALL}.wav", f".{CALL}.wav.part", f".{CALL}.peaks.json.part"])
@pytest.mark.parametrize("put", [_fifo, _symlink, _folder, _dangling])
def test_what_stands_where_a_recording_should_go(
    put: Put, name: str, raw: Path, root: Path, tmp_path: Path
) -> None:
    folder = root / "2026" / "11" / "22"
    folder.mkdir(parents=True)
    put(folder / name, tmp_path)
    data = raw_sound(0.5)
    write_raw(raw.parent, CALL, data)
    if put is _folder and name.endswith("wav.part"):
        with pytest.raises(RecordingKept):
            store(raw, CALL, 0.5, root)
        return
    recording = store(raw, CALL, 0.5, root)
    assert (root / recording.file).read_bytes()[44:] == data
    assert recording.file.endswith(f"{CALL}.2.wav" if name == f"{CALL}.wav" else f"{CALL}.wav")
    assert store(raw, CALL, 0.5, root) == recording, "done again it finds its own work"
    if (tmp_path / "shadow").exists():
        assert (tmp_path / "shadow").read_bytes() == SECRET


def test_odd_peaks_and_recordings_hang_nobody(raw: Path, root: Path) -> None:
    write_raw(raw.parent, CALL, raw_sound(0.5))
    recording = store(raw, CALL, 0.5, root)
    file = root / recording.file
    cache_of(file).unlink()
    os.mkfifo(cache_of(file))
    assert '"caller"' in waveform_json(file)
    file.unlink()
    os.mkfifo(file)
    assert verify(root, recording.file, recording.sha256) is Integrity.UNREADABLE
    # Kept peaks of the same tick of the file system's clock would still count as fresh.
    cache_of(file).unlink()
    with pytest.raises(ValueError, match="FIFO"):
        waveform_json(file)


# -- a second raw file -----------------------------------------------------------------------


async def test_a_second_raw_file_is_kept_beside_the_first(raw: Path, root: Path) -> None:
    told: list[Recording] = []
    write_raw(raw.parent, CALL, raw_sound(1.0))
    first = await ingest(raw, CALL, 1.0, root=root, told=told.append)
    write_raw(raw.parent, CALL, raw_sound(0.4))
    with capture_logs() as logs:
        second = await ingest(raw, CALL, 1.0, root=root, told=told.append)
    assert told == [first, second]
    assert first.file.endswith(f"{CALL}.wav")
    assert second.file.endswith(f"{CALL}.2.wav")
    for one in told:
        assert hash_of(root / one.file) == one.sha256
    assert "a call has one more recording; it is kept beside the first" in [
        line["event"] for line in logs
    ]
    assert not raw.exists()


async def test_what_grows_after_it_was_stored_is_not_removed(
    raw: Path, root: Path, tmp_path: Path
) -> None:
    """A call that was thought to be over, and is recorded on."""
    write_raw(raw.parent, CALL, raw_sound(0.3))
    told: list[Recording | Lost] = []

    def grow(outcome: Recording | Lost) -> None:
        told.append(outcome)
        if len(told) == 1:
            with raw.open("ab") as file:
                file.write(raw_sound(0.7))

    archive = Archive(tmp_path / "spool", root, grow, settle_s=0.02)

    async def over(call: CallId) -> OverCall:
        return OverCall(call, 1.0, recorded=True)

    async with running(archive):
        archive.take(OverCall(CALL, 1.0))
        await until(lambda: archive.waiting == 0)
        assert raw.exists()
        assert await archive.orphans(over) == 1
        await until(lambda: archive.waiting == 0)
    assert [r.whole for r in told if isinstance(r, Recording)] == [False, True]
    assert not raw.exists()
