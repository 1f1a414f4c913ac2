"""Errors of storing a recording; each is one line that says what is wrong and what to do."""

import errno
import os
from pathlib import Path

from domain.errors import OffhookError
from domain.identity import CallId
from domain.reasons import LossReason

_EVERYWHERE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.ESTALE}


class RecordingLost(OffhookError):  # noqa: N818
    """There is no sound to store; ``str`` names the file and the reason in one line."""

    def __init__(self, call: CallId, why: LossReason, line: str) -> None:
        super().__init__(line)
        self.call = call
        self.why = why


class RecordingForeign(RecordingLost):
    """The file is not Asterisk's recording and is left alone; ``str`` says what it is."""

    def __init__(self, call: CallId, line: str) -> None:
        super().__init__(call, LossReason.FOREIGN_FILE, line)


class RecordingKept(OffhookError):  # noqa: N818
    """The recording can't be stored yet; its raw file stays and is retried. ``str`` is one line."""

    def __init__(self, call: CallId, raw: Path, line: str, *, everywhere: bool = False) -> None:
        super().__init__(line)
        self.call = call
        self.raw = raw
        self.everywhere = everywhere
        """The recordings' root is at fault, so every other recording would fail, too."""


def kept(error: OSError, call: CallId, raw: Path, where: Path, needed: int) -> RecordingKept:
    """Puts into words an error that was met while storing ``raw`` in the folder ``where``."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            what = "no space left" if error.errno == errno.ENOSPC else "the quota is used up"
            cure = "free space there, or give recordings.root a larger disk"
        case errno.EROFS:
            what, cure = "read-only file system", "mount it writable"
        case errno.EACCES | errno.EPERM:
            what = f"no permission ({error.filename or where})"
            cure = "let the user that runs Offhook write there and read Asterisk's spool"
        case errno.ENOENT | errno.ENOTDIR:
            what = "the folder does not exist"
            cure = "create it, or mount its disk, or correct recordings.root"
        case _:
            what, cure = f"{error.strerror or error}", "check that disk"
    free = _free(where)
    line = (
        f"recording of call {call} is kept as {raw}: {where}: {what}"
        f"{f' ({_size(free)} free, {_size(needed)} needed)' if free is not None else ''}; "
        f"{cure}; it is retried by itself"
    )
    return RecordingKept(call, raw, line, everywhere=error.errno in _EVERYWHERE)


def _free(where: Path) -> int | None:
    try:
        found = os.statvfs(where)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize


def _size(amount: int) -> str:
    return f"{amount / 1e6:.1f} MB" if amount < 1e9 else f"{amount / 1e9:.1f} GB"
