"""Turns a raw file into a stored WAV; a crash at any point leaves one of the two complete.

It blocks; ``recordings.ingest`` runs it in a thread. Its steps, each passed to ``at`` before it
is done: ``write`` a part file in the folder it will live in, ``sync`` it to the disk, ``place``
it under its name (never over another file), ``sync_folder``. The raw file is removed later,
by ``release``, once the call's record has the recording.
"""

import errno
import hashlib
import os
import stat
import time
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Protocol

from domain.identity import CallId
from domain.reasons import LossReason
from domain.recording_facts import Recorded, Silence
from machine.safe_files import NotAFileError, new_file, open_regular, remove_quietly
from recordings.capture import CHANNELS, FRAME_BYTES, RATE, began_at, day_of
from recordings.faults import RecordingForeign, RecordingKept, RecordingLost, kept
from recordings.silence import silences
from recordings.sound import StereoStretch
from recordings.waveform import Waveform, bar_frames, keep

TOLERANCE_S = 0.5
"""A recording is whole if its length differs from the bridged time by no more than this."""
HEADER_BYTES = 44
LARGEST = 2**32 - 1 - HEADER_BYTES
"""How many bytes of samples a WAV file can hold: 37 hours."""

SLACK_S = 60.0
"""Allows for clocks that are set while a call goes on."""

StepReport = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Recording:
    """A stored recording. Lengths are in seconds, ``file`` is relative to the root."""

    call: CallId
    file: str
    sha256: str
    duration_s: float
    bridged_s: float | None
    """How long it should be; None if nobody knows, because the controller was away."""
    whole: bool
    bytes: int
    silent: tuple[Silence, ...] = ()
    """Where one side is silent for long while the other speaks."""

    def recorded(self) -> Recorded:
        """The fact that it was stored, for the call's timeline."""
        return Recorded(
            self.file,
            self.sha256,
            self.duration_s,
            self.bridged_s,
            self.whole,
            self.bytes,
            self.silent,
        )


def store(
    raw: Path,
    call: CallId,
    bridged_s: float | None,
    root: Path,
    *,
    from_answer: bool = False,
    at: StepReport = lambda _: None,
) -> Recording:
    """Make the WAV of ``raw`` below ``root``; ``raw`` stays.

    ``from_answer``: it began when the customer answered, and may be longer than they were bridged.

    Repeated after a crash, it finds its own work and returns the same recording. Raises
    RecordingLost if there is nothing to store (RecordingForeign: the file is not Asterisk's),
    and RecordingKept if it can't be stored yet.
    """
    try:
        with open_regular(raw) as (source, status):
            size = status.st_size // FRAME_BYTES * FRAME_BYTES
            if size == 0:
                raise RecordingLost(call, LossReason.EMPTY_FILE, f"{raw} is empty")
            if (why := foreign(raw, status, call)) is not None:
                raise RecordingForeign(call, f"{raw} {why}")
            if size > LARGEST:
                raise RecordingKept(
                    call,
                    raw,
                    f"{raw}: {size} bytes are more than a WAV file holds; split it by hand",
                )
            day = day_of(call) or datetime.fromtimestamp(status.st_mtime, UTC).date()
            folder = root / f"{day:%Y/%m/%d}"
            try:
                return _store(source, size, call, bridged_s, root, folder, at, from_answer)
            except OSError as error:
                raise kept(error, call, raw, root, size + HEADER_BYTES) from error
    except NotAFileError as error:
        raise RecordingForeign(call, f"{raw} is {error}") from None
    except FileNotFoundError:
        why = LossReason.NO_FILE
        raise RecordingLost(call, why, f"Asterisk left no file {raw}") from None
    except OSError as error:
        raise kept(error, call, raw, raw, 0) from error


def foreign(raw: Path, status: os.stat_result, call: CallId) -> str | None:
    """Why a regular file can't be Asterisk's recording; None if it can."""
    if status.st_nlink != 1:
        # A hard link may be to any file of this disk; Asterisk's files have one name.
        return f"has {status.st_nlink - 1} other name(s) on this disk (hard links)"
    if status.st_uid not in (os.geteuid(), raw.parent.stat().st_uid):
        return f"belongs to user {status.st_uid}, neither to Offhook's nor to Asterisk's"
    began = began_at(call)
    seconds = status.st_size / FRAME_BYTES / RATE
    if began is not None and seconds > max(0.0, time.time() - began) + SLACK_S:
        return f"holds {seconds / 3600:.1f} h of sound, more than have passed since its call began"
    return None


def _fits(duration_s: float, bridged_s: float, from_answer: bool) -> bool:
    """Whether no second of the talk is missing."""
    too_long = duration_s - bridged_s
    return too_long >= -TOLERANCE_S and (from_answer or too_long <= TOLERANCE_S)


