import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import structlog

from domain.identity import CallId
from domain.reasons import LossReason
from recordings.archive import Archive, Lost, OverCall
from recordings.faults import RecordingKept
from recordings.raw_to_wav import Recording, store
from tests.recordings.sounds import raw_sound, write_raw
from tests.waiting import until

CALLS = [CallId(f"pbx1-1795315998.{n}") for n in range(6)]


@asynccontextmanager
async def running(archive: Archive) -> AsyncIterator[Archive]:
    task = asyncio.create_task(archive.run())
    try:
        yield archive
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def archive_in(
    folder: Path, told: list[Recording | Lost], root: Path | None = None, settle_s: float = 0.02
) -> Archive:
    root = root or folder / "recordings"
    return Archive(
        folder / "spool",
        root,
        told.append,
        settle_s=settle_s,
        first_retry_s=0.05,
        last_retry_s=0.2,
    )


async def test_ended_calls_are_stored_told_and_their_raw_files_removed(tmp_path: Path) -> None:
    (tmp_path / "recordings").mkdir()
    told: list[Recording | Lost] = []
    archive = archive_in(tmp_path, told)
    raw = [write_raw(tmp_path / "spool", call, raw_sound(0.5)) for call in CALLS]
    async with running(archive):
        for call in CALLS:
            archive.take(OverCall(call, 0.5))
            archive.take(OverCall(call, 0.5))
        await until(lambda: archive.waiting == 0)
    assert sorted(r.call for r in told) == CALLS
    assert all(isinstance(r, Recording) and r.whole for r in told)
    assert not any(r.exists() for r in raw)


async def test_it_is_told_before_the_raw_file_goes(tmp_path: Path) -> None:
    (tmp_path / "recordings").mkdir()
    raw = write_raw(tmp_path / "spool", CALLS[0], raw_sound(0.5))
    seen: list[bool] = []
    archive = Archive(
        tmp_path / "spool",
        tmp_path / "recordings",
        lambda _: seen.append(raw.exists()),
        settle_s=0.01,
    )
    async with running(archive):
        archive.take(OverCall(CALLS[0], 0.5))
        await until(lambda: archive.waiting == 0)
    assert seen == [True]


async def test_a_fault_in_being_told_keeps_the_raw_file(tmp_path: Path) -> None:
    (tmp_path / "recordings").mkdir()
    raw = write_raw(tmp_path / "spool", CALLS[0], raw_sound(0.5))
    tries: list[Recording | Lost] = []

    def told(outcome: Recording | Lost) -> None:
        tries.append(outcome)
        if len(tries) == 1:
            raise ConnectionError("the outbox is closed")

    archive = Archive(
        tmp_path / "spool", tmp_path / "recordings", told, settle_s=0.01, last_retry_s=0.05
    )
    async with running(archive):
        archive.take(OverCall(CALLS[0], 0.5))
        await until(lambda: len(tries) == 1)
        assert raw.exists()
        await until(lambda: archive.waiting == 0)
    assert tries[0] == tries[1]


async def test_a_file_that_still_grows_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "recordings").mkdir()
    told: list[Recording | Lost] = []
    archive = archive_in(tmp_path, told, settle_s=0.15)
    raw = write_raw(tmp_path / "spool", CALLS[0], b"")
    async with running(archive):
        archive.take(OverCall(CALLS[0], 1.0))
        for _ in range(10):
            with raw.open("ab") as file:
                file.write(raw_sound(0.1))
            await asyncio.sleep(0.05)
        await until(lambda: archive.waiting == 0)
    [recording] = told
    assert isinstance(recording, Recording)
    assert recording.whole


@pytest.mark.parametrize(
    ("content", "bridged_s", "lost"),
    [(b"", 0.0, False), (b"", 3.0, True), (None, 3.0, True), (None, 0.0, False), (b"", None, True)],
)
async def test_no_sound_is_a_loss_only_if_there_was_talk(
    tmp_path: Path, content: bytes | None, bridged_s: float | None, lost: bool
) -> None:
    (tmp_path / "recordings").mkdir()
    told: list[Recording | Lost] = []
    archive = archive_in(tmp_path, told)
    if content is not None:
        write_raw(tmp_path / "spool", CALLS[0], content)
    async with running(archive):
        archive.take(OverCall(CALLS[0], bridged_s))
        await until(lambda: archive.waiting == 0)
    why = LossReason.NO_FILE if content is None else LossReason.EMPTY_FILE
    assert told == ([Lost(CALLS[0], why)] if lost else [])
    assert not archive.raw(CALLS[0]).exists()


async def test_orphans_are_matched_to_ended_calls_and_others_left_alone(tmp_path: Path) -> None:
    (tmp_path / "recordings").mkdir()
    told: list[Recording | Lost] = []
    archive = archive_in(tmp_path, told)
    ended, open_call, nobody = CALLS[:3]
    for call in (ended, open_call, nobody):
        write_raw(tmp_path / "spool", call, raw_sound(0.5))
    stray = write_raw(tmp_path / "spool", "not a call", raw_sound(0.1))

    async def over(call: CallId) -> OverCall | None:
        return {ended: OverCall(ended, 0.5), nobody: OverCall(nobody, None)}.get(call)

    async with running(archive):
        with structlog.testing.capture_logs() as logs:
            assert await archive.orphans(over) == 2
            assert await archive.orphans(over) == 0
        await until(lambda: archive.waiting == 0)
    assert {(r.call, r.whole) for r in told if isinstance(r, Recording)} == {
        (ended, True),
        (nobody, False),
    }
    assert archive.raw(open_call).exists()
    assert stray.exists()
    assert str(stray) in logs[0]["file"]


