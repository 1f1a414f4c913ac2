"""Checks the files of prompts before they are played, and writes them whole or not at all.

Everything here blocks. People put files into ``uploaded``; whatever is there (a FIFO, a disk's
image), nothing here hangs on it, fills the memory with it, or raises anything but SpeechError.
"""

import contextlib
import errno
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from prompts import wav
from prompts.speech import MAX_BYTES, SpeechError, SpeechFault, telephone_sound

SMALLEST = wav.HEADER_BYTES + 160
"""In bytes: a WAV header and a hundredth of a second."""
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_OPEN = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


@dataclass(frozen=True, slots=True)
class Stamp:
    """A file's state; it changes whenever the content does."""

    changed_at: int
    """In nanoseconds."""
    size: int
    inode: int


# Called for every prompt of every call: os.stat on a string is much cheaper than Path.stat.
def stamp(file: str) -> Stamp | None:
    """The file's present state; None: there is no file."""
    try:
        found = os.stat(file)  # noqa: PTH116
    except OSError:
        return None
    return Stamp(found.st_mtime_ns, found.st_size, found.st_ino)


def there(file: str) -> bool:
    """Whether a file that was made here exists and is not empty."""
    # Where a file system renames before it writes, a power cut may leave an empty file.
    try:
        found = os.stat(file)  # noqa: PTH116
    except OSError:
        return False
    return found.st_size >= SMALLEST and stat.S_ISREG(found.st_mode)


def is_telephone_file(file: Path) -> bool:
    """Whether Asterisk can play it as it is."""
    try:
        descriptor, size = _open(file)
        with os.fdopen(descriptor, "rb") as opened:
            return wav.is_telephone(opened.read(wav.HEADER_BYTES), size)
    except (OSError, SpeechError):
        return False


def converted(file: Path) -> bytes:
    """An uploaded file as telephone sound. Raises SpeechError."""
    return telephone_sound(read_regular(file, MAX_BYTES))


def read_regular(file: Path, most: int) -> bytes:
    """The content of a regular file of at most ``most`` bytes. Raises SpeechError."""
    try:
        descriptor, size = _open(file)
        with os.fdopen(descriptor, "rb") as opened:
            if size > most:
                raise _refused(f"it has {size / 1e6:.0f} MB", f"at most {most // 10**6} MB")
            return opened.read(most + 1)
    except OSError as error:
        raise _refused(f"it can't be read: {error.strerror}", "check its permissions") from error


def _open(file: Path) -> tuple[int, int]:
    """The descriptor and size of a regular file; anything else isn't even read."""
    descriptor = os.open(file, _OPEN)
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        raise _refused("it is not a regular file", "replace it with a WAV file")
    return descriptor, found.st_size


def _refused(what: str, advice: str) -> SpeechError:
    return SpeechError(SpeechFault.FAILED, what, advice)


def write(path: Path, sound: bytes) -> None:
    """Writes a file whole or not at all, readable by Asterisk, which may run as another user.

    Raises SpeechError.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(sound)
                file.flush()
                os.fchmod(handle, 0o644)
                os.fsync(handle)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise _disk_fault(error, path.parent) from error


def copy(made: Path, path: Path) -> None:
    """Copy a finished sound to ``path``, too. Raises SpeechError."""
    try:
        sound = made.read_bytes()
    except OSError as error:
        raise _disk_fault(error, made.parent) from error
    with contextlib.suppress(OSError):
        if path.is_file() and path.read_bytes() == sound:
            return
    write(path, sound)


def _disk_fault(error: OSError, folder: Path) -> SpeechError:
    if error.errno in _FULL:
        return SpeechError(
            SpeechFault.DISK_FULL, f"no space left in {folder}", "free space on that disk"
        )
    return SpeechError(
        SpeechFault.NOT_WRITABLE,
        f"{folder} can't be written: {error.strerror}",
        "check the folder and its permissions",
    )
