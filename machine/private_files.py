"""Files for their owner alone, written whole or not at all. Blocking."""

import os
import stat
from pathlib import Path


def write_private(path: Path, content: bytes) -> None:
    """Replace a file at once, never readable by others, not even for a moment.

    After a failure (OSError) the file of before is there, and nothing else.
    """
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)  # or a power cut brings the file of before back
    finally:
        os.close(folder)


def keep_private(path: Path, mode: int) -> None:
    """Have a file or folder be for its owner alone; what is so already is not touched, for the
    disk may be read-only. Raises OSError."""
    if stat.S_IMODE(path.stat().st_mode) != mode:
        path.chmod(mode)


def have(file: Path, content: bytes) -> None:
    """Have this in the file, for its owner alone. Where it is there already nothing is written:
    on a full disk what was started from it can be started again. Raises OSError."""
    try:
        if file.read_bytes() == content:
            return
    except OSError:
        pass  # writing it will say what is wrong
    write_private(file, content)