async def test_no_spool_yet_has_no_orphans(tmp_path: Path) -> None:
    async def over(_call: CallId) -> OverCall | None:
        raise AssertionError

    assert await archive_in(tmp_path, []).orphans(over) == 0


async def test_a_missing_root_is_said_once_each_try_and_healed_by_making_it(tmp_path: Path) -> None:
    told: list[Recording | Lost] = []
    archive = archive_in(tmp_path, told)
    for call in CALLS:
        write_raw(tmp_path / "spool", call, raw_sound(0.2))
    with structlog.testing.capture_logs() as logs:
        async with running(archive):
            for call in CALLS:
                archive.take(OverCall(call, 0.2))
            await until(lambda: archive.trouble is not None)
            await asyncio.sleep(0.06)
            assert archive.waiting == len(CALLS)
            assert all(archive.raw(call).exists() for call in CALLS)
            (tmp_path / "recordings").mkdir()
            await until(lambda: archive.waiting == 0)
    assert archive.trouble is None
    assert len(told) == len(CALLS)
    lines = [entry["event"] for entry in logs if entry["log_level"] == "error"]
    assert 1 <= len(lines) <= 3, "not one line a recording"
    assert "recordings: the folder does not exist" in lines[0]
    assert "create it, or mount its disk" in lines[0]
    assert "\n" not in lines[0]
    assert any(entry["event"] == "recordings are stored again" for entry in logs)


async def test_one_unreadable_raw_file_does_not_hold_up_the_others(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        # Root reads everything; a folder in the file's place can't be read by anyone.
        (tmp_path / "spool" / f"{CALLS[0]}.raw").mkdir(parents=True)
    else:
        write_raw(tmp_path / "spool", CALLS[0], raw_sound(0.2)).chmod(0)
    (tmp_path / "recordings").mkdir()
    told: list[Recording | Lost] = []
    archive = archive_in(tmp_path, told)
    for call in CALLS[1:]:
        write_raw(tmp_path / "spool", call, raw_sound(0.2))
    async with running(archive):
        for call in CALLS:
            archive.take(OverCall(call, 0.2))
        await until(lambda: len([r for r in told if isinstance(r, Recording)]) == len(CALLS) - 1)
    assert sorted(r.call for r in told if isinstance(r, Recording)) == CALLS[1:]


# -- disks that fail -------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    where = tmp_path / "disk"
    where.mkdir()
    mount = shutil.which("mount") or "mount"
    made = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=1m,mode=0777", "tmpfs", str(where)],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        pytest.skip(f"a small disk can't be mounted here: {made.stderr.strip()}")
    try:
        yield where
    finally:
        subprocess.run(["umount", "-l", str(where)], check=False)


async def test_a_full_disk_keeps_every_raw_file_until_there_is_room(
    tmp_path: Path, small_disk: Path
) -> None:
    filler = small_disk / "filler"
    filler.write_bytes(bytes(900_000))
    told: list[Recording | Lost] = []
    archive = archive_in(tmp_path, told, root=small_disk)
    for call in CALLS:
        write_raw(tmp_path / "spool", call, raw_sound(4))  # 128 kB each
    with structlog.testing.capture_logs() as logs:
        async with running(archive):
            for call in CALLS:
                archive.take(OverCall(call, 4))
            await until(lambda: archive.trouble is not None)
            line = archive.trouble or ""
            await asyncio.sleep(0.1)
            assert not list(small_disk.rglob("*.part"))  # noqa: ASYNC240
            assert len(told) + archive.waiting == len(CALLS)
            filler.unlink()
            await until(lambda: archive.waiting == 0)
    assert f"{small_disk}: no space left (" in line
    assert "MB free, 0.1 MB needed); free space there" in line
    assert "\n" not in line
    assert len(told) == len(CALLS)
    assert all(isinstance(r, Recording) and r.whole for r in told)
    assert len([e for e in logs if e["log_level"] == "error"]) <= 4
    assert not list((tmp_path / "spool").iterdir())


def test_a_disk_that_fills_while_it_is_written_leaves_no_part(
    tmp_path: Path, small_disk: Path
) -> None:
    raw = write_raw(tmp_path / "spool", CALLS[0], raw_sound(20))  # 640 kB of 1 MB

    def somebody_else_writes(step: str) -> None:
        if step == "write":
            (small_disk / "filler").write_bytes(bytes(600_000))

    with pytest.raises(RecordingKept, match="no space left") as refused:
        store(raw, CALLS[0], 20, small_disk, at=somebody_else_writes)
    assert refused.value.everywhere
    assert raw.stat().st_size == 640_000
    assert [f.name for f in small_disk.rglob("*") if f.is_file()] == ["filler"]


def test_a_read_only_disk_is_named(tmp_path: Path, small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    raw = write_raw(tmp_path / "spool", CALLS[0], raw_sound(1))
    with pytest.raises(RecordingKept, match=r"read-only file system.*mount it writable"):
        store(raw, CALLS[0], 1, small_disk)
    assert raw.exists()


async def test_the_loop_goes_on_while_a_long_recording_is_stored(tmp_path: Path) -> None:
    (tmp_path / "recordings").mkdir()
    told: list[Recording | Lost] = []
    archive = archive_in(tmp_path, told)
    write_raw(tmp_path / "spool", CALLS[0], bytes(32000 * 1800))
    worst = 0.0

    async def pulse() -> None:
        nonlocal worst
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(0.005)
            worst = max(worst, loop.time() - before)

    beating = asyncio.ensure_future(pulse())
    begun = asyncio.get_running_loop().time()
    async with running(archive):
        archive.take(OverCall(CALLS[0], 1800))
        await until(lambda: archive.waiting == 0)
    took = asyncio.get_running_loop().time() - begun
    beating.cancel()
    assert worst < took / 2, "it stood still for most of the time"