def _store(
    source: IO[bytes],
    size: int,
    call: CallId,
    bridged_s: float | None,
    root: Path,
    folder: Path,
    at: StepReport,
    from_answer: bool,
) -> Recording:
    made = write_wav(source, size, call, root, folder, at)
    return Recording(
        call=call,
        file=made.file,
        sha256=made.sha256,
        duration_s=made.duration_s,
        bridged_s=bridged_s,
        whole=bridged_s is not None and _fits(made.duration_s, bridged_s, from_answer),
        bytes=size + HEADER_BYTES,
        silent=silences(made.waveform),
    )


class FrameSource(Protocol):
    """Where whole stereo frames are read from."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class WrittenWav:
    """A WAV in its place; ``file`` is relative to the root."""

    file: str
    sha256: str
    duration_s: float
    waveform: Waveform


def write_wav(
    source: FrameSource,
    size: int,
    name: str,
    root: Path,
    folder: Path,
    at: StepReport = lambda _: None,
) -> WrittenWav:
    """Write ``size`` bytes of stereo frames as ``NAME.wav`` into ``folder``, below ``root``.

    Repeated, it finds its own work. Raises OSError.
    """
    if not root.is_dir():
        # The root itself is never created: if its disk isn't mounted, it would fill the disk below.
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(root))
    free = os.statvfs(root)
    if free.f_bavail * free.f_frsize < size + HEADER_BYTES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(root))
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{name}.wav.part"
    frames = size // FRAME_BYTES
    waveform = Waveform(bar_frames(frames) / RATE)
    digest = hashlib.sha256()
    try:
        at("write")
        with new_file(part) as file:
            _write(source, file, frames, waveform)
            at("sync")
            file.flush()
            os.fsync(file.fileno())
            file.seek(0)
            while block := file.read(1 << 20):
                digest.update(block)
        at("place")
        final = _place(part, folder, name, digest.hexdigest())
        at("sync_folder")
        for changed in (folder, *folder.parents[:3]):
            _sync_folder(changed)
    finally:
        remove_quietly(part)
    at("peaks")
    keep(final, waveform)
    file_name = final.relative_to(root).as_posix()
    return WrittenWav(file_name, digest.hexdigest(), frames / RATE, waveform)


def _write(source: FrameSource, file: IO[bytes], frames: int, waveform: Waveform) -> None:
    """Write the header and the samples, one bar at a time."""
    with wave.open(file, "wb") as wav:
        wav.setnchannels(CHANNELS)
        wav.setsampwidth(FRAME_BYTES // CHANNELS)
        wav.setframerate(RATE)
        wav.setnframes(frames)
        left = frames * FRAME_BYTES
        while left:
            data = source.read(min(left, bar_frames(frames) * FRAME_BYTES))
            if not data:
                raise OSError(errno.EIO, "the raw file became shorter while it was read")
            left -= len(data)
            bar = StereoStretch.of(data)
            waveform.add(bar)
            wav.writeframesraw(bar.raw_data)


def _names(name: str) -> Iterator[str]:
    yield f"{name}.wav"
    for number in range(2, 1000):
        yield f"{name}.{number}.wav"


def _place(part: Path, folder: Path, wanted: str, sha256: str) -> Path:
    """Give the part file its name. Another file of that name stays unless its sound is the same."""
    for name in _names(wanted):
        final = folder / name
        try:
            final.hardlink_to(part)
        except FileExistsError:
            if _is(final, sha256):
                return final
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS):
                raise
            # The file system has no hard links; only this process writes here, so renaming is safe.
            if os.path.lexists(final):
                if _is(final, sha256):
                    return final
            else:
                part.rename(final)
                return final
        else:
            return final
    raise OSError(errno.EEXIST, "a thousand recordings of one call", str(folder))


def _is(file: Path, sha256: str) -> bool:
    try:
        return hash_of(file) == sha256
    except (NotAFileError, PermissionError):
        return False  # whatever it is, it keeps its name


def hash_of(file: Path) -> str:
    """The SHA-256 of a file, read in pieces. Raises NotAFileError, OSError."""
    with open_regular(file) as (opened, _):
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def release(raw: Path, recording: Recording) -> bool:
    """Remove a raw file whose recording is stored and in the call's record. Raises OSError.

    False: the file is no longer what was stored (it is another one, or has grown), and stays.
    """
    try:
        status = raw.lstat()
    except FileNotFoundError:
        return True
    frames = status.st_size // FRAME_BYTES * FRAME_BYTES
    if not stat.S_ISREG(status.st_mode) or frames + HEADER_BYTES != recording.bytes:
        return False
    raw.unlink(missing_ok=True)
    return True
