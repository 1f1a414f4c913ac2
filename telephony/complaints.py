"""Logs warnings about rubbish from outside: one line a minute of each kind, and how many more.

A stranger who sends rubbish as fast as the machine takes it must not fill the disk, or bury the
line that somebody needs to read.
"""

import asyncio
import traceback
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Literal

import structlog

EVERY_S = 60.0
_SHOWN = 120

Level = Literal["warning", "error", "exception"]

log = structlog.get_logger()


@dataclass(slots=True)
class _Kept:
    level: Level
    more: int = 0
    last: dict[str, Any] = field(default_factory=dict)


class Complaints:
    """Logs the first of a kind at once, and one line for those of the following minute."""

    def __init__(self, every_s: float = EVERY_S) -> None:
        self._every_s = every_s
        self._kept: dict[tuple[str, str], _Kept] = {}

    def __call__(
        self, event: str, *, kind: str = "", level: Level = "warning", **fields: Any
    ) -> None:
        """Log ``event``, a literal; at level ``exception`` with a traceback.

        ``kind`` separates different causes; it is one of a few words, never a stranger's own.
        """
        key = (event, kind)
        kept = self._kept.get(key)
        if kept is not None:
            kept.more += 1
            kept.last = fields
            return
        getattr(log, level)(event, **fields)
        self._open(key, "warning" if level == "warning" else "error")

    def _open(self, key: tuple[str, str], level: Level) -> None:
        self._kept[key] = _Kept(level)
        asyncio.get_running_loop().call_later(self._every_s, self._close, key)

    def _close(self, key: tuple[str, str]) -> None:
        kept = self._kept.pop(key)
        if kept.more:
            getattr(log, kept.level)(key[0], more_since_last_logged=kept.more, **kept.last)
            self._open(key, kept.level)


def shown(text: str | bytes) -> str:
    """What a stranger sent, cut short and on one line."""
    return repr(text[:_SHOWN]) if len(text) > _SHOWN else repr(text)


def where(error: BaseException) -> str:
    """The line of code that raised the error: ``node_calls.py:210 in _hold``."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "?"
    last = frames[-1]
    return f"{PurePath(last.filename).name}:{last.lineno} in {last.name}"
