"""Shows how far a long task has got: a bar on a terminal, otherwise a line now and then."""

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

_BAR = 30
_LINE_EVERY_S = 10.0
_DRAW_EVERY_S = 0.1


class ProgressBar:
    """Shows how many of a total are done, on standard error unless another stream is given.

    Only ``step`` and ``end`` write anything, after a first bar.
    """

    def __init__(
        self,
        total: int,
        what: str,
        stream: TextIO = sys.stderr,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._total, self._what, self._stream = total, what, stream
        self._terminal = stream.isatty()
        self._clock = clock
        self._began = clock()
        self._said = self._began
        self._done = 0
        if self._terminal:
            self._draw()

    def step(self, steps: int = 1) -> None:
        """Count one more as done, or several."""
        self._done = min(self._total, self._done + steps)
        now = self._clock()
        if self._terminal:
            if now - self._said >= _DRAW_EVERY_S or self._done == self._total:
                self._said = now
                self._draw()
        elif now - self._said >= _LINE_EVERY_S and self._done < self._total:
            self._said = now
            self._say(f"offhook: {self._text()}\n")

    def end(self) -> None:
        """Clear the bar so that the line is free for other output."""
        if self._terminal:
            self._say("\r\x1b[K")

    def _say(self, text: str) -> None:
        # The work goes on even if nobody can read how far it has got.
        with suppress(OSError):
            self._stream.write(text)
            self._stream.flush()

    def _draw(self) -> None:
        full = _BAR * self._done // self._total if self._total else _BAR
        bar = "█" * full + "░" * (_BAR - full)
        try:
            bar.encode(self._stream.encoding or "ascii")
        except UnicodeEncodeError:
            bar = "#" * full + "." * (_BAR - full)
        self._say(f"\r\x1b[K{bar} {self._text()}")

    def _text(self) -> str:
        text = f"{self._done:,} of {self._total:,} {self._what}"
        if 0 < self._done < self._total:
            passed = self._clock() - self._began
            text += f", {in_words(passed / self._done * (self._total - self._done))} left"
        return text


class ByteBar:
    """A bar of megabytes, for what comes in bytes."""

    def __init__(self, size: int, what: str) -> None:
        self._bar = ProgressBar(max(1, size // 1_000_000), f"MB {what}")
        self._rest = 0

    def step(self, size: int) -> None:
        """Count so many bytes more."""
        whole, self._rest = divmod(self._rest + size, 1_000_000)
        if whole:
            self._bar.step(whole)

    def end(self) -> None:
        """Clear the bar so that the line is free for other output."""
        self._bar.end()


def in_words(seconds: float) -> str:
    """Return a rounded duration in words: 40 s, 3 min 20 s, 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3_600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3_600} h {whole % 3_600 // 60} min"
