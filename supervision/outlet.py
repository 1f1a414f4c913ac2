"""Writes to standard error even where it blocks: a full disk, a stopped or closed terminal.

The lines are for people, and the writer has calls to look after: writing never raises and never
waits for long. What could not be written is lost, and a line says so once there is room.
"""

import os
import select
import sys
import threading
from collections import deque
from functools import cache
from typing import Any

PATIENCE_S = 0.2
"""How long to wait for a line, so that it appears before what is done next. Once one took longer
(Ctrl-S at the terminal, a pipe that nobody reads), we don't wait until all of them are out."""
MOST_WAITING = 1_000
"""How many lines may wait; more are lost."""


class Outlet:
    """Writes lines to a descriptor in order, from any thread."""

    def __init__(self, descriptor: int, *, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._descriptor = descriptor
        self._waiting: deque[str] = deque()
        self._changed = threading.Condition()
        self._stuck = False
        self._lost: str | None = None  # why; None: all was written
        self._torn = False
        self._thread: threading.Thread | None = None

    def write(self, text: str) -> None:
        """Write whole lines as soon as possible."""
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="outlet", daemon=True)
                self._thread.start()
            if len(self._waiting) >= MOST_WAITING:
                self._lost = "it took no more"
                return
            self._waiting.append(text)
            self._changed.notify_all()
            if not self._stuck:
                self._stuck = not self._changed.wait_for(self._is_done, self._patience_s)

    def flush(self) -> None:
        """Does nothing, for nothing is buffered; streams are expected to have it."""

    def _is_done(self) -> bool:
        return not self._waiting

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._waiting))
                text, lost = self._waiting[0], self._lost
                self._lost = None
            why = self._write(text, lost)
            with self._changed:
                self._lost = self._lost or why
                self._waiting.popleft()
                if not self._waiting:
                    self._stuck = False
                self._changed.notify_all()

    def _write(self, text: str, lost: str | None) -> str | None:
        """Returns why the text, or part of it, could not be written; None if it was."""
        if lost is not None:
            text = f"offhook: lines are missing here, which could not be written: {lost}\n{text}"
        if self._torn:
            text = f"\n{text}"
        whole = left = text.encode("utf-8", "replace")
        while left:
            try:
                left = left[os.write(self._descriptor, left) :]
            except BlockingIOError:  # another program on this terminal has set it to non-blocking
                select.select([], [self._descriptor], [], 1.0)
            except OSError as error:
                self._torn = self._torn or len(left) < len(whole)
                return error.strerror or type(error).__name__
        self._torn = False
        return None


@cache
def _of(descriptor: int) -> Outlet:
    return Outlet(descriptor)


def outlet(stream: Any) -> Any:
    """The outlet for a stream of this process; the stream itself if it has no descriptor."""
    try:
        return _of(stream.fileno())
    except (OSError, ValueError, AttributeError):  # an in-memory stream, or a closed one
        return stream


def say(text: str) -> None:
    """Print a step of the work for the person at the terminal."""
    outlet(sys.stderr).write(f"offhook: {text}\n")
