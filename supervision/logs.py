"""Keeps logs that other programs hold open to a size: copies them aside, then empties them.

They aren't renamed: the writer would have to be notified, and a program that hangs or is flooded
would go on writing to the renamed file. All our logs are opened for appending, so the first line
written after the emptying begins the file anew. What is written between the last look at the file
and its emptying, a matter of microseconds, is lost.
"""

import asyncio
import contextlib
import errno
import os
import stat
from collections.abc import Iterable, Sequence
from io import RawIOBase
from pathlib import Path

import structlog

log = structlog.get_logger()

LARGEST = 20_000_000
"""In bytes; a log that has more is put aside."""
KEPT = 4
"""How many older logs are kept: ``messages.1`` is the newest, ``messages.4`` the oldest."""
LOOK_EVERY_S = 5.0
"""Asterisk writes a few megabytes a second at most, however many strangers try its port."""
_BLOCK = 1 << 20
_OPEN = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


def put_aside(
    file: Path, *, largest: int = LARGEST, kept: int = KEPT, said: set[Path] | None = None
) -> bool:
    """Empty ``file`` if it has more than ``largest`` bytes; returns whether it did. Blocking.

    The content moves to ``file.1``, readable by the owner alone. Where there is no room for it,
    the older logs go first, and in the end the content itself: a log must not fill the disk.
    Anything in an older log's place that can't be moved, or is not a log, stays there and costs
    that place; it is reported once (``said``). Raises OSError if ``file`` itself can't be opened
    or emptied.
    """
    try:
        descriptor = os.open(file, _OPEN)
    except FileNotFoundError:
        return False
    with os.fdopen(descriptor, "r+b", buffering=0) as source:
        size = os.fstat(descriptor).st_size
        if size <= largest:
            return False
        older = [file.with_name(f"{file.name}.{number}") for number in range(1, kept + 1)]
        new = _newest(older, set() if said is None else said)
        try:
            if new is None:
                raise FileExistsError(errno.EEXIST, "no place for one is free", str(older[0]))
            _copy(source, size, new, largest)
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            for one in older if full else filter(None, [new]):
                with contextlib.suppress(OSError):
                    if stat.S_ISREG(one.lstat().st_mode):
                        one.unlink()
            log.error("a log is emptied without a copy", file=str(file), why=error.strerror)
        finally:
            source.truncate(0)
    return True


def _newest(older: Sequence[Path], said: set[Path]) -> Path | None:
    """Move each log to the next older place and return the newest place, which is then free.

    The oldest log is dropped. None: no place is free.
    """
    free: Path | None = None
    for place in reversed(older):
        try:
            if not stat.S_ISREG(place.lstat().st_mode):
                raise FileExistsError(errno.EEXIST, "it is not a regular file", str(place))
            if free is None:
                place.unlink()
            else:
                place.replace(free)
        except FileNotFoundError:
            pass
        except OSError as error:
            if place not in said:
                said.add(place)
                log.error(
                    "this is not an older log, or can't be moved, so fewer are kept; move it away",
                    file=str(place),
                    why=error.strerror,
                )
            continue
        free = place
    return free


def _copy(source: RawIOBase, size: int, to: Path, largest: int) -> None:
    """Copy the newest part; bounded, in case it grows as fast as it is read. Raises OSError."""
    source.seek(max(0, size - 2 * largest))
    left = 3 * largest
    with os.fdopen(os.open(to, _CREATE, 0o600), "wb") as aside:
        while left > 0 and (block := source.read(min(_BLOCK, left))):
            aside.write(block)
            left -= len(block)


async def keep_small(
    files: Iterable[Path], *, look_every_s: float = LOOK_EVERY_S, largest: int = LARGEST
) -> None:
    """Check these logs at intervals, for ever; cancel it to stop."""
    files = tuple(files)
    said: set[Path] = set()
    in_the_way: set[Path] = set()
    while True:
        await asyncio.sleep(look_every_s)
        for file in files:
            try:
                if await asyncio.to_thread(put_aside, file, largest=largest, said=in_the_way):
                    said.discard(file)
            except OSError as error:
                if file not in said:
                    said.add(file)
                    log.error("a log can't be kept small", file=str(file), why=str(error))
