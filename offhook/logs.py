"""Logs that other programs keep open, held to a size: copied aside, then emptied.

Not renamed: that needs a word to whoever writes, and a program that hangs, or is flooded, would
go on writing to the renamed file. All our logs are opened for appending, so what is written
after the emptying begins the file anew. What is written between the last look at the file and
its emptying, a matter of microseconds, is lost.
"""

import asyncio
import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

import structlog

log = structlog.get_logger()

LARGEST = 20_000_000
"""Bytes; a log that has more is put aside."""
KEPT = 4
"""How many older ones are kept: ``messages.1`` is the last, ``messages.4`` the oldest."""
LOOK_EVERY_S = 5.0
"""Asterisk writes some megabytes a second at most, however many knock at its port."""
_BLOCK = 1 << 20
_OPEN = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def put_aside(file: Path, *, largest: int = LARGEST, kept: int = KEPT) -> bool:
    """Empty ``file`` if it has more than ``largest`` bytes; whether it was. Blocking.

    Its content is ``file.1`` then, readable by the owner alone. Where there is no room for that,
    the older ones go first, and at last the content itself: a log must not fill the disk.
    """
    try:
        descriptor = os.open(file, _OPEN)
    except FileNotFoundError:
        return False
    with os.fdopen(descriptor, "r+b", buffering=0) as source:
        size = os.fstat(descriptor).st_size
        if size <= largest:
            return False
        older = [file.with_name(f"{file.name}.{number}") for number in range(kept + 1)]
        older[kept].unlink(missing_ok=True)
        for number in range(kept - 1, 0, -1):
            if older[number].exists():
                older[number].replace(older[number + 1])
        new = file.with_name(f"{file.name}.new")
        try:
            new.unlink(missing_ok=True)
            with os.fdopen(
                os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb"
            ) as aside:
                # The newest of it; and bounded, should it grow as fast as it is read.
                source.seek(max(0, size - 2 * largest))
                left = 3 * largest
                while left > 0 and (block := source.read(min(_BLOCK, left))):
                    aside.write(block)
                    left -= len(block)
        except OSError as error:
            for one in (new, *older[1:]):
                with contextlib.suppress(OSError):
                    one.unlink(missing_ok=True)
            log.error("a log is emptied without a copy", file=str(file), why=error.strerror)
        else:
            new.replace(older[1])
        finally:
            source.truncate(0)
    return True


async def keep_small(files: Iterable[Path]) -> None:
    """Look at these logs again and again, for ever; cancel it to stop."""
    files = tuple(files)
    said: set[Path] = set()
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        for file in files:
            try:
                if await asyncio.to_thread(put_aside, file):
                    said.discard(file)
            except OSError as error:
                if file not in said:
                    said.add(file)
                    log.error("a log can't be kept small", file=str(file), why=str(error))
