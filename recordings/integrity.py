"""Checks whether a stored recording is still what was stored."""

from enum import StrEnum
from pathlib import Path

from machine.safe_files import NotAFileError
from recordings.raw_to_wav import hash_of


class Integrity(StrEnum):
    INTACT = "intact"
    CHANGED = "changed"
    MISSING = "missing"
    UNREADABLE = "unreadable"


def verify(root: Path, file: str, sha256: str) -> Integrity:
    """Compare a recording (``file`` as its fact names it) with its hash. Blocks, and reads it all.

    A name that leads out of ``root`` is MISSING.
    """
    path = (root / file).resolve()
    if not path.is_relative_to(root.resolve()):
        return Integrity.MISSING
    try:
        return Integrity.INTACT if hash_of(path) == sha256 else Integrity.CHANGED
    except FileNotFoundError:
        return Integrity.MISSING
    except (OSError, NotAFileError):
        return Integrity.UNREADABLE
