"""Looks at processes that may end at any moment."""

from collections.abc import Iterator
from contextlib import suppress

import psutil


def children(
    pid: int | None = None, word: str = "", *, recursive: bool = False
) -> list[psutil.Process]:
    """The children of a process (None: this one) that are there and have ``word`` somewhere in
    their name or command line."""
    return list(_children(pid, word, recursive=recursive))


def _children(pid: int | None, word: str, *, recursive: bool) -> Iterator[psutil.Process]:
    for child in psutil.Process(pid).children(recursive=recursive):
        with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            if word in " ".join((child.name(), *child.cmdline())):
                yield child


def suspend(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Let these stand still; returns those that were still there."""
    still = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.suspend()
            still.append(process)
    return still
