"""The folder for all that an Offhook keeps: one Offhook at a time has it."""

import fcntl
import shutil
from pathlib import Path
from typing import IO

from offhook.stack_error import StackError
from storage.embedded import EmbeddedServer

_LOCK = "in-use.lock"


def claim(folder: Path) -> IO[bytes]:
    """Create the folder if necessary, and lock it until the file is closed. Raises StackError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = (folder / _LOCK).open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise StackError(
            f"{folder} is in use by another Offhook; stop that one, or give this one a folder"
            " of its own (--state)"
        ) from None
    return lock


def free_state(folder: Path) -> None:
    """Empty the folder of an earlier run, which may have left files if it was killed.

    Raises StackError if that run goes on, or if the folder holds something else.
    """
    there = {entry.name for entry in folder.iterdir()} if folder.is_dir() else set()
    if there and not there & {_LOCK, "secrets.json"}:
        raise StackError(
            f"{folder} is not one of Offhook's folders and is not emptied; name another"
        )
    with claim(folder):
        if (folder / "postgres" / "data" / "postmaster.pid").exists():
            left = EmbeddedServer(folder / "postgres")
            left.start()
            left.stop()
        for entry in folder.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            elif entry.name != _LOCK:
                entry.unlink()
